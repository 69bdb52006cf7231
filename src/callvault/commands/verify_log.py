"""The part of `callvault verify` that follows the log of recordings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callvault.commands.progress import ProgressLine

if TYPE_CHECKING:
    from uuid import UUID

    from callvault.config import Config
    from callvault.vault import LogFinding, Report


@dataclass(frozen=True, slots=True)
class LogVerified:
    """How far the log was followed."""

    lines: int
    signed_at: str  # of the last day; empty: nothing is signed yet
    stamped_day: str  # the last that has a time stamp
    waiting: int

    def told(self) -> Iterator[str]:
        """Yield what the terminal shows."""
        signed = f"{self.lines}, the last at {self.signed_at}" if self.signed_at else "none yet"
        yield f"  signed lines            {signed}"
        if self.stamped_day:
            yield f"  time-stamped            up to {self.stamped_day}"
        if self.waiting:
            yield f"  not in the log yet      {self.waiting}"


def follow(config: "Config", report: "Report", line: ProgressLine) -> LogVerified:
    """Follow all of the log; what is wrong goes into the report."""
    from callvault.portal.integrity.checking import Round
    from callvault.portal.integrity.entering import log_state
    from callvault.portal.integrity.remembered import FILE_NAME
    from callvault.vault import audit_keys

    keys = audit_keys(config.vault.key_folder)
    running = Round(str(log_state().log), keys, config.node.data_folder / FILE_NAME)
    while not running.is_over:
        running.step()
        add(report, running.findings)
        line.show(f"following the log: {running.lines} lines")
    return _verified(running.lines)


def of_one(recording_id: "UUID", report: "Report") -> None:
    """Compare one recording with its line."""
    from callvault.portal.integrity.recordings_check import last_line_of, problems_of

    line = last_line_of(recording_id)
    if line is not None:
        add(report, list(problems_of([line])))


def add(report: "Report", findings: "list[LogFinding]") -> None:
    """Take findings of the log into a report."""
    from uuid import UUID

    from callvault.vault import Finding, Found

    for one in findings:
        recording = UUID(one.recording) if one.recording else None
        report.add(Found(Finding.LOG, one.problem.value, one.text, recording))


def _verified(lines: int) -> LogVerified:
    from callvault.portal.integrity.models import Head, Unentered

    last = Head.objects.order_by("-number").first()
    stamped = Head.objects.filter(stamp__isnull=False).order_by("-number").first()
    return LogVerified(
        lines,
        last.at if last else "",
        stamped.day if stamped else "",
        Unentered.objects.count(),
    )
