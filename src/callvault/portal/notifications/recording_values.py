"""What the tags of a template stand for: the values of one recording (NOTE-2)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from callvault.policy.mail_template import clock_time, size_kb
from callvault.portal.people.models import User
from callvault.portal.recordings.models import DirectionChoice, Recording

from .recording_models import MOST_MB


def zone_of(person: User, system_zone: str) -> ZoneInfo:
    """Return the zone in which a person reads times."""
    return ZoneInfo(person.zone or system_zone)


def values_of(
    recording: Recording,
    person: User,
    *,
    zone: ZoneInfo,
    portal_url: str,
    attached_bytes: int,
    limit_mb: int | None,
) -> dict[str, str]:
    """Return the values of the tags; words and date in the language that is active."""
    started = recording.started_at.astimezone(zone)
    return {
        "RecordingID": f"{recording.record_number:06}",
        "Username": person.username,
        "UserExtension": recording.owner_extension,
        "UserFirstName": person.first_name,
        "UserLastName": person.last_name,
        "UserNumericUserID": person.numeric_user_id or "",
        "RemotePhoneNumber": recording.remote_normalised or recording.remote_number,
        "RecordingStartDate": date_format(started, "DATE_FORMAT"),
        "RecordingStartTime": f"{started:%H:%M:%S}",
        "RecordingDuration": clock_time(round(recording.duration_ms / 1000)),
        "RecordingGroupName": recording.owner_group,
        "PBXCallID": recording.sip_call_id,
        "CallDirection": str(DirectionChoice(recording.direction).label),
        "RecordingPilotNumber": pilot_of(recording),
        "AttachmentFileSize": str(size_kb(attached_bytes)),
        "MaxAttachmentSize": str(MOST_MB if limit_mb is None else limit_mb),
        "RecordingLink": link_to(recording, portal_url),
    }


def pilot_of(recording: Recording) -> str:
    """Return the pilot number that was dialled; empty: the call came by none."""
    if recording.direction == DirectionChoice.DIAL_IN:
        return recording.remote_number
    if recording.call is None:
        return ""
    for step in recording.call.decision.get("steps", ()):
        values = step.get("values") or {}
        if values.get("pilot"):
            return f"{values['pilot']}{values.get('numeric_id', '')}"
    return ""


def link_to(recording: Recording, portal_url: str) -> str:
    """Return the address of the recording's page."""
    return portal_url + reverse("recordings:recording", args=[recording.recording_id])


def sample(language: str, *, portal_url: str, limit_mb: int | None) -> dict[str, str]:
    """Return values of a call that never was, for the preview."""
    started = datetime(2026, 11, 23, 14, 25, 30, tzinfo=ZoneInfo(settings.TIME_ZONE))
    with translation.override(language), timezone.override(started.tzinfo):
        return {
            "RecordingID": "000123",
            "Username": "arossi",
            "UserExtension": "2001",
            "UserFirstName": "Anna",
            "UserLastName": "Rossi",
            "UserNumericUserID": "417",
            "RemotePhoneNumber": "+12025550143",
            "RecordingStartDate": date_format(started, "DATE_FORMAT"),
            "RecordingStartTime": "14:25:30",
            "RecordingDuration": "00:03:07",
            "RecordingGroupName": "sales",
            "PBXCallID": "7d1f4a02@192.0.2.20",
            "CallDirection": str(DirectionChoice.IN.label),
            "RecordingPilotNumber": "8600",
            "AttachmentFileSize": "732",
            "MaxAttachmentSize": str(MOST_MB if limit_mb is None else limit_mb),
            "RecordingLink": f"{portal_url}/recordings/5a0c7d1e-2f6b-4c1d-9a53-1f0e8b7c6d5a",
        }
