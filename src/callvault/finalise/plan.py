"""What one recording is made of: which sources on which channel, from when to when, how wide."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from callvault.audio import (
    NARROW_HZ,
    WIDE_HZ,
    HeardSource,
    PayloadKind,
    PayloadTable,
    hear,
)
from callvault.finalise.reading import SourceKey
from callvault.finalise.survey import CallSurvey
from callvault.finalise.window import Window
from callvault.policy.decision import Assignment

Side = Literal["owner", "remote"]
SIDES: tuple[Side, Side] = ("owner", "remote")
_NOT_CODECS = (PayloadKind.EVENT, PayloadKind.COMFORT_NOISE)


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """One recording to be made of a journal."""

    assignment: Assignment
    window: Window
    streams: dict[Side, tuple[int, ...]]
    heard: dict[int, dict[SourceKey, HeardSource]]  # by stream
    tables: dict[int, PayloadTable]
    locked: dict[int, int] = field(default_factory=dict)  # packets that no key opens, by stream

    @property
    def sample_rate_hz(self) -> int:
        """16 kHz if any party spoke wideband, else 8 kHz: what is narrow is not raised for show."""
        return (
            WIDE_HZ
            if any(self._count(PayloadKind.WIDE, side=side) for side in SIDES)
            else NARROW_HZ
        )

    @property
    def samples(self) -> int:
        """Length of each channel at its rate."""
        return self.window.samples_8k * self.sample_rate_hz // NARROW_HZ

    def sources(self, side: Side) -> Iterator[tuple[SourceKey, HeardSource]]:
        """Yield what is heard on a channel."""
        for stream in self.streams[side]:
            yield from self.heard.get(stream, {}).items()

    def undecodable(self, side: Side) -> int:
        """Return how many packets of a channel could not be decoded."""
        return self._count(PayloadKind.UNKNOWN, side=side)

    def undecrypted(self, side: Side) -> int:
        """Return how many packets of a channel no key opens."""
        return sum(self.locked.get(stream, 0) for stream in self.streams[side])

    @property
    def has_unheard(self) -> bool:
        """Whether something came that cannot be heard: the packets are kept as received, too."""
        return any(self.undecodable(side) or self.undecrypted(side) for side in SIDES)

    def codecs(self, side: Side) -> tuple[str, ...]:
        """Return the names of the codecs that a channel was sent in, by payload type."""
        names: dict[str, None] = {}
        for key, source in self.sources(side):
            table = self.tables[key.stream]
            for number in source.survey.by_payload_type.nonzero()[0].tolist():
                if table.kinds[number] not in _NOT_CODECS:
                    names[table.names[number]] = None
        return tuple(names)

    def _count(self, kind: PayloadKind, *, side: Side) -> int:
        return sum(
            int(source.survey.by_payload_type[self.tables[key.stream].kinds == kind].sum())
            for key, source in self.sources(side)
        )


def plan(assignment: Assignment, window: Window, found: CallSurvey) -> RecordingPlan:
    """Choose the sources of one recording and place them on its time."""
    owner, remote = assignment.owner_streams, assignment.remote_streams
    if assignment.mixed:
        owner = remote = tuple(dict.fromkeys((*owner, *remote)))
    streams = sorted({*owner, *remote})
    tables = {stream: found.tables.of(stream) for stream in streams}
    heard = {
        stream: hear(found.sources.get(stream, {}), tables[stream], origin_ns=window.start_ns)
        for stream in streams
    }
    locked = {stream: found.undecrypted.get(stream, 0) for stream in streams}
    sides: dict[Side, tuple[int, ...]] = {"owner": owner, "remote": remote}
    return RecordingPlan(assignment, window, sides, heard, tables, locked)
