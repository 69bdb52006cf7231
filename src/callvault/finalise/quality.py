"""The check at close: what was received of each channel, and the flags that follow (DATA-7)."""

from collections.abc import Iterator, Mapping, Sequence

from callvault.audio import Hole, LevelMeter
from callvault.finalise.catalogue import ChannelQuality, QualityReport
from callvault.finalise.plan import SIDES, RecordingPlan, Side
from callvault.finalise.window import Window
from callvault.spool.entries import TimelineEvent

SILENT_BELOW_DBFS = -50.0
CLIPPED_SHARE = 1e-4
LOST_SHARE = 0.01
DRIFT_PPM = 150.0
LENGTH_NS = 2_000_000_000
_PACKET_NS = 20_000_000


def report(
    plan: RecordingPlan,
    meters: dict[Side, LevelMeter],
    events: Sequence[TimelineEvent],
    *,
    unreadable: Mapping[int, int],
    recovered: Mapping[int, int],
    cut_off: bool,
    damaged: bool,
) -> QualityReport:
    """Return the report of a finished recording.

    `unreadable`: damaged payloads, `recovered`: lost ones that are heard, both by stream.
    """
    channels = {side: _channel(plan, side, meters[side], unreadable, recovered) for side in SIDES}
    flags = [
        flag
        for flag, is_set in {
            "one_way": channels["owner"].silent != channels["remote"].silent,
            "silent": channels["owner"].silent and channels["remote"].silent,
            "clipped": any(meter.clipped_share > CLIPPED_SHARE for meter in meters.values()),
            "loss": any(_lost_share(one) > LOST_SHARE for one in channels.values()),
            "drift": any(abs(one.drift_ppm) > DRIFT_PPM for one in channels.values()),
            "length": _media_is_short(plan),
            "undecodable": any(one.undecodable_packets for one in channels.values()),
            "undecrypted": any(_undecrypted_share(one) > LOST_SHARE for one in channels.values()),
            "no_media": _was_told(plan, events, "no_media"),
            "sources": _was_told(plan, events, "sources"),
            "restart": bool(plan.window.cuts),
            "cut_off": cut_off,
            "damaged": damaged,
        }.items()
        if is_set
    ]
    return QualityReport(
        owner=channels["owner"],
        remote=channels["remote"],
        flags=tuple(flags),
        signalled_ms=plan.window.signalled_ms,
        recorded_ms=plan.window.duration_ms,
    )


def lost_holes(plan: RecordingPlan, side: Side) -> Iterator[Hole]:
    """Yield noticeable losses of a channel: missing numbers that no pause explains."""
    for _, source in plan.sources(side):
        for hole in source.survey.holes:
            if not was_paused(plan.window, hole):
                yield hole


def was_paused(window: Window, hole: Hole) -> bool:
    """Whether packets are missing because the recording was paused."""
    return any(
        one.start_ns < hole.before_ns and one.end_ns > hole.after_ns for one in window.paused
    )


def was_cut(window: Window, hole: Hole) -> bool:
    """Whether packets are missing because the recorder was gone."""
    return any(
        one.start_ns <= hole.before_ns and one.end_ns >= hole.after_ns for one in window.cuts
    )


def _channel(
    plan: RecordingPlan,
    side: Side,
    meter: LevelMeter,
    unreadable: Mapping[int, int],
    recovered: Mapping[int, int],
) -> ChannelQuality:
    heard = [source for _, source in plan.sources(side)]
    surveys = [source.survey for source in heard]
    never_sent = sum(survey.never_sent for survey in surveys)
    never_sent += sum(
        hole.missing for survey in surveys for hole in survey.holes if was_paused(plan.window, hole)
    )
    lost = max(sum(survey.statistics.lost for survey in surveys) - never_sent, 0)
    starts = [source.claims.spans[0][0] for source in heard]
    drift_ppm = max((source.placement.drift_ppm for source in heard), key=_size, default=0.0)
    return ChannelQuality(
        packets=sum(survey.statistics.received for survey in surveys),
        lost=lost,
        duplicates=sum(survey.statistics.duplicates for survey in surveys),
        reordered=sum(survey.statistics.reordered for survey in surveys),
        late_start_ms=plan.window.offset_ms(min(starts)) if starts else 0,
        peak_dbfs=meter.peak_dbfs,
        rms_dbfs=meter.rms_dbfs,
        silent=meter.peak_dbfs < SILENT_BELOW_DBFS,
        clipped_samples=meter.clipped_samples,
        drift_ppm=round(drift_ppm, 1),
        codecs=plan.codecs(side),
        undecodable_packets=plan.undecodable(side)
        + sum(unreadable.get(stream, 0) for stream in plan.streams[side]),
        undecrypted_packets=plan.undecrypted(side),
        recovered_packets=min(sum(recovered.get(one, 0) for one in plan.streams[side]), lost),
        jitter_ms=round(max((survey.jitter_ms for survey in surveys), default=0.0), 2),
    )


def _size(value: float) -> float:
    return abs(value)


def _lost_share(channel: ChannelQuality) -> float:
    expected = channel.packets + channel.lost
    return channel.lost / expected if expected else 0.0


def _undecrypted_share(channel: ChannelQuality) -> float:
    """Return how much of what came no key opens; a stray packet is counted, and no more."""
    came = channel.packets + channel.undecrypted_packets
    return channel.undecrypted_packets / came if came else 0.0


def _was_told(plan: RecordingPlan, events: Sequence[TimelineEvent], kind: str) -> bool:
    """Whether capture told of a stream of the recording: dropped packets, or none at all."""
    heard = {stream for side in SIDES for stream in plan.streams[side]}
    return any(one.kind == kind and heard.intersection(one.streams) for one in events)


def _media_is_short(plan: RecordingPlan) -> bool:
    """Whether the media begins late or ends early, and neither hold nor pause explains it."""
    spans = [span for side in SIDES for _, one in plan.sources(side) for span in one.claims.spans]
    if not spans:
        return False  # that call is silent, which has a flag of its own
    window = plan.window
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    edges = ((window.start_ns, first), (last + _PACKET_NS, window.end_ns))
    return any(end - start - window.quiet_ns(start, end) > LENGTH_NS for start, end in edges)
