"""Exports to a real share: whole or not there, whatever is wrong said plainly, none waited for."""

from collections.abc import Iterator

import pytest

from callvault.export import FaultKind, NameTaken, NotThere, Probed, TargetFault, probe
from callvault.export.smb import SmbTarget
from callvault.vault.smb_session import Credentials, ShareAddress, SmbSession
from tests.ports import free_ports
from tests.servers import samba
from tests.servers.samba import Samba

FOLDER, TEMPORARY, NAME = "2026/11/23", ".callvault-3fa2.tmp", "000123_ann.mp3"
DEADLINE_S = 5.0  # more than a busy machine needs for one call


@pytest.fixture(scope="module")
def server() -> Iterator[Samba]:
    with samba.running() as running:
        yield running


def target_of(
    server: Samba, share: str = "vault", *, folder: str = "", credentials: Credentials | None = None
) -> SmbTarget:
    return SmbTarget(
        SmbSession(
            server.address(share, folder),
            credentials or server.credentials,
            deadline_s=DEADLINE_S,
            connect_s=5,
        )
    )


def put(target: SmbTarget, data: bytes, name: str = NAME, *, over: bool = False) -> None:
    file = target.create(FOLDER, TEMPORARY)
    try:
        file.write(data)
        file.name(name, over=over)
    except TargetFault:
        file.discard()
        raise


def content(target: SmbTarget, name: str = NAME) -> bytes:
    return b"".join(target.read(FOLDER, name))


def kind_of(target: SmbTarget) -> FaultKind:
    with pytest.raises(TargetFault) as caught:
        probe(target)
    return caught.value.kind


def test_a_file_appears_whole_in_its_folder(server: Samba) -> None:
    target = target_of(server, folder=r"calls\of 2026")
    folder = server.folder / "vault/calls/of 2026" / FOLDER
    file = target.create(FOLDER, TEMPORARY)
    file.write(b"first, ")
    assert [one.name for one in folder.iterdir()] == [TEMPORARY]
    file.write(bytes(3 << 20))
    file.name(NAME)
    file.discard()  # it has its name: nothing is taken away
    assert [one.name for one in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_bytes() == b"first, " + bytes(3 << 20)
    target.close()


def test_a_file_of_this_name_is_not_replaced(server: Samba) -> None:
    target = target_of(server, folder="taken")
    put(target, b"first")
    with pytest.raises(NameTaken):
        put(target, b"second")
    assert content(target) == b"first"
    put(target, b"third", over=True)
    target.append(FOLDER, NAME, b" and more")
    assert content(target) == b"third and more"
    assert [one.name for one in (server.folder / "vault/taken" / FOLDER).iterdir()] == [NAME]


def test_what_a_crash_left_is_replaced(server: Samba) -> None:
    target = target_of(server, folder="crashed")
    file = target.create(FOLDER, TEMPORARY)
    file.write(b"half of a longer one")
    target.close()
    file._file.fd._connected = False  # as when the process dies
    put(target, b"whole")
    assert content(target) == b"whole"


def test_what_is_not_there_is_said(server: Samba) -> None:
    for name in ("nothing.csv", "no folder/nothing.csv"):
        with pytest.raises(NotThere):
            list(target_of(server).read("", name))


def test_a_probe_leaves_nothing(server: Samba) -> None:
    target = target_of(server, folder="probed")
    assert probe(target) == Probed(may_remove=True)
    assert list((server.folder / "vault/probed").iterdir()) == []


def test_who_may_not_delete_exports_all_the_same(server: Samba) -> None:
    target = target_of(server, "nodelete", credentials=server.deny_deleting())
    assert probe(target) == Probed(may_remove=False)
    put(target, b"whole")
    assert content(target) == b"whole"
    put(target, b"list 1", "list.csv")
    target.append(FOLDER, "list.csv", b", 2")
    assert content(target, "list.csv") == b"list 1, 2"
    with pytest.raises(TargetFault) as caught:
        target.remove(FOLDER, NAME)
    assert caught.value.kind is FaultKind.PERMISSION


def test_what_is_wrong_is_told_apart(server: Samba) -> None:
    wrong = Credentials(server.credentials.username, "wrong")
    assert kind_of(target_of(server, credentials=wrong)) is FaultKind.CREDENTIALS
    assert kind_of(target_of(server, "nothing")) is FaultKind.SHARE
    assert kind_of(target_of(server, "readonly")) is FaultKind.PERMISSION
    unknown = ShareAddress("files.invalid", "vault")
    assert kind_of(SmbTarget(SmbSession(unknown, server.credentials))) is FaultKind.NAME
    (port,) = free_ports(1)
    away = ShareAddress("127.0.0.1", "vault", port=port)
    assert kind_of(SmbTarget(SmbSession(away, server.credentials))) is FaultKind.UNREACHABLE


def test_without_encryption_nothing_is_sent() -> None:
    with samba.running(encrypt="off") as server:
        assert kind_of(target_of(server)) is FaultKind.ENCRYPTION
        assert list((server.folder / "vault").iterdir()) == []


def test_a_full_share_keeps_what_it_has_and_no_half(server: Samba) -> None:
    with server.small_disk():
        target = target_of(server, "small")
        put(target, b"first")
        with pytest.raises(TargetFault) as caught:
            put(target, bytes(3 << 20), "second.mp3")
        assert caught.value.kind is FaultKind.SPACE
        assert [one.name for one in (server.folder / "small" / FOLDER).iterdir()] == [NAME]
        put(target, b"third", "third.mp3")


def test_a_file_open_elsewhere_is_said(server: Samba) -> None:
    target, other = target_of(server, folder="open"), target_of(server, folder="open")
    file = other.create(FOLDER, TEMPORARY)
    with pytest.raises(TargetFault) as caught:
        target.create(FOLDER, TEMPORARY)
    assert caught.value.kind is FaultKind.IN_USE
    assert not caught.value.is_of_target
    file.discard()


def test_a_server_that_dies_in_the_middle_leaves_no_name(server: Samba) -> None:
    target = target_of(server, folder="killed")
    file = target.create(FOLDER, TEMPORARY)
    file.write(b"half")
    server.kill()
    with pytest.raises(TargetFault):
        file.name(NAME)
    server.start()
    with pytest.raises(NotThere):
        content(target)
    file.discard()
    put(target, b"whole")
    assert content(target) == b"whole"


def test_a_hung_server_is_given_up_and_used_again(server: Samba) -> None:
    target = target_of(server, folder="hung")
    put(target, b"before")
    server.hang()
    try:
        with pytest.raises(TargetFault, match="no answer in 5 s") as caught:
            content(target)
        assert caught.value.kind is FaultKind.TIMEOUT
    finally:
        server.go_on()
    assert content(target) == b"before"
