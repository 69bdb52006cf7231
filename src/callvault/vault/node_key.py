"""The key of a node: seals what the node keeps for itself, such as checkpoints of calls.

No recording and no journal depends on it. Made at the first start, never needed elsewhere.
"""

import os
from pathlib import Path

from callvault.errors import VaultError

FILE_NAME = "node.key"
KEY_BYTES = 32


def node_key(folder: Path) -> bytes:
    """Return the key kept in the key folder; make it, mode 0600, if there is none.

    Raises VaultError if the file is not a key of ours, OSError if it cannot be read or made.
    """
    path = folder / FILE_NAME
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return _make(path)
    if len(key) != KEY_BYTES:
        raise VaultError(f"{FILE_NAME} has {len(key)} bytes, not {KEY_BYTES}")
    return key


def _make(path: Path) -> bytes:
    """Write a fresh key; of two that try at once the first one's stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{FILE_NAME}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, os.urandom(KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_bytes()
