"""A power cut: the process is killed, and what it had not synced goes with it.

`power.c` below the process keeps a list of what was durable. That only a sync of the whole file
system counts is harder than a disk is: a file synced alone would stay, too.
"""

import os
import signal
from pathlib import Path

from tests.faults.layer import build


class PowerSupply:
    """Runs a process on a supply that can be cut. Files it keeps lie in memory (`place`)."""

    def __init__(self, folder: Path, place: Path) -> None:
        self._folder = folder
        self._durable = place / "durable"
        self._library = build(place, "power")

    @property
    def environment(self) -> dict[str, str]:
        """What the process is to have in its environment."""
        return {
            "LD_PRELOAD": str(self._library),
            "CALLVAULT_SYNCED": str(self._folder),
            "CALLVAULT_DURABLE": str(self._durable),
        }

    def cut(self, pid: int) -> None:
        """Kill the process, and take back all that is not on the disk."""
        os.kill(pid, signal.SIGKILL)
        # A list that is being made when the power goes is of a sync that had not succeeded.
        durable = dict(self._listed()) if self._durable.exists() else {}
        for path in [one for one in self._folder.iterdir() if one.is_file()]:
            size_bytes, inode = durable.get(path.name, (0, 0))
            if path.stat().st_ino != inode:
                path.unlink()
            elif path.stat().st_size > size_bytes:
                os.truncate(path, size_bytes)

    def _listed(self) -> list[tuple[str, tuple[int, int]]]:
        lines = [line.split(" ", 2) for line in self._durable.read_text().splitlines()]
        return [(name, (int(size), int(inode))) for size, inode, name in lines]
