"""What a line of the log is over: the facts and objects of a recording, or of its deletion.

Only what stays as it was made. Whose a recording is may be decided anew, and is in the audit log;
its certificates change with each new choice of them.
"""

from datetime import UTC, datetime

from callvault.portal.recordings.models import Recording, Tombstone
from callvault.vault import CONTENT_FORMAT, EntryKind

Content = dict[str, object]
AT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_EXACT = "%Y-%m-%dT%H:%M:%S.%fZ"
COLUMNS = (
    *("record_number", "recording_id", "started_at", "ended_at", "duration_ms", "direction"),
    *("local_number", "remote_number", "remote_name", "end_reason", "trunk_name", "node"),
    *("peer", "sip_call_id", "audio_format", "codecs", "sample_rate_hz", "objects_sealed"),
)
"""Columns that `of_recording` reads."""


def of_recording(recording: Recording, salt: bytes) -> Content:
    """Return what stands for a recording, as the database has it."""
    return {
        "format": CONTENT_FORMAT,
        "kind": EntryKind.SEALED.value,
        "recording": str(recording.recording_id),
        "facts": {
            "audio_format": recording.audio_format,
            "call_id": recording.sip_call_id,
            "codecs": recording.codecs,
            "direction": recording.direction,
            "duration_ms": recording.duration_ms,
            "end_reason": recording.end_reason,
            "ended_at": _exact(recording.ended_at),
            "local_number": recording.local_number,
            "node": recording.node,
            "peer": recording.peer,
            "record_number": recording.record_number,
            "remote_name": recording.remote_name,
            "remote_number": recording.remote_number,
            "sample_rate_hz": recording.sample_rate_hz,
            "started_at": _exact(recording.started_at),
            "trunk": recording.trunk_name,
        },
        "objects": _ordered(recording.objects_sealed),
        "salt": salt.hex(),
    }


def of_deletion(tombstone: Tombstone) -> Content:
    """Return what stands for a deletion. It tells nothing of the call."""
    return {
        "format": CONTENT_FORMAT,
        "kind": EntryKind.DELETED.value,
        "recording": str(tombstone.recording_id),
        "at": _exact(tombstone.deleted_at),
        "cause": tombstone.cause,
        "objects": _ordered(tombstone.objects_sealed),
    }


def _ordered(objects: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(objects, key=lambda one: str(one.get("kind")))


def _exact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_EXACT)
