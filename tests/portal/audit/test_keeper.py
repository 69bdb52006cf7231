"""The chain over the entries in the database: made, signed, checked, and what tampering shows."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from callvault.portal.audit import lease, triggers
from callvault.portal.audit.anchor import FILE_NAME, read
from callvault.portal.audit.chain import Kind
from callvault.portal.audit.keeper import Keeper, samples
from callvault.portal.audit.linking import link_waiting, sign, tail_of
from callvault.portal.audit.log import record_own
from callvault.portal.audit.models import (
    Action,
    AuditEntry,
    ChainFinding,
    ChainLink,
    ChainState,
    ChainStatement,
    Unchained,
)
from callvault.portal.people.models import User
from callvault.vault import audit_key, audit_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    """A worker's keeper with a key of its own."""
    key = audit_key(tmp_path)
    return Keeper("rec-1", key, audit_keys(tmp_path), tmp_path / FILE_NAME)


@pytest.fixture
def entries(keeper: Keeper) -> list[AuditEntry]:
    """Five entries, chained, signed and checked."""
    made = [record_own(Action.PLAYED, kind="recording", object_id=number) for number in range(5)]
    check(keeper)
    return made


@pytest.fixture
def unguarded(entries: list[AuditEntry]) -> Iterator[None]:
    """The triggers gone, as somebody takes them away who may alter tables."""
    triggers.remove(connection)
    yield
    triggers.install(connection)


def check(keeper: Keeper, *, minutes: int = 10) -> list[tuple[str, int | None]]:
    """Let time pass and the keeper do its work; return what it found."""
    ChainState.objects.update(checked_at=None)
    keeper.step(now=timezone.now() + timedelta(minutes=minutes))
    return [(row.problem, row.sequence) for row in ChainFinding.objects.all()]


def test_what_was_written_is_chained_signed_and_found_unchanged(
    keeper: Keeper, entries: list[AuditEntry]
) -> None:
    assert [link.entry_id for link in ChainLink.objects.order_by("sequence")] == [
        entry.pk for entry in entries
    ]
    assert not Unchained.objects.exists()
    statements = ChainStatement.objects.order_by("id").values_list("kind", "sequence")
    assert list(statements) == [("genesis", 0), ("head", 5)]
    assert check(keeper) == []
    assert lease.state().checked_entries == 5


def test_an_id_that_becomes_visible_late_still_enters(
    keeper: Keeper, entries: list[AuditEntry]
) -> None:
    late = AuditEntry(pk=entries[0].pk - 1, action=Action.PLAYED, actor_name="ann")
    late.save(force_insert=True)
    assert check(keeper) == []
    assert ChainLink.objects.get(entry=late).sequence == 6


def test_only_one_worker_chains_at_a_time(keeper: Keeper, entries: list[AuditEntry]) -> None:
    other = Keeper("rec-2", keeper.key, keeper.keys, keeper.head_file)
    record_own(Action.PLAYED)
    other.step(now=timezone.now())
    assert Unchained.objects.count() == 1
    lease.give_up_lease("rec-1")
    other.step(now=timezone.now())
    assert not Unchained.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET actor_name = 'nobody'",
        "DELETE FROM audit_auditentry",
        "UPDATE audit_chainlink SET sequence = sequence + 100",
        "DELETE FROM audit_chainlink",
        "UPDATE audit_chainstatement SET kind = 'cut'",
        "DELETE FROM audit_chainstatement",
    ],
)
def test_the_database_refuses_to_change_what_is_written(
    entries: list[AuditEntry], statement: str
) -> None:
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        run_sql(statement)


def test_a_person_can_be_deleted_and_the_entries_stay_as_they_were(
    keeper: Keeper, ann: User
) -> None:
    AuditEntry.objects.create(actor=ann, actor_name="ann", action=Action.PLAYED)
    check(keeper)
    ann.delete()
    assert AuditEntry.objects.get().actor_id is not None
    assert check(keeper) == []


def run_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


