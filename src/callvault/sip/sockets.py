"""Sockets that SIP listens on, and which of our addresses a peer sees. Driver: it does I/O.

A socket on `::` takes IPv4, too. Its peers of IPv4 are shown as `192.0.2.14`, never as
`::ffff:192.0.2.14`, so that nobody beyond the drivers has to know of it.
"""

import socket
from ipaddress import IPv6Address, IPv6Network, ip_address

from callvault.sip.flow import HostPort

ANY = ("0.0.0.0", "::")  # noqa: S104 - compared here; an SRS is there to be reached
_MAPPED = "::ffff:"
_BACKLOG = 512


def bound_socket(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Bind; `::` is all of IPv6 and of IPv4, and all of IPv4 where the system has no IPv6."""
    host = usable_bind_address(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, kind)
    try:
        bound.settimeout(0)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        if kind is socket.SOCK_STREAM:
            bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def usable_bind_address(host: str) -> str:
    """Return what to bind instead of `::` where the system has no IPv6."""
    return "0.0.0.0" if host == "::" and not has_ipv6() else host  # noqa: S104


def has_ipv6() -> bool:
    """Whether this machine speaks IPv6 at all."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def plain(address: tuple[object, ...]) -> HostPort:
    """Host and port of a socket's address, IPv4 as such."""
    host, port = str(address[0]), address[1]
    assert isinstance(port, int)  # noqa: S101 - of an internet socket
    return host.removeprefix(_MAPPED) if host.startswith(_MAPPED) else host, port


def as_sent(address: HostPort, *, over_ipv6: bool) -> HostPort:
    """Return the address as a socket wants it: one of IPv6 cannot name IPv4 otherwise."""
    host, port = address
    return (f"{_MAPPED}{host}", port) if over_ipv6 and ":" not in host else address


def routed_address(peer: str) -> str:
    """Return the local address from which the kernel would send to that peer."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))  # sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return "::1" if family == socket.AF_INET6 else "127.0.0.1"


def neighbourhood(host: str) -> str:
    """Return what bounds for one peer count by: an address of IPv4, a /64 of IPv6.

    Who has one address of IPv6 has all of its network, and could be as many peers as he likes.
    """
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        return f"{IPv6Network((int(address), 64), strict=False).network_address}/64"
    return host


def is_unspecified(host: str) -> bool:
    """Whether a bound address stands for all of them."""
    return ip_address(host).is_unspecified


def shown(address: HostPort) -> str:
    """Write an address for logs and events: `192.0.2.1:5060`, `[2001:db8::1]:5060`."""
    host, port = address
    return f"[{host}]:{port}" if _is_ipv6(host) else f"{host}:{port}"


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False
