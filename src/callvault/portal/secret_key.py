"""The key that signs sessions and tokens: drawn once, kept in the data folder, mode 0600."""

import os
import secrets
from pathlib import Path

FILE_NAME = "portal-secret-key"


def secret_key_of(data_folder: Path) -> str:
    """Return the portal's secret key; draw it first where the folder has none.

    Several processes may start at once: the file is linked into place whole, and who comes
    second takes what the first one wrote.
    """
    path = data_folder / FILE_NAME
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, key.encode("ascii"))
        os.fsync(descriptor)
        os.link(draft, path)  # fails where another process was first
    except FileExistsError:
        pass
    finally:
        os.close(descriptor)
        draft.unlink()
