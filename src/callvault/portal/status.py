"""Whether the recorder of this machine runs: what it says of itself, if it said so just now.

The recorder writes `run/recorder.json` in the data folder each second:
`{"at_ns": 1795442730000000000, "calls": 3, "sip": "udp/tcp 5060"}`. Where the recorder runs on
other machines only, there is no such file, and nothing is claimed.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

FRESH_NS = 10_000_000_000  # a heartbeat older than this is no heartbeat


class TrunkBeat(msgspec.Struct, frozen=True):
    """What the recorder last said of one trunk."""

    calls: int = 0  # in progress
    heard_at_ns: int = 0  # UTC, of the last request of a peer; 0: none since the recorder started


class Heartbeat(msgspec.Struct, frozen=True):
    """What the recorder last said."""

    at_ns: int
    calls: int = 0
    sip: str = ""
    refusal: str = ""  # why no call is taken; empty: calls are
    is_draining: bool = False
    free_bytes: int = 0  # of the spool's file system
    total_bytes: int = 0
    is_disk_filling: bool = False
    max_calls: int = 0  # at once; 0: not known
    max_calls_per_second: int = 0  # 0: no limit is set
    recordings: int = 0  # that are made now
    most_recordings: int = 0  # at a time since the recorder started
    trunks: dict[str, TrunkBeat] = {}  # by name


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """State of the recorder, for the box in the sidebar and for the empty list."""

    running: bool
    calls: int = 0
    sip: str = ""
    refusal: str = ""
    is_draining: bool = False
    is_disk_filling: bool = False


def recorder_status(data_folder: Path, *, now_ns: int) -> RecorderStatus:
    """Read the heartbeat; without a fresh one the recorder is not running."""
    beat = fresh_heartbeat(data_folder, now_ns=now_ns)
    if beat is None:
        return RecorderStatus(running=False)
    return RecorderStatus(
        running=True,
        calls=beat.calls,
        sip=beat.sip,
        refusal=beat.refusal,
        is_draining=beat.is_draining,
        is_disk_filling=beat.is_disk_filling,
    )


def fresh_heartbeat(data_folder: Path, *, now_ns: int) -> Heartbeat | None:
    """Return what the recorder of this machine just said; None: none runs here."""
    try:
        text = (data_folder / "run" / "recorder.json").read_bytes()
        beat = msgspec.json.decode(text, type=Heartbeat)
    except (OSError, msgspec.DecodeError):
        return None
    return beat if 0 <= now_ns - beat.at_ns <= FRESH_NS else None
