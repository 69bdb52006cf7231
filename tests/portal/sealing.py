"""Audio of a recording, sealed in a vault of the test."""

from pathlib import Path

from callvault.portal.recordings.models import Recording
from callvault.vault import (
    KeyKind,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    create_first_certificates,
)


def seal_audio(recording: Recording, folder: Path, content: bytes) -> Recording:
    """Seal it to a first certificate of the data folder, and list what was sealed."""
    keyring = create_first_certificates(folder / "keys", kind=KeyKind.EC)
    objects = RecordingObjects(LocalStore(folder / "vault"))
    sealer = objects.begin(recording.recording_id, keyring.current(Role.ARCHIVE))
    with sealer.create(ObjectKind.AUDIO) as file:
        file.write(content)
    stored = sealer.finish(b"{}")
    recording.size_bytes = len(content)
    recording.objects_sealed = [
        {
            "kind": one.kind.value,
            "size_bytes": one.size_bytes,
            "sha256": one.sha256,
            "plain_sha256": one.plain_sha256,
        }
        for one in stored.objects
    ]
    recording.save()
    return recording
