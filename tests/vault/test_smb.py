"""A share that is wrong, away, hung, full: said plainly, never waited for, and used again after."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from callvault.errors import VaultError
from callvault.vault.smb import SmbStore
from callvault.vault.smb_session import (
    Credentials,
    ShareAddress,
    ShareDenied,
    ShareInUse,
    SmbSession,
)
from tests.ports import free_ports
from tests.servers import samba
from tests.servers.samba import Samba

NAME = "3f/a2/3fa2/audio.mp3"
DEADLINE_S = 5.0  # more than a busy machine needs for one call


@pytest.fixture(scope="module")
def one_server() -> Iterator[Samba]:
    with TemporaryDirectory() as others:  # where a user without rights comes by
        Path(others).chmod(0o1777)
        with samba.running(others=Path(others)) as server:
            yield server


@pytest.fixture
def server(one_server: Samba) -> Samba:
    return one_server


def store_of(
    server: Samba, share: str = "vault", *, folder: str = "", credentials: Credentials | None = None
) -> SmbStore:
    address = server.address(share, folder)
    return SmbStore(
        SmbSession(address, credentials or server.credentials, deadline_s=DEADLINE_S, connect_s=5)
    )


def put(store: SmbStore, data: bytes = b"sealed") -> None:
    with store.create(NAME) as pending:
        pending.write(data)


def content(store: SmbStore) -> bytes:
    stored = store.open(NAME)
    try:
        return stored.read(0, stored.size)
    finally:
        stored.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\\files\calls", ShareAddress("files", "calls")),
        (r"\\files\calls\vault\2026", ShareAddress("files", "calls", r"vault\2026")),
        (" //files.example.com/calls/vault/ ", ShareAddress("files.example.com", "calls", "vault")),
    ],
)
def test_a_share_is_written_as_windows_does(text: str, expected: ShareAddress) -> None:
    assert ShareAddress.parse(text) == expected


@pytest.mark.parametrize("text", ["", "files", r"\\files", r"\files\calls", r"\\files\\calls"])
def test_half_a_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a share is written"):
        ShareAddress.parse(text)


def test_a_folder_leads_nowhere_else() -> None:
    with pytest.raises(ValueError, match="may not hold"):
        ShareAddress.parse(r"\\files\calls\..\other")


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("ann", "secret"))


def test_objects_lie_in_the_folder_of_the_share(server: Samba) -> None:
    store = store_of(server, folder=r"calls\of 2026")
    put(store)
    assert (server.folder / "vault/calls/of 2026" / NAME).read_bytes() == b"sealed"
    store.delete(NAME)
    assert not (server.folder / "vault/calls/of 2026" / NAME).parent.exists()


def test_a_wrong_password_is_said(server: Samba) -> None:
    wrong = Credentials(server.credentials.username, "wrong")
    with pytest.raises(VaultError, match="user name or password is wrong") as caught:
        store_of(server, credentials=wrong).probe()
    assert not caught.value.permanent


def test_a_user_of_a_domain_signs_in(server: Samba) -> None:
    user = server.credentials
    in_domain = Credentials(rf"WORKGROUP\{user.username}", user.password)
    store_of(server, credentials=in_domain).probe()


def test_an_object_that_is_read_is_in_use(server: Samba) -> None:
    store = store_of(server)
    put(store, b"before")
    stored = store.open(NAME)
    with pytest.raises(ShareInUse, match="in use"):
        put(store, b"after")
    assert stored.read(0, 100) == b"before"
    stored.close()
    put(store, b"after")
    assert content(store) == b"after"


def test_an_object_of_others_is_not_said_to_be_in_use(server: Samba) -> None:
    store, file = store_of(server, "others"), server.others / NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(b"of others")
    file.parent.chmod(0o1777)  # as in /tmp: what others made cannot be replaced
    with pytest.raises(ShareDenied, match="the user has no permission"):
        put(store)
    assert file.read_bytes() == b"of others"
    assert store.size(NAME) == len(b"of others")


def test_an_unknown_share_is_said(server: Samba) -> None:
    with pytest.raises(VaultError, match="the server has no such share"):
        store_of(server, "nothing").probe()


def test_an_unknown_server_is_said(server: Samba) -> None:
    address = ShareAddress("files.invalid", "vault")
    with pytest.raises(VaultError, match="the server's name is not known"):
        SmbStore(SmbSession(address, server.credentials)).probe()


def test_a_server_that_is_away_is_said(server: Samba) -> None:
    (port,) = free_ports(1)
    address = ShareAddress("127.0.0.1", "vault", port=port)
    with pytest.raises(VaultError, match="the server cannot be reached"):
        SmbStore(SmbSession(address, server.credentials)).probe()


def test_a_share_without_encryption_is_not_used() -> None:
    with samba.running(encrypt="off") as server:
        with pytest.raises(VaultError, match="the server offers no encryption"):
            store_of(server).probe()
        assert list((server.folder / "vault").iterdir()) == []


def test_a_read_only_share_is_said(server: Samba) -> None:
    with pytest.raises(VaultError, match="the user has no permission"):
        store_of(server, "readonly").probe()


def test_a_full_share_takes_nothing_and_keeps_what_it_has(server: Samba) -> None:
    with server.small_disk():
        store = store_of(server, "small")
        put(store, b"first")
        with pytest.raises(VaultError, match="the share is full"):
            put(store, bytes(3 << 20))
        assert content(store) == b"first"
        assert store.remove_unfinished(older_than_s=-3600) == 0
        put(store, b"second")
        assert content(store) == b"second"


def test_a_server_that_died_is_used_again_without_an_error(server: Samba) -> None:
    store = store_of(server)
    put(store)
    server.kill()
    server.start()
    assert content(store) == b"sealed"


def test_what_is_open_when_the_server_dies_fails_and_may_be_tried_again(server: Samba) -> None:
    store = store_of(server)
    put(store, b"before")
    stored = store.open(NAME)
    with pytest.raises(VaultError) as caught:
        put_while_it_dies(store, server)
    assert not caught.value.permanent
    with pytest.raises(VaultError):
        stored.read(0, 3)
    stored.close()
    assert content(store) == b"before"
    assert store.remove_unfinished(older_than_s=-3600) in (0, 1)
    assert list(store.list()) == [NAME]


def put_while_it_dies(store: SmbStore, server: Samba) -> None:
    with store.create(NAME) as pending:
        pending.write(b"half")
        server.kill()
        server.start()
        pending.write(b"the rest")


def test_a_hung_server_is_given_up_and_used_again_when_it_goes_on(server: Samba) -> None:
    store = store_of(server)
    put(store)
    server.hang()
    try:
        with pytest.raises(VaultError, match="no answer in 5 s"):
            store.size(NAME)
    finally:
        server.go_on()
    assert content(store) == b"sealed"
