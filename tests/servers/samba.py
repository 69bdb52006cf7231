"""Debian's samba with own folders on a free loopback port: hung, killed, started again."""

import getpass
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import smbclient
from smbprotocol.open import SMB2SetInfoRequest
from smbprotocol.security_descriptor import (
    AccessAllowedAce,
    AccessDeniedAce,
    AclPacket,
    SIDPacket,
    SMB2CreateSDBuffer,
)

from callvault.vault.smb_session import Credentials, ShareAddress, SmbSession
from tests.ports import free_ports, wait_for_port
from tests.servers.process import ServerProcess

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

[others]
path = {others}
read only = no
force user = nobody

[small]
path = {folder}/small
read only = no
"""
NO_DELETING = """
[nodelete]
path = {folder}/nodelete
read only = no
vfs objects = acl_xattr
acl_xattr:ignore system acls = yes
"""
OTHER_USER = Credentials("games", "the other user's password")
"""A user of every Debian who is not root: rights count for it."""


@dataclass
class Samba(ServerProcess):
    """One server, with the shares vault, readonly and small (of 1 MiB, if `small_disk` is used).

    The share `nodelete` comes with `deny_deleting`. Who comes to the share `others` is nobody;
    its folder has to be open to all.
    """

    folder: Path
    encrypt: str = "required"
    others: Path = Path("/nonexistent")
    port: int = 0

    def __post_init__(self) -> None:
        if not SMBD.exists() or os.geteuid() != 0:
            pytest.skip("needs samba, and root to start it")
        (self.port,) = free_ports(1)
        for name in ("private", "lock", "state", "cache", "pid", "rpc", "vault", "small"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "nodelete").mkdir()
        values = {"folder": self.folder, "port": self.port, "encrypt": self.encrypt}
        values["others"] = self.others
        config = CONFIG + (NO_DELETING if _has_module("acl_xattr") else "")
        (self.folder / "smb.conf").write_text(config.format(**values))
        self._add(self.credentials)

    def _add(self, user: Credentials) -> None:
        subprocess.run(
            ["smbpasswd", "-c", self.folder / "smb.conf", "-s", "-a", user.username],
            input=f"{user.password}\n{user.password}\n".encode(),
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
        self._begin([SMBD, "--foreground", "--no-process-group", "-s", self.folder / "smb.conf"])
        wait_for_port(self.port)

    def deny_deleting(self) -> Credentials:
        """Let a user write to the share `nodelete`, and delete nothing; return who."""
        if not _has_module("acl_xattr"):
            pytest.skip("needs samba-vfs-modules")
        (self.folder / "nodelete").chmod(0o777)
        self._add(OTHER_USER)
        address = self.address("nodelete")
        session = SmbSession(address, self.credentials)
        session.call(_protect, str(address), doing="set the rights")
        session.close()
        return OTHER_USER

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


def _has_module(name: str) -> bool:
    return any(Path("/usr/lib").glob(f"*/samba/vfs/{name}.so"))


def _protect(path: str, **connection: Any) -> None:
    """Set the rights of a folder ([MS-DTYP] 2.4.6): everybody may write in it and not delete."""
    denied, allowed, everyone = AccessDeniedAce(), AccessAllowedAce(), SIDPacket()
    everyone.from_string("S-1-1-0")
    denied["mask"] = 0x00010040  # DELETE, FILE_DELETE_CHILD
    allowed["mask"] = 0x001201BF  # whatever else there is to do with files
    rights, descriptor = AclPacket(), SMB2CreateSDBuffer()
    for entry in (denied, allowed):
        entry["ace_flags"], entry["sid"] = 3, everyone  # of what will be in the folder as well
    rights["aces"] = [denied, allowed]
    descriptor.set_dacl(rights)
    opened = {"mode": "rb", "file_type": "dir", "buffering": 0, "share_access": "rwd"}
    with smbclient.open_file(path, desired_access=0x00060000, **opened, **connection) as folder:
        request, tree = SMB2SetInfoRequest(), folder.fd.tree_connect
        request["info_type"], request["additional_information"] = 3, 4  # security, DACL
        request["file_id"], request["buffer"] = folder.fd.file_id, descriptor
        connected, session_id = folder.fd.connection, tree.session.session_id
        connected.receive(connected.send(request, session_id, tree.tree_connect_id))


@contextmanager
def running(*, encrypt: str = "required", others: Path = Path("/nonexistent")) -> Iterator[Samba]:
    """Yield a server that runs, in a folder of a short name: those of its sockets are bounded."""
    with TemporaryDirectory(prefix="smbd-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # for users who are not root
        server = Samba(Path(folder), encrypt, others)
        try:
            server.start()
            yield server
        finally:
            server.kill()
