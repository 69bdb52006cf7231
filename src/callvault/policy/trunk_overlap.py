"""Whether two trunks claim the same call: whose it is must be one answer (CAP-9).

A call is claimed by an address, for the transports of the trunk, or over TLS by a name in the
peer's certificate (`policy.trunks`).
"""

from ipaddress import IPv4Network, IPv6Network, ip_network

from callvault.policy.snapshot import Trunk


def overlap(one: Trunk, other: Trunk) -> str | None:
    """Return what both claim, in the words of `one`: an address, a network or a TLS name."""
    shared = set(one.transports) & set(other.transports)
    if not shared:
        return None
    peer = next((peer for peer in one.peers if _meets_any(peer, other.peers)), None)
    if peer is not None or "tls" not in shared:
        return peer
    return next((name for name in one.tls_names if _names_any(name, other.tls_names)), None)


def _meets_any(peer: str, others: tuple[str, ...]) -> bool:
    network = ip_network(peer)
    return any(_meet(network, ip_network(other)) for other in others)


def _meet(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.overlaps(other)
    if isinstance(one, IPv6Network) and isinstance(other, IPv6Network):
        return one.overlaps(other)
    return False


def _names_any(name: str, others: tuple[str, ...]) -> bool:
    return any(_covers(name, other) or _covers(other, name) for other in others)


def _covers(pattern: str, name: str) -> bool:
    """Compare names; `*` stands for one label (RFC 6125, section 6.4.3)."""
    if pattern.startswith("*."):
        return name == pattern or name.partition(".")[2] == pattern[2:]
    return name == pattern
