"""Opening what the vault holds of a recording, for a page or a player.

Only views behind the gate call this: it asks for keys, not for rights.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from callvault.vault import (
    Keyring,
    LocalStore,
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
    or another VaultError when the store cannot be read now.
    """
    folder = settings.DATA_FOLDER / settings.CALLVAULT.vault.key_folder
    keyring = _keyring(folder, stamp_of(folder))
    return RecordingObjects(store_here()).open(recording.recording_id, kind, keyring)


def store_here() -> LocalStore:
    """Return the store of this node's recordings. Raises VaultError when it is away."""
    return LocalStore(settings.DATA_FOLDER / settings.CALLVAULT.vault.folder)


@lru_cache(maxsize=2)
def _keyring(folder: Path, stamp: Stamp) -> Keyring:
    """Read the key folder; `stamp` makes a changed folder another question."""
    return Keyring.load(folder)
