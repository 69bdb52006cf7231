"""Peers and their trunks."""

from uuid import UUID

from callvault.policy import TrunkTable
from callvault.policy.snapshot import Snapshot, Trunk

WIDE = Trunk(UUID(int=1), "wide", ("192.0.2.0/24", "not a network"))
NARROW = Trunk(UUID(int=2), "narrow", ("192.0.2.14", "2001:db8::/32"), transports=("tcp",))
TABLE = TrunkTable.of(Snapshot(trunks=(WIDE, NARROW)))


def test_the_narrowest_network_wins() -> None:
    assert TABLE.find("192.0.2.14", "tcp") is NARROW
    assert TABLE.find("192.0.2.15", "tcp") is WIDE


def test_a_trunk_is_found_by_its_transports_only() -> None:
    assert TABLE.find("192.0.2.14", "udp") is WIDE
    assert TABLE.find("2001:db8::1", "udp") is None
    assert TABLE.find("2001:db8::1", "tcp") is NARROW


def test_a_mapped_address_is_the_address_itself() -> None:
    assert TABLE.find("::ffff:192.0.2.15", "udp") is WIDE


def test_strangers_have_no_trunk_however_many_they_are() -> None:
    assert all(
        TABLE.find(f"198.51.{high}.{low}", "udp") is None
        for high in range(20)
        for low in range(256)
    )
    assert TABLE.find("no address", "udp") is None
