"""The log of recordings as values: what is hashed and signed, and what each tampering shows."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from callvault.vault import (
    DayHead,
    HeadWalk,
    LogEntry,
    LogFinding,
    LogProblem,
    genesis,
    root_of,
)
from callvault.vault.audit_key import AuditKey, AuditKeys, fingerprint_of

LOG = "0b9a3c52-7c0e-4b58-9a3b-0f6f1f1d2e3a"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = AuditKey(PRIVATE, fingerprint_of(PRIVATE.public_key()))
KEYS = AuditKeys({KEY.fingerprint: PRIVATE.public_key()})
RECORDING = "3fa2c1d0-5a7b-4c3e-9d1f-2b3c4d5e6f70"

Days = list[tuple[DayHead, list[LogEntry]]]


def entry(place: int) -> LogEntry:
    content = sha256(str(place).encode()).digest()
    return LogEntry(place, "sealed", RECORDING, content, "2026-11-23T14:25:30Z")


def head(number: int, entries: list[LogEntry], previous: bytes) -> DayHead:
    return DayHead(
        log=LOG,
        number=number,
        day=f"2026-11-{22 + number}",
        first=entries[0].place,
        size=len(entries),
        root=root_of([one.hash for one in entries]),
        previous=previous,
        at="2026-11-28T00:00:05Z",
        is_closed=True,
        key="",
    ).signed_by(KEY)


@pytest.fixture
def days() -> Days:
    """Three days of three, one and two lines."""
    made: Days = []
    previous = genesis(LOG)
    for number, places in enumerate(([1, 2, 3], [4], [5, 6]), start=1):
        entries = [entry(place) for place in places]
        made.append((head(number, entries, previous), entries))
        previous = made[-1][0].digest
    return made


def walked(days: Days) -> list[tuple[LogProblem, int | None]]:
    walk = HeadWalk(LOG, KEYS)
    found: list[LogFinding] = []
    for signed, entries in days:
        found += walk.take(signed, entries)
    return [(one.problem, one.head) for one in found]


def test_a_line_and_a_head_are_plain_documents(days: Days) -> None:
    signed, entries = days[0]
    assert LogEntry.from_document(json.loads(entries[0].line)) == entries[0]
    assert DayHead.from_document(json.loads(signed.message), signed.signature) == signed
    assert json.loads(entries[0].line)["recording"] == RECORDING


def test_days_that_follow_one_another_are_well(days: Days) -> None:
    assert walked(days) == []


def changed_line(days: Days) -> None:
    days[0][1][1] = replace(days[0][1][1], content=bytes(32))


def exchanged_lines(days: Days) -> None:
    lines = days[0][1]
    lines[0], lines[1] = replace(lines[1], place=1), replace(lines[0], place=2)


def removed_line(days: Days) -> None:
    del days[0][1][1]


def removed_line_and_signed_size(days: Days) -> None:
    signed, entries = days[0]
    days[0] = (replace(signed, size=2), entries[:2])


def removed_day(days: Days) -> None:
    del days[1]


def exchanged_days(days: Days) -> None:
    days[1], days[2] = days[2], days[1]


def changed_moment(days: Days) -> None:
    days[2] = (replace(days[2][0], at="2020-01-01T00:00:00Z"), days[2][1])


def changed_signature(days: Days) -> None:
    days[2] = (replace(days[2][0], signature=bytes(64)), days[2][1])


def rebuilt_day(days: Days) -> None:
    """A day computed anew, and signed by somebody else."""
    other = Ed25519PrivateKey.generate()
    key = AuditKey(other, fingerprint_of(other.public_key()))
    entries = [replace(entry(4), content=bytes(32))]
    days[1] = (head(2, entries, days[0][0].digest).signed_by(key), entries)


TAMPERING: list[tuple[Callable[[Days], None], set[tuple[LogProblem, int]]]] = [
    (changed_line, {(LogProblem.LINES, 1)}),
    (exchanged_lines, {(LogProblem.LINES, 1)}),
    (removed_line, {(LogProblem.LINES, 1)}),
    (
        removed_line_and_signed_size,
        {(LogProblem.SIGNATURE, 1), (LogProblem.LINES, 1), (LogProblem.HEADS, 2)},
    ),
    (removed_day, {(LogProblem.HEADS, 3)}),
    (exchanged_days, {(LogProblem.HEADS, 3), (LogProblem.HEADS, 2)}),
    (changed_moment, {(LogProblem.SIGNATURE, 3)}),
    (changed_signature, {(LogProblem.SIGNATURE, 3)}),
    (rebuilt_day, {(LogProblem.SIGNATURE, 2), (LogProblem.HEADS, 3)}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tamper", "expected"), TAMPERING, ids=lambda one: getattr(one, "__name__", "")
)
def test_tampering_is_found(
    days: Days, tamper: Callable[[Days], None], expected: set[tuple[LogProblem, int]]
) -> None:
    tamper(days)
    assert set(walked(days)) == expected


def test_another_log_does_not_stand_in(days: Days) -> None:
    walk = HeadWalk("another", KEYS)
    assert {one.problem for one in walk.take(*days[0])} == {LogProblem.HEADS}


@pytest.mark.parametrize("name", ["number", "first", "size"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "1", True, None, 2**63])
def test_a_head_with_odd_numbers_is_none(days: Days, name: str, value: object) -> None:
    told = {**json.loads(days[0][0].message), name: value}
    with pytest.raises(ValueError, match="no number"):
        DayHead.from_document(told, b"")
