"""Whether the recorder of this machine runs: what it says of itself, if it said so just now.

The recorder writes `run/recorder.json` in the data folder each second:
`{"at_ns": 1795442730000000000, "calls": 3, "sip": "udp/tcp 5060"}`. Where the recorder runs on
other machines only, there is no such file, and nothing is claimed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

FRESH_NS = 10_000_000_000  # a heartbeat older than this is no heartbeat
WEB_FRESH_NS = 30_000_000_000  # it looks at itself every five seconds, and may wait for that
WEB_FILE = "run/web.json"
"""Name of the file in the data folder in which the portal says that it runs."""


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
    version: str = ""  # empty: one that does not tell
    since_ns: int = 0  # UTC, when it started; 0: not told
    is_stopped: bool = False  # by an order; its program waits to be started


class ProgramBeat(msgspec.Struct, frozen=True):
    """What another program of a node last said: worker or portal."""

    at_ns: int
    since_ns: int = 0  # UTC, when it started
    version: str = ""
    trouble: str = ""  # why it does not do its work; empty: it does


B = TypeVar("B", Heartbeat, ProgramBeat)


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """State of the recorder, for the box in the sidebar and for the empty list."""

    running: bool
    calls: int = 0
    sip: str = ""
    refusal: str = ""
    is_draining: bool = False
    is_disk_filling: bool = False
    is_stopped: bool = False


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
        is_stopped=beat.is_stopped,
    )


def fresh_heartbeat(data_folder: Path, *, now_ns: int) -> Heartbeat | None:
    """Return what the recorder of this machine just said; None: none runs here."""
    return _fresh(data_folder / "run" / "recorder.json", Heartbeat, now_ns=now_ns)


def fresh_web_beat(data_folder: Path, *, now_ns: int) -> ProgramBeat | None:
    """Return what the portal of this machine just said; None: none runs here."""
    return _fresh(data_folder / WEB_FILE, ProgramBeat, now_ns=now_ns, within_ns=WEB_FRESH_NS)


def _fresh(path: Path, kind: type[B], *, now_ns: int, within_ns: int = FRESH_NS) -> B | None:
    try:
        beat = msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None
    return beat if 0 <= now_ns - beat.at_ns <= within_ns else None
