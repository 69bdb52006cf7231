"""Following the log in the database, a day a step: by the worker, by the command, for an export."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from callvault.vault import (
    AuditKeys,
    HeadWalk,
    LogFinding,
    LogProblem,
    StampRefused,
    read_authorities,
    read_stamp,
)

from . import recordings_check, remembered
from .models import Head, Line, StampSettings

RECORDINGS_A_STEP = 5000


@dataclass(slots=True)
class Round:
    """One pass over the log, step by step; `findings` are those of the last step."""

    log: str
    keys: AuditKeys
    head_file: Path | None  # of this node; None: it keeps none
    head: int = 0  # day reached
    record: int = 0  # record number looked at for its line
    lines: int = 0
    is_over: bool = False
    findings: list[LogFinding] = field(default_factory=list)

    def step(self, recordings: int = RECORDINGS_A_STEP) -> None:
        """Follow one day; once there is no more, look for what never entered, and at the end."""
        row = Head.objects.filter(number__gt=self.head).order_by("number").first()
        if row is not None:
            self.findings = list(self._day(row))
            self.head, self.lines = row.number, row.first + row.size - 1
            return
        remembered_head = remembered.read(self.head_file) if self.head_file else None
        found, self.record, is_all = recordings_check.never_entered(self.record, recordings)
        self.findings = found
        if is_all:
            self.findings += self._rest()
            self.findings += recordings_check.lost_before_entering()
            problem = remembered_head and remembered.problem_of(remembered_head, log=self.log)
            self.findings += [problem] if problem else []
            self.is_over = True

    def _day(self, row: Head) -> Iterator[LogFinding]:
        walk = walk_before(row.number, log=self.log, keys=self.keys)
        lines = lines_of(row)
        yield from walk.take(row.signed, [line.entry for line in lines])
        yield from stamp_problems(row)
        yield from recordings_check.problems_of(lines)

    def _rest(self) -> Iterator[LogFinding]:
        """Look at lines that no head speaks of yet."""
        lines = list(Line.objects.filter(place__gt=self.lines).order_by("place"))
        places = [line.place for line in lines]
        if places != list(range(self.lines + 1, self.lines + 1 + len(places))):
            text = f"lines after place {self.lines} are missing"
            yield LogFinding(LogProblem.LINES, text)
        yield from recordings_check.problems_of(lines)


def walk_before(number: int, *, log: str, keys: AuditKeys) -> HeadWalk:
    """Return a walk that has come to the head before this one."""
    before = Head.objects.filter(number__lt=number).order_by("-number").first()
    if before is None:
        return HeadWalk(log, keys)
    head = before.signed
    last = head.first + head.size - 1
    return HeadWalk(log, keys, head.number, head.digest, last, head.day)


def head_of(line: Line | None) -> Head | None:
    """Return the head that speaks of a line; None: no head does yet."""
    if line is None:
        return None
    head = Head.objects.filter(first__lte=line.place).order_by("-first").first()
    return head if head is not None and line.place < head.first + head.size else None


def lines_of(row: Head) -> list[Line]:
    """Return the lines of a head that are there."""
    places = (row.first, row.first + row.size - 1)
    return list(Line.objects.filter(place__range=places).order_by("place"))


def stamp_problems(row: Head) -> Iterator[LogFinding]:
    """Check the time stamp of a head, if it has one and we are told whom to trust."""
    settings = StampSettings.objects.first()
    if row.stamp is None or settings is None or not settings.authorities:
        return
    try:
        stamp = read_stamp(
            bytes(row.stamp), row.signed.stamped, read_authorities(settings.authorities.encode())
        )
        if (stamp.at, stamp.authority) != (row.stamped_at, row.stamped_by):
            raise StampRefused("the catalogue tells another time than the time stamp")
    except ValueError as error:  # StampRefused among them
        text = f"the time stamp of {row.day} does not hold: {error}"
        yield LogFinding(LogProblem.STAMP, text, head=row.number)
