"""Where the recorder's policy comes from: the catalogue while it answers, a file when not.

`refresh` runs in a thread of its own, since the catalogue may be slow or away; the loop only ever
reads `in_force`, which is swapped as a whole.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from callvault.policy.snapshot import Snapshot, decode, encode
from callvault.recorder.files import replace_file
from callvault.recorder.judge import PolicyInForce

logger = logging.getLogger(__name__)


class PolicySource:
    """The newest policy that could be had."""

    def __init__(self, load: Callable[[], Snapshot] | None, file: Path) -> None:
        """Without `load` the file is the only source, and is read again when it changes."""
        self._load = load
        self._file = file
        self._file_read: tuple[int, int] | None = None  # mtime and size of what was read
        self.in_force = PolicyInForce.of(Snapshot())
        self.is_reachable = True
        """Whether the last asking of the catalogue succeeded."""
        self.confirmed_s = time.monotonic()
        """When it last did; before the first time: when this began."""

    def start(self) -> None:
        """Take the file's policy at once, so that calls are judged before the catalogue answers.

        A file that cannot be read is as good as none.
        """
        self._read_file()

    def refresh(self) -> bool:
        """Ask for the policy and take it over if it is new; True if it was.

        No error leaves it: without an answer the policy in force stays.
        """
        if self._load is None:
            return self._read_file()
        try:
            snapshot = self._load()
        except Exception as error:  # whatever a database driver throws: the old policy stays
            if self.is_reachable:
                logger.warning("policy cannot be read, the last one stays: %s", error)
            self.is_reachable = False
            return False
        self.is_reachable = True
        self.confirmed_s = time.monotonic()
        return self._take(snapshot) and self._keep(snapshot)

    def _take(self, snapshot: Snapshot) -> bool:
        known = self.in_force.snapshot
        if snapshot is known or (snapshot.revision == known.revision and snapshot == known):
            return False
        self.in_force = PolicyInForce.of(snapshot)
        logger.info("policy revision=%d in force", snapshot.revision)
        return True

    def _keep(self, snapshot: Snapshot) -> bool:
        """Write the file for a start without catalogue; failing to is no reason to stop."""
        try:
            # It holds hashes of passwords.
            replace_file(self._file, encode(snapshot), durable=True, mode=0o600)
        except OSError as error:
            logger.warning("policy cannot be kept in %s: %s", self._file.name, error)
        return True

    def _read_file(self) -> bool:
        try:
            status = self._file.stat()
            if (status.st_mtime_ns, status.st_size) == self._file_read:
                return False
            snapshot = decode(self._file.read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            logger.debug("no policy in %s: %s", self._file.name, error)
            return False
        self._file_read = (status.st_mtime_ns, status.st_size)
        return self._take(snapshot)
