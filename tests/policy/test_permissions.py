"""The rules of rights, every combination against the table of docs/reference/permissions.md."""

from collections.abc import Iterator
from itertools import product
from uuid import UUID

import pytest

from callvault.policy.permissions import (
    Actor,
    Deed,
    GlobalRights,
    Level,
    NoteFacts,
    RecordingFacts,
    Refusal,
    refusal,
)
from tests.policy.permission_table import LEVELS, LOWEST, NOTES, RELATIONS, Case, is_allowed, rows

ME, SOMEBODY = UUID(int=1), UUID(int=2)
WRITERS = ("base", "group supervisor", "administrator")  # who may flag or write at all
OF_NOTES = (Deed.EDIT_NOTE, Deed.DELETE_NOTE)
RELATED = {
    "own": (ME, "sales"),
    "own, no group": (ME, ""),
    "own group": (SOMEBODY, "sales"),
    "additional group": (SOMEBODY, "claims"),
    "owner deleted": (None, "sales"),
    "other group": (SOMEBODY, "depot"),
    "no group": (SOMEBODY, ""),
}


def cases(deed: Deed) -> Iterator[Case]:
    """Yield every combination for a deed; of what notes do not ask for, the two ends."""
    lowest: tuple[str, ...] = tuple(LOWEST)
    flags: tuple[str, ...] = ("", *WRITERS)
    notes: tuple[str, ...] = ("",)
    if deed in OF_NOTES:
        lowest, flags = (lowest[0], lowest[-1]), (flags[0], flags[-1])
        notes = tuple(f"{whose} {level}" for whose in NOTES for level in WRITERS)
    are = (True, False)
    for values in product(LEVELS, RELATIONS, are, are, lowest, lowest, ("on", "off"), flags, notes):
        yield Case(str(deed), *values)


def judged(case: Case) -> Refusal | None:
    """Ask the rules."""
    actor = Actor(
        ME,
        Level(LEVELS[case.level]),
        group="sales" if case.has_group else " ",
        additional_groups=frozenset({"claims", "sales"} if case.has_group else {"claims", ""}),
        is_active=case.is_active,
    )
    preserved_by = Level(LEVELS[case.preserved_by]) if case.preserved_by else None
    rights = GlobalRights(LOWEST[case.download], LOWEST[case.delete], case.preserve == "on")
    note = None
    if case.note:
        whose, _, level = case.note.partition(" ")
        note = NoteFacts(ME if whose == "own" else SOMEBODY, Level(LEVELS[level]))
    recording = RecordingFacts(*RELATED[case.relation], preserved_by)
    return refusal(Deed(case.deed), actor, recording, rights, note=note)


@pytest.mark.parametrize("deed", list(Deed))
def test_every_combination_is_as_the_table_says(deed: Deed) -> None:
    wrong = [case for case in cases(deed) if (judged(case) is None) is not is_allowed(case)]
    assert wrong[:3] == []


def test_the_table_speaks_of_every_deed_and_of_no_other() -> None:
    assert {deed for row in rows() for deed in row.deeds} == {str(deed) for deed in Deed}


def test_a_supervisor_without_a_group_does_not_see_the_additional_ones() -> None:
    case = Case("see", "group supervisor", "additional group", has_group=False)
    assert judged(case) is Refusal.NOT_SEEN


@pytest.mark.parametrize(
    ("case", "told"),
    [
        (Case("play", "base", "own group"), Refusal.NOT_SEEN),
        (Case("play", "record only", "own"), Refusal.NOT_SEEN),
        (Case("play", "administrator", "own", is_active=False), Refusal.NOT_SEEN),
        (Case("download", "base", "own", download="administrators"), Refusal.LEVEL),
        (Case("download", "administrator", "own", download="nobody"), Refusal.NOBODY),
        (Case("delete", "administrator", "own", delete="nobody"), Refusal.NOBODY),
        (
            Case("delete", "base", "own", delete="simple users", preserved_by="administrator"),
            Refusal.PRESERVED_HIGHER,
        ),
        (Case("release", "base", "own", preserved_by="administrator"), Refusal.PRESERVED_HIGHER),
        (Case("release", "base", "own"), Refusal.NOT_PRESERVED),
        (Case("preserve", "base", "own", preserved_by="base"), Refusal.PRESERVED_ALREADY),
        (Case("preserve", "base", "own", preserve="off"), Refusal.PRESERVE_OFF),
        (Case("edit note", "base", "own", note="own administrator"), Refusal.NOTE_HIGHER),
        (Case("delete note", "base", "own", note="other base"), Refusal.NOTE_OF_ANOTHER),
        (Case("read signalling", "base", "own"), Refusal.LEVEL),
    ],
)
def test_each_refusal_says_why(case: Case, told: Refusal) -> None:
    assert judged(case) is told


def test_a_note_has_to_be_named_to_be_changed() -> None:
    with pytest.raises(ValueError, match="which note"):
        judged(Case("edit note", "base", "own"))
