"""Small files beside the spool, replaced as a whole: the policy in force, the heartbeat."""

import os
from pathlib import Path

SNAPSHOT_FILE = "snapshot.json"
"""Name of the policy file in the data folder: what a recorder starts from without a database."""
HEARTBEAT_FILE = "run/recorder.json"
"""Name of the file in the data folder that says, each second, that the recorder runs."""


def replace_file(path: Path, content: bytes, *, durable: bool, mode: int = 0o666) -> None:
    """Put `content` in the place of the file, so that a reader sees the old or the new one.

    `durable`: on disk when this returns. `mode` as for `open`, less the umask. Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)
    if durable:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
