"""A PostgreSQL server of the tests' own: Debian's, in a temporary folder, on a unix socket.

`initdb` and `postgres` refuse to run as root; there they run as the system's user `postgres`.
"""

import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SYSTEM_USER = "postgres"
WHY_NOT = "no PostgreSQL here: apt install postgresql"


def programs() -> Path | None:
    """Return the folder of the newest server's programs; None: none is installed."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(found, key=lambda path: int(path.parts[-3]), default=None)
    return None if newest is None or not _may_run() else newest.parent


def _may_run() -> bool:
    if os.geteuid() != 0:
        return True
    return any(entry.pw_name == SYSTEM_USER for entry in pwd.getpwall())


@dataclass
class Server:
    """One server; `stop`, `pause` and `resume` do to it what outages do."""

    bin: Path
    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def url(self, database: str) -> str:
        """Return the address of a database, as `[database] url` takes it."""
        return f"postgresql://callvault@/{database}?host={self.folder}"

    def make(self) -> None:
        """Make the cluster: no password, no durability, nothing on the network."""
        initdb = [self.bin / "initdb", "-D", self.folder / "data", "-U", "callvault"]
        self._run(*initdb, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(
                f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\n"
                "fsync = off\nmax_connections = 60\nshared_buffers = 32MB\n"
            )

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.folder / "data"],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                **_unprivileged(),
            )
        ready = [str(self.bin / "pg_isready"), "-q", "-h", str(self.folder)]
        for _ in range(300):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            assert self.process.poll() is None, (self.folder / "log").read_text()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
        raise AssertionError("the server does not answer")

    def create(self, database: str) -> str:
        """Create a database and return its address."""
        self.sql(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """Run a statement and return what it prints."""
        psql = [self.bin / "psql", "-h", self.folder, "-U", "callvault", "-d", database, "-qAt"]
        return self._run(*psql, "-v", "ON_ERROR_STOP=1", "-c", statement)

    def stop(self) -> None:
        """Stop it at once; who is connected is cut off."""
        if self.process is not None:
            self.resume()
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None

    def pause(self) -> None:
        """Stop all its processes where they are: connections stay open, nothing is answered."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, sign: signal.Signals) -> None:
        assert self.process is not None
        with suppress(ProcessLookupError):
            for pid in (self.process.pid, *_children(self.process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, sign)

    def _run(self, *command: object) -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(word) for word in command],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            **_unprivileged(),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def running() -> Iterator[Server]:
    """Run a server for as long as the block; its files go with it."""
    folder_of_programs = programs()
    assert folder_of_programs is not None, WHY_NOT
    # Directly in the temporary folder: the path of a unix socket has 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="callvault-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user := _unprivileged():
            os.chown(folder, user["user"], user["group"])
        folder.chmod(0o755)
        server = Server(folder_of_programs, folder)
        server.make()
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def _unprivileged() -> dict[str, Any]:
    """Return whom subprocess runs the server as: only root must become another."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(SYSTEM_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
