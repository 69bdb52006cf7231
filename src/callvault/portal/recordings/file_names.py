"""The name of a recording's file outside the vault (EXP-2), the same for downloads and exports."""

from datetime import tzinfo

from callvault.policy import export_names
from callvault.policy.export_names import ExportedCall

from .models import Recording


def call_of(recording: Recording) -> ExportedCall:
    """Return the recording as the rules of names and lists know it."""
    return ExportedCall(
        record_number=recording.record_number,
        started_at=recording.started_at,
        duration_ms=recording.duration_ms,
        owner_name=recording.owner_name,
        owner_username=recording.owner_username,
        owner_extension=recording.owner_extension,
        remote_number=recording.remote_normalised,
        direction=recording.direction,
        group=recording.owner_group,
    )


def file_name(recording: Recording, *, zone: tzinfo, suffix: str = "mp3") -> str:
    """Return `000123_20261123_142530_arossi_IN_2001_+390212345678_sales.mp3`."""
    return export_names.file_name(call_of(recording), zone=zone, suffix=suffix)
