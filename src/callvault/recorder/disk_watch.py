"""Watches the spool's file system: a warning early, no new calls late, and both told once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from callvault.monitoring.disk import DiskUsage, Filling, usage_of
from callvault.recorder.room import Room


class DiskNews(NamedTuple):
    """Something for the node's event journal."""

    kind: str
    severity: Literal["info", "warning", "error"]
    values: dict[str, str]


@dataclass(slots=True)
class DiskWatch:
    """One file system, and the room that depends on it."""

    folder: Path
    room: Room
    usage: DiskUsage = field(default_factory=lambda: DiskUsage(0, 0))
    filling: Filling = field(default_factory=Filling)

    def look(self, *, open_sockets: int, calls: int) -> Iterator[DiskNews]:
        """Look again; yield what changed. Nothing is ever deleted here to make room."""
        self.usage = usage_of(self.folder)
        free = {"free_bytes": str(self.usage.free_bytes)}
        if self.filling.look(self.usage):
            values = {**free, "total_bytes": str(self.usage.total_bytes)}
            if self.filling.is_filling:
                yield DiskNews("disk_filling", "warning", values)
            else:
                yield DiskNews("disk_filling_over", "info", values)
        if self.room.look(free_bytes=self.usage.free_bytes, open_sockets=open_sockets, calls=calls):
            values = {**free, "reserve_bytes": str(self.room.reserve_bytes)}
            if self.room.is_disk_low:
                yield DiskNews("disk_low", "error", values)
            else:
                yield DiskNews("disk_recovered", "info", values)
