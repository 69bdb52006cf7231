"""Exports to a real server by SFTP: whole or not there, and only to the server that is known."""

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from callvault.export import FaultKind, NameTaken, NotThere, Probed, TargetFault, probe
from callvault.export.sftp import (
    SftpCredentials,
    SftpTarget,
    check_private_key,
    fingerprint_of,
)
from callvault.export.sftp_address import SftpAddress
from tests.ports import free_ports
from tests.servers import sshd
from tests.servers.sshd import Sshd

FOLDER, TEMPORARY, NAME = "2026/11/23", ".callvault-3fa2.tmp", "000123_ann.mp3"
DEADLINE_S = 5.0  # more than a busy machine needs for one call


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def target(server: Sshd, request: pytest.FixtureRequest) -> Iterator[SftpTarget]:
    """A target in a folder of the test's own."""
    opened = SftpTarget(
        server.address(f"/{request.node.name}"), server.credentials, deadline_s=DEADLINE_S
    )
    yield opened
    opened.close()


def put(target: SftpTarget, data: bytes, name: str = NAME, *, over: bool = False) -> None:
    file = target.create(FOLDER, TEMPORARY)
    try:
        file.write(data)
        file.name(name, over=over)
    except TargetFault:
        file.discard()
        raise


def content(target: SftpTarget, name: str = NAME) -> bytes:
    return b"".join(target.read(FOLDER, name))


def kind_of(address: SftpAddress, credentials: SftpCredentials) -> FaultKind:
    target = SftpTarget(address, credentials, deadline_s=DEADLINE_S)
    try:
        with pytest.raises(TargetFault) as caught:
            probe(target)
        return caught.value.kind
    finally:
        target.close()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sftp://files/exports/calls/", "/exports/calls"),
        ("sftp://files/", "/"),
        ("sftp://files", "/"),
        ("sftp://files/~/calls", "calls"),
        ("sftp://files/of%202026", "/of 2026"),
    ],
)
def test_a_folder_is_written_as_an_address(text: str, path: str) -> None:
    address = SftpAddress.parse(text)
    assert (address.server, address.path, address.port) == ("files", path, 22)


@pytest.mark.parametrize("text", ["", "files", r"\\files\calls", "sftp://", "sftp://a:b@files/x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"sftp|user name"):
        SftpAddress.parse(text)


def test_secrets_are_not_shown() -> None:
    shown = repr(SftpCredentials("ann", "SHA256:x", "secret 1", "secret 2"))
    assert "secret" not in shown


def test_a_private_key_is_looked_at_before_it_is_kept(server: Sshd) -> None:
    check_private_key(server.private_key)
    locked = asyncssh.generate_private_key("ssh-ed25519").export_private_key(
        "pkcs8-pem", passphrase="word"
    )
    for text in ("nothing", locked.decode()):
        with pytest.raises(ValueError, match="no private key"):
            check_private_key(text)


def test_a_file_appears_whole_and_is_not_replaced(server: Sshd, target: SftpTarget) -> None:
    file = target.create(FOLDER, TEMPORARY)
    file.write(b"first, " + bytes(3 << 20))
    (folder,) = (server.folder / "files").glob(f"*/{FOLDER}")
    assert [one.name for one in folder.iterdir()] == [TEMPORARY]
    file.name(NAME)
    file.discard()
    assert (folder / NAME).read_bytes() == b"first, " + bytes(3 << 20)
    with pytest.raises(NameTaken):
        put(target, b"second")
    assert content(target)[:7] == b"first, "
    put(target, b"third", over=True)
    target.append(FOLDER, NAME, b" and more")
    assert content(target) == b"third and more"
    assert [one.name for one in folder.iterdir()] == [NAME]
    with pytest.raises(NotThere):
        content(target, "nothing.csv")
    assert probe(target) == Probed(may_remove=True)


def test_a_server_with_another_key_gets_nothing(server: Sshd) -> None:
    assert fingerprint_of(server.address()) == server.fingerprint
    other = replace(server.credentials, fingerprint="SHA256:of another")
    assert kind_of(server.address(), other) is FaultKind.HOST_KEY
    unknown = replace(server.credentials, fingerprint="")
    assert kind_of(server.address(), unknown) is FaultKind.HOST_KEY


def test_what_is_wrong_is_told_apart(server: Sshd) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    wrong = replace(server.credentials, private_key=stranger)
    assert kind_of(server.address(), wrong) is FaultKind.CREDENTIALS
    assert kind_of(SftpAddress("files.invalid", "/"), server.credentials) is FaultKind.NAME
    (port,) = free_ports(1)
    away = SftpAddress("127.0.0.1", "/", port)
    assert kind_of(away, server.credentials) is FaultKind.UNREACHABLE


def test_a_read_only_server_is_said(tmp_path: Path) -> None:
    with sshd.running(tmp_path, flags="-R") as server:
        assert kind_of(server.address(), server.credentials) is FaultKind.PERMISSION


def test_a_full_disk_is_said_and_leaves_no_half(server: Sshd, target: SftpTarget) -> None:
    small = server.folder / "files" / "test_a_full_disk_is_said_and_leaves_no_half"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs to mount a small disk")
    try:
        put(target, b"first")
        with pytest.raises(TargetFault) as caught:
            put(target, bytes(5 << 20), "second.mp3")
        assert caught.value.kind is FaultKind.SPACE
        assert [one.name for one in (small / FOLDER).iterdir()] == [NAME]
    finally:
        target.close()
        subprocess.run(["umount", "--lazy", small], check=True)


def test_a_server_that_died_or_hung_is_used_again(server: Sshd, target: SftpTarget) -> None:
    put(target, b"before")
    file = target.create(FOLDER, TEMPORARY)
    server.kill()
    with pytest.raises(TargetFault):
        file.write(b"half")
    server.start()
    file.discard()
    assert content(target) == b"before"
    server.hang()
    try:
        with pytest.raises(TargetFault) as caught:
            content(target)
        assert caught.value.kind is FaultKind.TIMEOUT
    finally:
        server.go_on()
    assert content(target) == b"before"


class _OneUser(asyncssh.SSHServer):
    """Lets in who has the password."""

    here: int = 0
    nobody_is_here: asyncio.Event

    def connection_made(self, connection: asyncssh.SSHServerConnection) -> None:
        _OneUser.here += 1
        self.nobody_is_here.clear()

    def connection_lost(self, error: Exception | None) -> None:
        _OneUser.here -= 1
        if not _OneUser.here:
            self.nobody_is_here.set()

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("ann", "a password of the tests")


def test_a_password_lets_in_as_well(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    _OneUser.nobody_is_here = asyncio.Event()
    server = loop.run_until_complete(
        asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[key], server_factory=_OneUser,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(tmp_path)),
        )
    )  # fmt: skip
    address = SftpAddress("127.0.0.1", "/calls", server.get_port())
    known = SftpCredentials("ann", key.get_fingerprint(), "a password of the tests")

    def use() -> tuple[bytes, FaultKind]:
        target = SftpTarget(address, known, deadline_s=DEADLINE_S)
        put(target, b"whole")
        written = content(target)
        target.close()
        return written, kind_of(address, replace(known, password="wrong"))

    try:
        found = loop.run_until_complete(asyncio.to_thread(use))
        assert found == (b"whole", FaultKind.CREDENTIALS)
    finally:
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.run_until_complete(asyncio.wait_for(_OneUser.nobody_is_here.wait(), 20))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
