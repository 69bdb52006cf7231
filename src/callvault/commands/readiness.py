"""Whether a node is up, and where it is reached."""

import asyncio
import contextlib
import socket

from callvault import clock
from callvault.config import Config
from callvault.config.sections import WebConfig
from callvault.portal.status import fresh_heartbeat

_TIMEOUT_S = 2.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}  # noqa: S104 - read from settings, not bound
_SOMEWHERE = ("192.0.2.1", "2001:db8::1")  # nobody is there; the way out is the same


async def is_up(config: Config) -> bool:
    """Tell whether recorder and portal answer on their ports; one that was stopped need not."""
    answers = await asyncio.gather(
        _recorder_answers(config), asyncio.to_thread(_portal_answers, config.web)
    )
    return all(answers)


async def _recorder_answers(config: Config) -> bool:
    beat = fresh_heartbeat(config.node.data_folder, now_ns=clock.read().realtime_ns)
    if beat is not None and beat.is_stopped:
        return True
    host = _ANY.get(config.sip.bind_address, config.sip.bind_address)
    return await _accepts(host, config.sip.port)


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _TIMEOUT_S)
    except (OSError, TimeoutError):
        return False
    await _close(writer)
    return True


def _portal_answers(web: WebConfig) -> bool:
    """Any answer will do: it says that the portal's code runs."""
    # Imported here: web_watch asks this module for addresses.
    from callvault.commands.web_watch import health

    return health(web) != 0


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
    return tuple(dict.fromkeys([*outward_addresses(sip.bind_address), _ANY[sip.bind_address]]))


def own_address(bind_address: str) -> str:
    """Return the address by which this machine reaches what is bound so."""
    return _ANY.get(bind_address, bind_address)


def outward_addresses(bind_address: str) -> list[str]:
    """Return the addresses of this machine that others see of what is bound to all of them."""
    if bind_address not in _ANY:
        return []
    towards = _SOMEWHERE if bind_address == "::" else _SOMEWHERE[:1]
    return [address for peer in towards if (address := _outward_address(peer))]


def _outward_address(peer: str) -> str:
    """Return our address on the way to a peer; connecting a datagram socket sends nothing."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((peer, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
