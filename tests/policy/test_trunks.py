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


def test_the_trunk_of_this_machine_is_no_other() -> None:
    local = Trunk(UUID(int=9), "This machine", ("127.0.0.1", "::1"))
    alone = TrunkTable.of(Snapshot(trunks=(local, WIDE)))
    assert not alone.has_other(WIDE)
    assert alone.has_other(local)
    assert TABLE.has_other(WIDE)
    named = Trunk(UUID(int=8), "named", (), transports=("tls",), tls_names=("sbc.example.com",))
    assert TrunkTable.of(Snapshot(trunks=(local, WIDE, named))).has_other(WIDE)


NAMED = Trunk(UUID(int=3), "named", (), transports=("tls",), tls_names=("SBC.example.com.",))
FAMILY = Trunk(UUID(int=4), "family", ("192.0.2.0/24",), ("tls",), tls_names=("*.example.net",))
BY_NAME = TrunkTable.of(Snapshot(trunks=(WIDE, NAMED, FAMILY)))


def test_a_trunk_may_have_tls_names_only() -> None:
    assert BY_NAME.find("203.0.113.9", "tls", ("other.example.com", "sbc.example.com")) is NAMED
    assert BY_NAME.find("203.0.113.9", "tls", ("example.com",)) is None
    assert BY_NAME.find("203.0.113.9", "tls") is None


def test_a_tls_name_wins_over_an_address() -> None:
    assert BY_NAME.find("192.0.2.14", "tls", ("sbc.example.com",)) is NAMED
    assert BY_NAME.find("192.0.2.14", "tls") is FAMILY


def test_names_say_nothing_on_other_transports() -> None:
    assert BY_NAME.find("203.0.113.9", "tcp", ("sbc.example.com",)) is None


def test_an_asterisk_stands_for_exactly_one_label() -> None:
    assert BY_NAME.find("203.0.113.9", "tls", ("a.example.net",)) is FAMILY
    assert BY_NAME.find("203.0.113.9", "tls", ("a.b.example.net",)) is None
    assert BY_NAME.find("203.0.113.9", "tls", ("example.net",)) is None
