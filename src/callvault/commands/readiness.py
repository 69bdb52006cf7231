"""Whether a node is up, and where it is reached."""

import asyncio
import contextlib
import socket

from callvault.config import Config

_TIMEOUT_S = 2.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}  # noqa: S104 - read from settings, not bound
_SOMEWHERE = ("192.0.2.1", "2001:db8::1")  # nobody is there; the way out is the same


async def is_up(config: Config) -> bool:
    """Tell whether recorder and portal answer on their ports."""
    sip_host = _ANY.get(config.sip.bind_address, config.sip.bind_address)
    answers = await asyncio.gather(
        _accepts(sip_host, config.sip.port), _answers_http(config.web.bind_address, config.web.port)
    )
    return all(answers)


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _TIMEOUT_S)
    except (OSError, TimeoutError):
        return False
    await _close(writer)
    return True


async def _answers_http(host: str, port: int) -> bool:
    """Any answer will do: it says that the portal's code runs."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _TIMEOUT_S)
    except (OSError, TimeoutError):
        return False
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    try:
        line = await asyncio.wait_for(reader.readline(), _TIMEOUT_S)
    except (OSError, TimeoutError):
        return False
    finally:
        await _close(writer)
    return line.startswith(b"HTTP/1.1 ")


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def addresses_of(config: Config) -> tuple[str, ...]:
    """Return the addresses under which SIP is reached, the one that others use first."""
    sip = config.sip
    given = [one for one in (sip.advertised_address, sip.advertised_address_ipv6) if one != "auto"]
    if given:
        return tuple(given)
    if sip.bind_address not in _ANY:
        return (sip.bind_address,)
    towards = _SOMEWHERE if sip.bind_address == "::" else _SOMEWHERE[:1]
    outward = [address for peer in towards if (address := _outward_address(peer))]
    return tuple(dict.fromkeys([*outward, _ANY[sip.bind_address]]))


def _outward_address(peer: str) -> str:
    """Return our address on the way to a peer; connecting a datagram socket sends nothing."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((peer, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
