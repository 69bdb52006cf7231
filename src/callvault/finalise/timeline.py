"""The lines of a recording's timeline: what people look for when they open it."""

from collections.abc import Iterator, Sequence
from typing import Literal

from callvault.finalise.catalogue import ParticipantSpan, TimelineItem
from callvault.finalise.plan import SIDES, RecordingPlan
from callvault.finalise.quality import lost_holes, was_cut
from callvault.finalise.window import Interval
from callvault.policy.modes import RecordingMode
from callvault.sip import PressedKey
from callvault.spool.entries import DialogEnded, TimelineEvent

LOST_MS = 200  # losses shorter than this are counted, not listed
PARTY_KINDS = frozenset({"party_joined", "party_left", "transferred"})
_MAX_ITEMS = 2_000
_OF_MODE = {
    "started": RecordingMode.ON_DEMAND,
    "stopped": RecordingMode.ON_DEMAND,
    "kept": RecordingMode.LIVE_KEEP,
    "dropped": RecordingMode.LIVE_KEEP,
}
"""The mode of the recordings that an event is about."""
_TICKS_PER_MS = 8
_PACKET_MS = 20


def timeline(
    plan: RecordingPlan,
    events: Sequence[TimelineEvent],
    ended: DialogEnded | None,
    keys: Sequence[PressedKey] = (),
) -> tuple[TimelineItem, ...]:
    """Return the timeline in order of time; `keys`: told by SIP INFO."""
    items = [*_signalled(plan, events), *_cuts(plan), *_lost(plan), *_digits(plan)]
    # A part that begins on hold begins with that hold, though its event lies before it.
    under_way = [one.event for one in (*plan.window.held, *plan.window.paused)]
    items += _signalled(plan, [one for one in under_way if one not in events])
    start_ns, end_ns = plan.window.start_ns, plan.window.end_ns
    items += [_of_message(plan, one) for one in keys if start_ns <= one.at_ns <= end_ns]
    if ended is not None and not any(item.kind == "ended" for item in items):
        offset_ms = plan.window.offset_ms(ended.at_ns)
        items.append(TimelineItem(offset_ms=offset_ms, kind="ended", detail=ended.reason))
    return tuple(sorted(items, key=lambda item: item.offset_ms)[:_MAX_ITEMS])


def participants(plan: RecordingPlan) -> tuple[ParticipantSpan, ...]:
    """Return who took part while the recording ran, and when."""
    window, length_ms = plan.window, plan.window.duration_ms
    return tuple(
        ParticipantSpan(
            name=one.party.name,
            number=one.party.number,
            from_ms=window.offset_ms(one.from_ns) if one.from_ns else 0,
            until_ms=window.offset_ms(one.until_ns) if one.until_ns else length_ms,
            is_owner=one.is_owner,
        )
        for one in plan.assignment.people
        if (one.until_ns or window.end_ns) > window.start_ns and one.from_ns < window.end_ns
    )


def _signalled(plan: RecordingPlan, events: Sequence[TimelineEvent]) -> Iterator[TimelineItem]:
    """Yield what was signalled; holds and pauses with their length."""
    silences = (*plan.window.held, *plan.window.paused)
    lengths = {one.event: _length_ms(plan, one) for one in silences}
    known = {one.party.name or one.party.number or one.party.aor for one in plan.assignment.people}
    for event in events:
        if event.kind == "sources":  # written at the end: a flag, for its moment is not known
            continue
        if _OF_MODE.get(event.kind, plan.assignment.mode) != plan.assignment.mode:
            continue  # asked of another user's recording of the same call
        if known and event.kind in PARTY_KINDS and known.isdisjoint((event.who, event.detail)):
            continue  # of another conversation in the same recording session
        yield TimelineItem(
            offset_ms=plan.window.offset_ms(event.at_ns),
            kind=event.kind,
            length_ms=lengths.get(event, 0),
            who=event.who,
            detail=event.detail,
            channel=_channel(plan, event.streams),
        )


def _length_ms(plan: RecordingPlan, interval: Interval) -> int:
    window = plan.window
    return window.offset_ms(interval.end_ns) - window.offset_ms(interval.start_ns)


def _channel(plan: RecordingPlan, streams: Sequence[int]) -> Literal["owner", "remote", "both"]:
    """Return whom an event concerns: one channel only if all its streams are that one's."""
    for side in SIDES:
        if streams and set(streams) <= set(plan.streams[side]) and not plan.assignment.mixed:
            return side
    return "both"


def _cuts(plan: RecordingPlan) -> Iterator[TimelineItem]:
    """Yield when the recorder itself was gone."""
    for cut in plan.window.cuts:
        start_ms = plan.window.offset_ms(cut.start_ns)
        length_ms = plan.window.offset_ms(cut.end_ns) - start_ms
        yield TimelineItem(
            offset_ms=start_ms, kind="lost", length_ms=length_ms, detail="restart", channel="both"
        )


def _lost(plan: RecordingPlan) -> Iterator[TimelineItem]:
    """Yield losses that can be heard; in a mixed recording once."""
    for side in SIDES[:1] if plan.assignment.mixed else SIDES:
        for hole in lost_holes(plan, side):
            start_ms = plan.window.offset_ms(hole.after_ns)
            apart_ms = plan.window.offset_ms(hole.before_ns) - start_ms - _PACKET_MS
            # Silence suppression may lie in the same gap: no more than was numbered is lost.
            length_ms = min(apart_ms, hole.missing * hole.packet_ms)
            if length_ms >= LOST_MS and not was_cut(plan.window, hole):
                channel = "both" if plan.assignment.mixed else side
                yield TimelineItem(
                    offset_ms=start_ms + _PACKET_MS,
                    kind="lost",
                    length_ms=length_ms,
                    channel=channel,
                )


def _of_message(plan: RecordingPlan, one: PressedKey) -> TimelineItem:
    offset_ms = plan.window.offset_ms(one.at_ns)
    return TimelineItem(offset_ms=offset_ms, kind="digit", length_ms=one.length_ms)


def _digits(plan: RecordingPlan) -> Iterator[TimelineItem]:
    """Yield that a key was pressed, not which: it may be one of a card number's."""
    for side in SIDES[:1] if plan.assignment.mixed else SIDES:
        for _, source in plan.sources(side):
            for digit in source.survey.digits.values():
                yield TimelineItem(
                    offset_ms=plan.window.offset_ms(digit.at_ns),
                    kind="digit",
                    length_ms=digit.ticks // _TICKS_PER_MS,
                    channel="both" if plan.assignment.mixed else side,
                )
