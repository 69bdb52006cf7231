"""Which trunk a peer belongs to: by address and transport (CAP-9)."""

import ipaddress
from dataclasses import dataclass, field

from callvault.policy.snapshot import Snapshot, Trunk

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAX_REMEMBERED = 4096


@dataclass(slots=True)
class TrunkTable:
    """The trunks of one snapshot. The narrowest network that holds the address wins."""

    networks: list[tuple[_Network, Trunk]]
    _found: dict[tuple[str, str], Trunk | None] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> "TrunkTable":
        """Index a snapshot's trunks; a peer that is no address or network is left out."""
        networks = [
            (network, trunk)
            for trunk in snapshot.trunks
            for network in map(_network, trunk.peers)
            if network is not None
        ]
        networks.sort(key=lambda pair: pair[0].prefixlen, reverse=True)
        return cls(networks)

    def find(self, address: str, transport: str) -> Trunk | None:
        """Return the trunk of a peer, or None for a stranger."""
        key = (address, transport)
        if key not in self._found:
            if len(self._found) >= _MAX_REMEMBERED:
                self._found.clear()  # someone knocks from everywhere: do not grow
            self._found[key] = self._search(address, transport)
        return self._found[key]

    def _search(self, address: str, transport: str) -> Trunk | None:
        try:
            peer = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        # A dual-stack socket shows IPv4 peers as ::ffff:192.0.2.14.
        peer = getattr(peer, "ipv4_mapped", None) or peer
        for network, trunk in self.networks:
            if transport in trunk.transports and peer in network:
                return trunk
        return None


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
