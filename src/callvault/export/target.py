"""The port to a place that takes unencrypted copies, and what can be wrong with one.

A file is written under a temporary name and gets its own when it is whole: nobody who looks at
the target sees half of it. Files that bear their names are never deleted, and only lists are
replaced. Folders are relative to the target's own and divided by slashes; missing ones are made.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from callvault.errors import CallvaultError

TEMPORARY = ".callvault-"
"""What names of files in the making begin with; they are ours to replace and remove."""


class FaultKind(StrEnum):
    """What is wrong. Those before IN_USE are of the target, and hold up whatever goes there."""

    NAME = "name"  # of the server
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    DROPPED = "dropped"
    HOST_KEY = "host_key"  # the server is not the one it was
    ENCRYPTION = "encryption"
    CREDENTIALS = "credentials"
    SHARE = "share"  # or folder, or bucket
    PERMISSION = "permission"
    RENAME = "rename"  # it may write, and may not give a file its name
    READ_ONLY = "read_only"
    SPACE = "space"
    CHANGED = "changed"  # other bytes come back than were written
    OTHER = "other"
    IN_USE = "in_use"  # a file of this name is open elsewhere


class TargetFault(CallvaultError):
    """The target did not do it. All of it passes, or is mended by people: nothing is given up."""

    def __init__(self, message: str, kind: FaultKind = FaultKind.OTHER) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def is_of_target(self) -> bool:
        """Whether nothing else can go there either."""
        return self.kind is not FaultKind.IN_USE


class NameTaken(TargetFault):
    """There is a file of this name, which is not to be replaced."""

    def __init__(self, message: str) -> None:
        super().__init__(message, FaultKind.IN_USE)


class NotThere(TargetFault):
    """There is no file of this name."""

    def __init__(self, message: str) -> None:
        super().__init__(message, FaultKind.OTHER)


class TargetFile(Protocol):
    """A file in the making."""

    def write(self, data: bytes, /) -> None:
        """Add all of `data`."""

    def name(self, name: str, *, over: bool = False) -> None:
        """Make the content durable and give it its name. Raises NameTaken unless `over`."""

    def discard(self) -> None:
        """Remove it, as far as the target lets us; after `name` that does nothing."""


class ExportTarget(Protocol):
    """A place that takes files. Each method may raise TargetFault."""

    def create(self, folder: str, temporary: str) -> TargetFile:
        """Begin a file; what a crash left under this temporary name is replaced."""

    def read(self, folder: str, name: str) -> Iterator[bytes]:
        """Return the content of a file, piece by piece. Raises NotThere, at the latest then."""

    def append(self, folder: str, name: str, data: bytes) -> None:
        """Add to a file that is there: for targets that let nobody replace one."""

    def remove(self, folder: str, name: str) -> None:
        """Remove a file; only a probe's own, and what is left under temporary names."""

    def close(self) -> None:
        """End the connection; may be repeated."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found besides that it works."""

    may_remove: bool


def probe(target: ExportTarget) -> Probed:
    """Write a small file, name it, read it and remove it. Raises TargetFault saying what failed."""
    word = secrets.token_hex(8)
    name, content = f"callvault-test-{word}.txt", f"Callvault was here: {word}\r\n".encode()
    file = target.create("", f"{TEMPORARY}test-{word}.tmp")
    try:
        file.write(content)
        _named(file, name)
    except BaseException:
        with suppress(TargetFault):
            file.discard()
        raise
    if b"".join(target.read("", name)) != content:
        raise TargetFault("other bytes come back than were written", FaultKind.CHANGED)
    try:
        target.remove("", name)
    except TargetFault as fault:
        if fault.kind not in (FaultKind.PERMISSION, FaultKind.READ_ONLY):
            raise
        return Probed(may_remove=False)
    return Probed(may_remove=True)


def _named(file: TargetFile, name: str) -> None:
    try:
        file.name(name)
    except TargetFault as fault:
        if fault.kind is FaultKind.PERMISSION:
            raise TargetFault(str(fault), FaultKind.RENAME) from fault
        raise
