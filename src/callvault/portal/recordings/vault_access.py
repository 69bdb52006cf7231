"""Opening what the vault holds of a recording, for a page or a player.

Only views behind the gate call this: it asks for keys, not for rights.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from callvault.errors import ObjectMissing, VaultError
from callvault.portal.nodes.models import NodeReport
from callvault.portal.storage.places import (
    PlaceUnreachable,
    name_of_place,
    other_places,
    readable,
)
from callvault.vault import (
    Keyring,
    ObjectKind,
    RecordingObjects,
    SealedReader,
    stamp_of,
)
from callvault.vault.key_watch import Stamp

from .models import Recording


def open_object(recording: Recording, kind: ObjectKind) -> SealedReader:
    """Open one object; the caller closes it.

    Raises ObjectMissing, KeyUnavailable (with the certificates that would open it), SealBroken,
    PlaceUnreachable, or another VaultError when the store cannot be read now.
    """
    try:
        return _opened(recording, kind, recording.location_id)
    except (ObjectMissing, PlaceUnreachable):
        found = _found_elsewhere(recording, kind)
        if found is None:
            raise
        return found


def _found_elsewhere(recording: Recording, kind: ObjectKind) -> SealedReader | None:
    """Open an object that moved since the row was read, or since a backup that was restored."""
    for place in other_places(recording.location_id):
        try:
            return _opened(recording, kind, place)
        except (ObjectMissing, PlaceUnreachable):
            continue
    return None


def _opened(recording: Recording, kind: ObjectKind, place: int | None) -> SealedReader:
    folder = settings.DATA_FOLDER / settings.CALLVAULT.vault.key_folder
    keyring = _keyring(folder, stamp_of(folder))
    objects = RecordingObjects(readable(place))
    try:
        return objects.open(recording.recording_id, kind, keyring)
    except VaultError as error:
        if error.permanent or place is None:
            raise
        raise PlaceUnreachable(name_of_place(place), str(error)) from error


def other_node_with(recording: Recording) -> str:
    """Return the other node in whose folder a recording must lie that is not here; else empty."""
    here = settings.CALLVAULT.node.name
    if recording.location_id is not None or recording.node == here:
        return ""
    known = NodeReport.objects.filter(node=recording.node).exists()
    return recording.node if known else ""


@lru_cache(maxsize=2)
def _keyring(folder: Path, stamp: Stamp) -> Keyring:
    """Read the key folder; `stamp` makes a changed folder another question."""
    return Keyring.load(folder)
