"""Debian's OpenSSH server on a free loopback port, for SFTP: hung, killed, started again."""

import getpass
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest

from callvault.export.sftp import SftpCredentials
from callvault.export.sftp_address import SftpAddress
from tests.ports import free_ports, wait_for_port
from tests.servers.process import ServerProcess

SSHD = Path("/usr/sbin/sshd")
CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
Subsystem sftp internal-sftp {flags}
"""


@dataclass
class Sshd(ServerProcess):
    """One server, with an own key, that knows one user by a key."""

    folder: Path
    flags: str = ""
    port: int = 0
    fingerprint: str = ""
    private_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not SSHD.exists() or os.geteuid() != 0:
            pytest.skip("needs openssh-server, and root to start it")
        (self.port,) = free_ports(1)
        self.new_key()
        key = asyncssh.generate_private_key("ssh-ed25519")
        (self.folder / "authorized_keys").write_bytes(key.export_public_key())
        self.private_key = key.export_private_key().decode()
        (self.folder / "files").mkdir()
        values = {"folder": self.folder, "port": self.port, "flags": self.flags}
        (self.folder / "config").write_text(CONFIG.format(**values))
        Path("/run/sshd").mkdir(exist_ok=True)

    def new_key(self) -> None:
        """Give the server another key, from its next start on."""
        key = asyncssh.generate_private_key("ssh-ed25519")
        path = self.folder / "host_key"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key())
        self.fingerprint = key.get_fingerprint()

    @property
    def credentials(self) -> SftpCredentials:
        return SftpCredentials(getpass.getuser(), self.fingerprint, private_key=self.private_key)

    def address(self, folder: str = "") -> SftpAddress:
        return SftpAddress("127.0.0.1", f"{self.folder}/files{folder}", self.port)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._begin([SSHD, "-D", "-f", self.folder / "config"])
        wait_for_port(self.port)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            # Processes of connections lead sessions of their own.
            pids = subprocess.run(
                ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True
            ).stdout.split()
            deeper = subprocess.run(
                ["pgrep", "-P", ",".join(pids)], capture_output=True, text=True
            ).stdout.split() if pids else []  # fmt: skip
            for pid in (self._process.pid, *map(int, pids), *map(int, deeper)):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)


@contextmanager
def running(folder: Path, *, flags: str = "") -> Iterator[Sshd]:
    """Yield a server that runs; `flags` of its SFTP part, such as -R: read-only."""
    server = Sshd(folder, flags)
    try:
        server.start()
        yield server
    finally:
        server.kill()
