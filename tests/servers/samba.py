"""Debian's samba with own folders on a free loopback port: hung, killed, started again."""

import getpass
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callvault.vault.smb_session import Credentials, ShareAddress
from tests.portal.directory.slapd import free_ports, wait_for_port

SMBD = Path("/usr/sbin/smbd")
PASSWORD = "the share's password"
CONFIG = """
[global]
server role = standalone server
smb ports = {port}
interfaces = lo
bind interfaces only = yes
disable netbios = yes
server min protocol = SMB2
server smb encrypt = {encrypt}
map to guest = never
passdb backend = tdbsam:{folder}/passdb.tdb
private dir = {folder}/private
lock directory = {folder}/lock
state directory = {folder}/state
cache directory = {folder}/cache
pid directory = {folder}/pid
ncalrpc dir = {folder}/rpc
log file = {folder}/log
load printers = no
printing = bsd
printcap name = /dev/null
disable spoolss = yes

[vault]
path = {folder}/vault
read only = no

[readonly]
path = {folder}/vault
read only = yes

[small]
path = {folder}/small
read only = no
"""


@dataclass
class Samba:
    """One server, with the shares vault, readonly and small (of 1 MiB, if `small_disk` is used)."""

    folder: Path
    encrypt: str = "required"
    port: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not SMBD.exists() or os.geteuid() != 0:
            pytest.skip("needs samba, and root to start it")
        (self.port,) = free_ports(1)
        for name in ("private", "lock", "state", "cache", "pid", "rpc", "vault", "small"):
            (self.folder / name).mkdir(parents=True)
        values = {"folder": self.folder, "port": self.port, "encrypt": self.encrypt}
        (self.folder / "smb.conf").write_text(CONFIG.format(**values))
        subprocess.run(
            ["smbpasswd", "-c", self.folder / "smb.conf", "-s", "-a", getpass.getuser()],
            input=f"{PASSWORD}\n{PASSWORD}\n".encode(),
            check=True,
            capture_output=True,
        )

    @property
    def credentials(self) -> Credentials:
        return Credentials(getpass.getuser(), PASSWORD)

    def address(self, share: str = "vault", folder: str = "") -> ShareAddress:
        return ShareAddress("127.0.0.1", share, folder, self.port)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._process = subprocess.Popen(
            [SMBD, "--foreground", "--no-process-group", "-s", self.folder / "smb.conf"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it has a process for each connection: signals reach all
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        """Let it die as in a power cut, if it runs."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(timeout=20)
            self._process = None

    def hang(self) -> None:
        """Let it take connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    @contextmanager
    def small_disk(self) -> Iterator[None]:
        """Give the share `small` a disk of 1 MiB."""
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(self.folder / "small")]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("needs to mount a small disk")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", self.folder / "small"], check=True)


@contextmanager
def running(folder: Path, *, encrypt: str = "required") -> Iterator[Samba]:
    """Yield a server that runs."""
    server = Samba(folder, encrypt)
    server.start()
    try:
        yield server
    finally:
        server.kill()
