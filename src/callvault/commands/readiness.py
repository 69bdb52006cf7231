"""Whether a node is up, and where it is reached."""

import asyncio
import contextlib
import socket

from callvault.config import Config

_TIMEOUT_S = 2.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read from settings, not bound


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
    bound = config.sip.bind_address
    if config.sip.advertised_address != "auto":
        return (config.sip.advertised_address,)
    if bound not in _ANY:
        return (bound,)
    outward = _outward_address()
    return (outward, _ANY[bound]) if outward and outward != _ANY[bound] else (_ANY[bound],)


def _outward_address() -> str:
    """Return our address on the way out; connecting a datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])
