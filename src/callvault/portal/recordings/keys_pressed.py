"""Which keys were pressed in a call: read from the sealed transcript, where that is allowed.

By default nobody is told: keys are often card numbers or codes (PCI DSS).
"""

from callvault.clock import ns_from_utc
from callvault.errors import VaultError
from callvault.finalise.pressed_keys import keys_in
from callvault.portal.configuration.models import SystemSettings
from callvault.vault import ObjectKind

from .models import Recording
from .vault_access import open_object

LARGEST_TRANSCRIPT_BYTES = 16_777_216
_APART_MS = 2  # the transcript tells milliseconds, the catalogue rounds


def are_shown() -> bool:
    """Whether an administrator lets people see which keys were pressed."""
    return SystemSettings.load().show_digits


def keys_of(recording: Recording) -> dict[int, str]:
    """Return keys by their place in the timeline; none where they are hidden or sealed away."""
    waiting = [
        (index, int(item["offset_ms"]))
        for index, item in enumerate(recording.timeline)
        if item["kind"] == "digit"
    ]
    if not waiting or not are_shown():
        return {}
    start_ns, found = ns_from_utc(recording.started_at), dict[int, str]()
    for pressed in keys_in(_transcript(recording)):
        offset_ms = max(round((pressed.at_ns - start_ns) / 1_000_000), 0)
        for place in waiting:
            if abs(place[1] - offset_ms) <= _APART_MS:
                found[place[0]] = pressed.key
                waiting.remove(place)
                break
    return found


def _transcript(recording: Recording) -> bytes:
    try:
        with open_object(recording, ObjectKind.METADATA) as reader:
            if reader.size > LARGEST_TRANSCRIPT_BYTES:
                return b""
            return reader.read(0, reader.size)
    except VaultError:
        return b""
