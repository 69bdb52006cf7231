"""How full a file system is, and when that is worth a warning."""

import os
from dataclasses import dataclass
from pathlib import Path

WARN_AT = 0.80
RELAX_AT = 0.78
"""A file system that hovers about the mark is told of once."""


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """One file system, as programs without privileges see it."""

    free_bytes: int
    total_bytes: int

    @property
    def free_ratio(self) -> float:
        """What is free, as a share; 1 of nothing."""
        return self.free_bytes / self.total_bytes if self.total_bytes else 1.0


@dataclass(slots=True)
class Filling:
    """Whether a file system is filling, as of the last look."""

    is_filling: bool = False

    def look(self, usage: DiskUsage) -> bool:
        """Look again; True if that changed."""
        before = self.is_filling
        self.is_filling = 1 - usage.free_ratio >= (RELAX_AT if before else WARN_AT)
        return self.is_filling != before


def usage_of(folder: Path) -> DiskUsage:
    """Ask the file system of a folder. Raises OSError."""
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    # What is kept for root is neither free nor usable: `df` counts in the same way.
    used = (status.f_blocks - status.f_bfree) * status.f_frsize
    return DiskUsage(free, free + used)
