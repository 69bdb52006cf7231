"""Demo portals that are seeded once a run, whatever the number of processes, and then copied."""

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools.demo_portal.server import seed

from tests.migrated import put_database

CALLS = 4


@dataclass(frozen=True)
class Portals:
    """Folders for `serving`, copies of what the first process that wanted one has seeded."""

    paths: pytest.TempPathFactory

    def folder(self, name: str, *, calls: int = CALLS, is_strained: bool = False) -> Path:
        """Return a data folder with so many recordings that play, and one that is locked."""
        seeded = self._of_all_processes() / f"seeded-{calls}-{is_strained}"
        with seeded.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not seeded.exists():
                draft = seeded.with_suffix(".draft")
                put_database(draft / "data")
                seed(draft, calls=calls, is_strained=is_strained)
                draft.rename(seeded)
        folder = self.paths.mktemp(name)
        shutil.copytree(seeded, folder, dirs_exist_ok=True)
        return folder

    def _of_all_processes(self) -> Path:
        own = self.paths.getbasetemp()
        return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
