"""Which trunk a peer belongs to: by the names of its certificate, else by its address (CAP-9)."""

import ipaddress
from dataclasses import dataclass, field
from uuid import UUID

from callvault.policy.snapshot import Snapshot, Trunk

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAX_REMEMBERED = 4096


@dataclass(slots=True)
class TrunkTable:
    """The trunks of one snapshot. A TLS name wins; then the narrowest network with the address."""

    networks: list[tuple[_Network, Trunk]]
    by_name: dict[str, Trunk] = field(default_factory=dict)
    of_others: frozenset[UUID] = frozenset()  # trunks by which other machines call
    _found: dict[tuple[str, str, tuple[str, ...]], Trunk | None] = field(default_factory=dict)

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
        by_name: dict[str, Trunk] = {}
        for trunk in snapshot.trunks:
            if "tls" in trunk.transports:
                for name in filter(None, map(_written, trunk.tls_names)):
                    by_name.setdefault(name, trunk)
        others = {trunk.trunk_id for network, trunk in networks if not network.is_loopback}
        others |= {trunk.trunk_id for trunk in by_name.values()}
        return cls(networks, by_name, frozenset(others))

    def has_other(self, trunk: Trunk) -> bool:
        """Whether other machines may call by another trunk; that of this machine is for tests."""
        return len(self.of_others) > (trunk.trunk_id in self.of_others)

    def find(self, address: str, transport: str, names: tuple[str, ...] = ()) -> Trunk | None:
        """Return the trunk of a peer, or None for a stranger.

        `names` are those of its verified certificate: without one there are none.
        """
        key = (address, transport, names)
        if key not in self._found:
            if len(self._found) >= _MAX_REMEMBERED:
                self._found.clear()  # someone knocks from everywhere: do not grow
            by_name = self._by_names(names) if transport == "tls" else None
            self._found[key] = by_name or self._by_address(address, transport)
        return self._found[key]

    def _by_names(self, names: tuple[str, ...]) -> Trunk | None:
        """Look for whole names first, then for `*.` in place of the first label."""
        written = [_written(name) for name in names]
        wild = [f"*.{rest}" for name in written if (rest := name.partition(".")[2])]
        found = (self.by_name[name] for name in (*written, *wild) if name in self.by_name)
        return next(found, None)

    def _by_address(self, address: str, transport: str) -> Trunk | None:
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


def _written(name: str) -> str:
    """Return a name as names are compared: no case, no dot at the end."""
    return name.strip().lower().rstrip(".")
