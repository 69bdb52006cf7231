"""Ports of a node, tried before anything is started, so that nothing is left half done."""

import errno
import socket
from dataclasses import dataclass

from callvault.config import Config
from callvault.errors import CallvaultError, ConfigError, TlsPortTaken
from callvault.sip.sockets import bound_socket

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A port that a setting asks for."""

    key: str  # "sip.port"
    address: str
    port: int
    kinds: tuple[tuple[str, socket.SocketKind], ...]
    example: int  # another port, for the message

    @property
    def section(self) -> str:
        """The section of the setting."""
        return self.key.partition(".")[0]


def check(config: Config) -> None:
    """Try all ports. Raises ConfigError naming the setting to change, with an example."""
    for wanted in _wanted(config):
        for name, kind in wanted.kinds:
            _try(wanted, name, kind)


def explained(config: Config, error: OSError) -> CallvaultError:
    """Return what to say when SIP could not be bound although the ports had been free."""
    if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
        wanted = _wanted(config)
        if isinstance(error, TlsPortTaken):
            return _explained(wanted[1], "TLS", error)
        return _explained(wanted[0], "SIP", error)
    return CallvaultError(f"{error.filename or 'recorder'}: {error.strerror}")


def chosen_by_us(config: Config) -> tuple[str, ...]:
    """Return overrides with a free port for each setting that says 0, any free one."""
    return tuple(
        f"{wanted.key}={_free_port(wanted)}" for wanted in _wanted(config) if wanted.port == 0
    )


def _wanted(config: Config) -> tuple[_Wanted, ...]:
    tcp, udp = ("TCP", socket.SOCK_STREAM), ("UDP", socket.SOCK_DGRAM)
    sip, web = config.sip, config.web
    tls = _Wanted("sip.tls_port", sip.bind_address, sip.listening_tls_port, (tcp,), 5071)
    redirect = _Wanted("web.redirect_port", web.bind_address, web.redirect_port, (tcp,), 8081)
    return (
        _Wanted("sip.port", sip.bind_address, sip.port, (udp, tcp), 5070),
        *((tls,) if sip.tls else ()),
        _Wanted("web.port", web.bind_address, web.port, (tcp,), 8090),
        *((redirect,) if web.redirect_port else ()),
    )


def _try(wanted: _Wanted, name: str, kind: socket.SocketKind) -> None:
    try:
        bound_socket(wanted.address, wanted.port, kind).close()
    except OSError as error:
        raise _explained(wanted, name, error) from None


def _explained(wanted: _Wanted, name: str, error: OSError) -> ConfigError:
    key = wanted.key
    example = f"for example --set {key}={wanted.example}"
    if error.errno == errno.EADDRINUSE:
        return ConfigError(
            key, f"{name} port {wanted.port} is taken by another program; choose another, {example}"
        )
    if error.errno == errno.EACCES:
        return ConfigError(
            key, f"{name} port {wanted.port} is for root only; choose one above 1023, {example}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return ConfigError(
            f"{wanted.section}.bind_address",
            f"{wanted.address} is not an address of this machine",
        )
    return ConfigError(key, f"{name} port {wanted.port} cannot be used: {error.strerror}")


def _free_port(wanted: _Wanted) -> int:
    """Return a port that is free for all kinds at once."""
    for _ in range(_ATTEMPTS):
        with bound_socket(wanted.address, 0, wanted.kinds[0][1]) as first:
            port = int(first.getsockname()[1])
            try:
                for _, kind in wanted.kinds[1:]:
                    bound_socket(wanted.address, port, kind).close()
            except OSError:
                continue
            return port
    raise ConfigError(wanted.key, "no port was free; name one")
