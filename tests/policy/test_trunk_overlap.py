"""Which trunks claim the same call."""

from uuid import UUID

import pytest

from callvault.policy.snapshot import Trunk
from callvault.policy.trunk_overlap import overlap


def trunk(peers: str = "", transports: str = "udp tcp", names: str = "") -> Trunk:
    return Trunk(
        UUID(int=1),
        "",
        peers=tuple(peers.split()),
        transports=tuple(transports.split()),  # type: ignore[arg-type]
        tls_names=tuple(names.split()),
    )


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (trunk("192.0.2.14"), trunk("192.0.2.14"), "192.0.2.14"),
        (trunk("192.0.2.14"), trunk("192.0.2.15"), None),
        (trunk("198.51.100.1 192.0.2.14"), trunk("192.0.2.0/24"), "192.0.2.14"),
        (trunk("192.0.2.0/24"), trunk("192.0.2.14"), "192.0.2.0/24"),
        (trunk("2001:db8::/32"), trunk("2001:db8::1"), "2001:db8::/32"),
        (trunk("2001:db8::/32"), trunk("192.0.2.14"), None),
        (trunk("192.0.2.14", "udp"), trunk("192.0.2.14", "tcp"), None),
        (trunk("192.0.2.14", "tls"), trunk("192.0.2.14", "tls"), "192.0.2.14"),
        # Either is enough to be known.
        (trunk("192.0.2.14", "tls"), trunk("192.0.2.14", "tls", "a.example.com"), "192.0.2.14"),
        (trunk("192.0.2.14", "tls"), trunk("", "tls", "a.example.com"), None),
        (
            trunk("192.0.2.2", "tls", "a.example.com"),
            trunk("192.0.2.1", "tls", "a.example.com"),
            "a.example.com",
        ),
        (trunk("", "tls", "a.example.com"), trunk("", "tls", "b.example.com"), None),
        (trunk("", "tls", "a.example.com"), trunk("", "tls", "*.example.com"), "a.example.com"),
        (trunk("", "tls", "*.example.com"), trunk("", "tls", "a.example.com"), "*.example.com"),
        (trunk("", "tls", "a.b.example.com"), trunk("", "tls", "*.example.com"), None),
    ],
)
def test_a_claim_of_two_is_named(one: Trunk, other: Trunk, shared: str | None) -> None:
    assert overlap(one, other) == shared
    assert (overlap(other, one) is None) == (shared is None)
