"""Deeds of a command that ended while the database was away: kept in a file until it is back.

A deed may be written twice if the machine stops between the row and the removal of its file, and
is never lost: what is written names the moment and is marked as late.
"""

import logging
import os
from pathlib import Path
from uuid import uuid4

import msgspec
from django.utils import timezone

from callvault.portal.storable import storable

from .log import COMMAND_LINE, system_user
from .models import Action, AuditEntry

logger = logging.getLogger(__name__)

FOLDER = "late-deeds"
LARGEST_BYTES = 64 * 1024


class LateDeed(msgspec.Struct, frozen=True):
    """What was done, by whom, and when."""

    action: Action
    kind: str
    actor_name: str
    at: str
    detail: dict[str, str | int | bool]


def keep(data_folder: Path, action: Action, *, kind: str, **detail: str | int | bool) -> Path:
    """Keep a deed of this command on disk; returns its file."""
    folder = data_folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    deed = LateDeed(action, kind, system_user(), f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}", detail)
    draft, file = folder / f"{uuid4().hex}.draft", folder / f"{uuid4().hex}.json"
    with draft.open("xb") as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(msgspec.json.encode(deed))
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
    return file


def write_kept(data_folder: Path) -> int:
    """Write what is kept into the audit log and forget it; returns how much there was."""
    written = 0
    for file in sorted((data_folder / FOLDER).glob("*.json")):
        deed = _read(file)
        if deed is not None:
            told = {COMMAND_LINE: True, "late": True, "ended_at": deed.at, **deed.detail}
            AuditEntry.objects.create(
                actor_name=deed.actor_name[:150],
                action=deed.action,
                object_kind=deed.kind[:32],
                detail=storable(told),
            )
            file.unlink(missing_ok=True)
            written += 1
    return written


def _read(file: Path) -> LateDeed | None:
    try:
        with file.open("rb") as kept:
            return msgspec.json.decode(kept.read(LARGEST_BYTES), type=LateDeed)
    except FileNotFoundError:  # another process was faster
        return None
    except msgspec.MsgspecError:
        logger.warning("%s is no deed of a command: left where it is", file.name)
        file.rename(file.with_suffix(".broken"))
        return None
