"""Whether peers can reach this node: its own addresses, its media ports, its open files (CAP-9).

`callvault reachable` and the portal ask here. Run it on the node itself, as the user the recorder
runs as: it needs the node's key and the recorder's heartbeat.
"""

import asyncio
import json
import re
import socket
from dataclasses import dataclass
from typing import get_args

from callvault.config.sections import CaptureConfig, Config, SipConfig
from callvault.errors import ConfigError, VaultError
from callvault.recorder.capacity import FILES_FOR_OTHERS, FILES_PER_CALL
from callvault.recorder.files import HEARTBEAT_FILE
from callvault.recorder.own_probe import Knock, knock
from callvault.sip import OwnAddress, Transport
from callvault.sip.probe import ProbeKey
from callvault.sip.sockets import (
    bound_socket,
    is_unspecified,
    routed_address,
    usable_bind_address,
)
from callvault.vault import node_key

SOMEWHERE = ("192.0.2.1", "2001:db8::1")
"""Addresses where nobody is: the way to them shows the address that we go out by."""


@dataclass(frozen=True, slots=True)
class MediaPorts:
    """The pairs of ports for media, as they are now."""

    first: int
    last: int
    free: int  # pairs that could be bound
    taken: int  # by calls in progress or other programs
    problem: str = ""  # why none could be tried


@dataclass(frozen=True, slots=True)
class Reachability:
    """What was found. `open_files` 0: the recorder does not run, so nobody knows its limit."""

    knocks: tuple[Knock, ...]
    ports: MediaPorts
    open_files: int

    @property
    def calls_by_open_files(self) -> int:
        """How many calls the limit of open files allows at once; 0: not known."""
        return max(0, self.open_files - FILES_FOR_OTHERS) // FILES_PER_CALL

    @property
    def is_good(self) -> bool:
        """Whether every address was reached by every transport, and media have ports."""
        return all(one.is_reached for one in self.knocks) and self.ports.free > 0


def own_address_towards(sip: SipConfig, peer: str) -> str:
    """Return the address that goes into Contact and SDP towards a peer's address.

    The advertised one of the peer's family, else the one that SIP is bound to, else the one from
    which the system sends to the peer.
    """
    own = OwnAddress.of(sip.advertised_address, sip.advertised_address_ipv6)
    bound = usable_bind_address(sip.bind_address)
    return own.towards(routed_address(peer) if is_unspecified(bound) else bound)


def own_addresses(sip: SipConfig) -> tuple[str, ...]:
    """Return the addresses under which peers are told to reach us, one for each family we have."""
    if not is_unspecified(bound := usable_bind_address(sip.bind_address)):
        return (own_address_towards(sip, bound),)
    peers = SOMEWHERE if bound == "::" else SOMEWHERE[:1]
    found = [own_address_towards(sip, peer) for peer in peers]
    beyond = [one for one in found if one not in ("127.0.0.1", "::1")]
    return tuple(dict.fromkeys(beyond)) or ("127.0.0.1",)


def listening_ports(config: Config) -> dict[Transport, int]:
    """Return where the running recorder says that it listens, else where the settings say."""
    sip = config.sip
    wanted: dict[Transport, int] = {"udp": sip.port, "tcp": sip.port}
    wanted |= {"tls": sip.listening_tls_port} if sip.tls else {}
    said = str(_heartbeat(config).get("sip", ""))
    found = {name: re.search(rf"{name}\S* (\d+)", said) for name in get_args(Transport)}
    told: dict[Transport, int] = {name: int(one[1]) for name, one in found.items() if one}
    return wanted | told


async def check_reachability(config: Config) -> Reachability:
    """Knock at all our doors from this machine, and try the media ports.

    Raises ConfigError if the node's key cannot be read: nobody else may ask.
    """
    key = probe_key(config)
    doors = [
        (transport, (address, port))
        for address in own_addresses(config.sip)
        for transport, port in listening_ports(config).items()
    ]
    knocks = await asyncio.gather(*(knock(*door, key) for door in doors))
    ports = await asyncio.to_thread(try_media_ports, config.capture)
    open_files = _heartbeat(config).get("open_files", 0)
    return Reachability(tuple(knocks), ports, open_files if isinstance(open_files, int) else 0)


def probe_key(config: Config) -> ProbeKey:
    """Return the key that our own probes are known by. Raises ConfigError."""
    folder = config.vault.key_folder
    try:
        return ProbeKey(node_key(folder))
    except (OSError, VaultError) as error:
        problem = f"the node's key in {folder} cannot be used: {error}"
        raise ConfigError("vault.key_folder", problem) from None


def try_media_ports(capture: CaptureConfig) -> MediaPorts:
    """Bind each pair for a moment. Takes up to a second for the whole range."""
    free = taken = 0
    problem = ""
    for rtp_port in range(capture.port_first + capture.port_first % 2, capture.port_last + 1, 2):
        try:
            for port in (rtp_port, rtp_port + 1):
                bound_socket(capture.bind_address, port, socket.SOCK_DGRAM).close()
            free += 1
        except OSError as error:
            taken += 1
            problem = error.strerror or str(error)
    return MediaPorts(capture.port_first, capture.port_last, free, taken, "" if free else problem)


def _heartbeat(config: Config) -> dict[str, object]:
    try:
        found = json.loads((config.node.data_folder / HEARTBEAT_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