TAMPERING = {
    "changed": (
        ["UPDATE audit_auditentry SET actor_name = 'otto' WHERE id = {2}"],
        {("changed", 2)},
    ),
    "removed": (["DELETE FROM audit_auditentry WHERE id = {2}"], {("removed", 2)}),
    "removed with its link": (
        [
            "DELETE FROM audit_chainlink WHERE sequence = 2",
            "DELETE FROM audit_auditentry WHERE id = {2}",
        ],
        {("removed", 2)},
    ),
    "the end cut off": (
        [
            "DELETE FROM audit_chainlink WHERE sequence > 3",
            "DELETE FROM audit_auditentry WHERE id > {3}",
        ],
        {("cut_off", 4)},
    ),
    "the end cut off with all statements about it": (
        [
            "DELETE FROM audit_chainlink WHERE sequence > 3",
            "DELETE FROM audit_auditentry WHERE id > {3}",
            "DELETE FROM audit_chainstatement WHERE sequence > 3",
        ],
        {("cut_off", 4)},  # the node's own file still knows
    ),
    "a statement changed": (
        ["UPDATE audit_chainstatement SET at = '2020-01-01T00:00:00Z' WHERE kind = 'head'"],
        {("signature", 5)},
    ),
    "all of it removed": (
        [
            "DELETE FROM audit_chainlink",
            "DELETE FROM audit_auditentry",
            "DELETE FROM audit_chainstatement",
            "DELETE FROM audit_chainstate",
        ],
        {("rebuilt", 5)},
    ),
}


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found(keeper: Keeper, entries: list[AuditEntry], name: str) -> None:
    statements, expected = TAMPERING[name]
    ids = [0, *(entry.pk for entry in entries)]
    for statement in statements:
        run_sql(statement.format(*ids))
    assert set(check(keeper)) == expected
    assert {one.name: one.value for one in samples()}["callvault_audit_findings"] == len(
        ChainFinding.objects.all()
    )


@pytest.mark.usefixtures("unguarded")
def test_an_entry_that_was_slipped_in_is_found(keeper: Keeper, entries: list[AuditEntry]) -> None:
    AuditEntry.objects.create(action=Action.PLAYED, actor_name="ann")
    assert check(keeper) == [("inserted", None)]


@pytest.mark.usefixtures("unguarded")
def test_an_entry_that_went_before_it_was_chained_is_found(
    keeper: Keeper, entries: list[AuditEntry]
) -> None:
    Unchained.objects.create(pk=entries[-1].pk + 1)
    assert check(keeper) == [("removed", None)]


@pytest.mark.usefixtures("unguarded")
def test_a_chain_computed_anew_contradicts_what_was_signed(
    keeper: Keeper, entries: list[AuditEntry]
) -> None:
    AuditEntry.objects.filter(pk=entries[1].pk).update(actor_name="otto")
    ChainLink.objects.all().delete()
    Unchained.objects.bulk_create(Unchained(pk=entry.pk) for entry in entries)
    assert set(check(keeper)) == {("rebuilt", 5)}


@pytest.mark.usefixtures("unguarded")
def test_what_was_mended_is_told_no_more(keeper: Keeper, entries: list[AuditEntry]) -> None:
    AuditEntry.objects.filter(pk=entries[1].pk).update(actor_name="otto")
    assert check(keeper) == [("changed", 2)]
    AuditEntry.objects.filter(pk=entries[1].pk).update(actor_name="")
    assert check(keeper, minutes=11) == []


def test_the_oldest_part_goes_by_a_signed_cut_and_the_rest_still_holds(
    keeper: Keeper, entries: list[AuditEntry]
) -> None:
    cut = ChainLink.objects.get(sequence=2)
    state, place = lease.state(), (2, bytes(cut.digest))
    sign(keeper.key, Kind.CUT, state, place, now=timezone.now())
    AuditEntry.objects.filter(link__sequence__lte=2).delete()
    ChainLink.objects.filter(sequence__lte=2).delete()
    assert check(keeper) == []
    assert (lease.state().checked_entries, tail_of(state)[0]) == (3, 5)


def test_a_cut_that_is_not_signed_hides_nothing(keeper: Keeper, entries: list[AuditEntry]) -> None:
    ChainStatement.objects.create(
        kind=Kind.CUT,
        chain=str(lease.state().chain),
        sequence=2,
        digest=ChainLink.objects.get(sequence=2).digest,
        at="2026-11-23T14:25:30Z",
        key=keeper.key.fingerprint,
        signature=bytes(64),
    )
    AuditEntry.objects.filter(link__sequence__lte=2).delete()
    ChainLink.objects.filter(sequence__lte=2).delete()
    assert ("removed", 1) in check(keeper)


def test_the_node_remembers_the_last_head(keeper: Keeper, entries: list[AuditEntry]) -> None:
    record_own(Action.PLAYED)
    check(keeper, minutes=20)
    head = read(keeper.head_file)
    assert head is not None
    assert (head.sequence, head.kind) == (6, "head")


def test_a_long_chain_is_checked_in_steps(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callvault.portal.audit.checking.Round.step.__defaults__", (2, 3))
    for _ in range(7):
        record_own(Action.PLAYED)
    link_waiting()
    keeper.step(now=timezone.now())
    assert lease.state().round_sequence == 2
    for _ in range(4):
        keeper.step(now=timezone.now())
    assert lease.state().checked_entries == 7
