"""What every store must do. A new back end joins by one line in `make_store`."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import ObjectMissing
from callvault.vault import LocalStore, Store
from callvault.vault.s3 import BucketStore
from callvault.vault.smb import SmbStore
from callvault.vault.smb_session import ShareInUse, SmbSession
from callvault.vault.store import check_name, check_prefix
from tests.servers import samba, seaweed
from tests.vault.fakes import MemoryStore

NAME = "3f/a2/3fa2/audio.mp3"
BAD_NAMES = ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "A", "a b", "ä", "a\0", "a\n"]


@pytest.fixture(scope="module")
def share() -> Iterator[SmbSession]:
    with samba.running() as server:
        session = SmbSession(server.address(), server.credentials)
        yield session
        session.close()


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketStore]:
    with seaweed.running(tmp_path_factory.mktemp("weed")) as server:
        yield BucketStore(server.bucket("calls/of 2026"))


@pytest.fixture(params=["local", "memory", "smb", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    make_store: dict[str, Callable[[], Store]] = {
        "local": lambda: LocalStore(tmp_path / "vault"),
        "memory": MemoryStore,
        "smb": lambda: emptied(SmbStore(request.getfixturevalue("share"))),
        "s3": lambda: emptied(request.getfixturevalue("bucket")),
    }
    return make_store[request.param]()


def emptied(store: Store) -> Store:
    for name in store.list():
        store.delete(name)
    return store


def put(store: Store, name: str, data: bytes) -> None:
    with store.create(name) as pending:
        pending.write(data)


def content(store: Store, name: str) -> bytes:
    stored = store.open(name)
    try:
        return stored.read(0, stored.size)
    finally:
        stored.close()


def test_what_was_put_is_read_back(store: Store) -> None:
    put(store, NAME, b"sealed bytes")
    assert content(store, NAME) == b"sealed bytes"
    assert store.size(NAME) == 12


def test_an_object_is_written_piece_by_piece(store: Store) -> None:
    data = random.Random(1).randbytes(300_000)
    with store.create(NAME) as pending:
        assert [pending.write(data[i : i + 100_000]) for i in range(0, 300_000, 100_000)] == [
            100_000
        ] * 3
    assert content(store, NAME) == data


def test_an_empty_object_is_an_object(store: Store) -> None:
    put(store, NAME, b"")
    assert content(store, NAME) == b""
    assert list(store.list()) == [NAME]


def test_nothing_is_visible_before_the_end(store: Store) -> None:
    with store.create(NAME) as pending:
        pending.write(b"half")
        assert list(store.list()) == []
        with pytest.raises(ObjectMissing):
            store.open(NAME)


def test_an_error_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        put_half(store, NAME)
    assert list(store.list()) == []


def test_an_error_leaves_what_was_there_before(store: Store) -> None:
    put(store, NAME, b"before")
    with pytest.raises(ZeroDivisionError):
        put_half(store, NAME)
    assert content(store, NAME) == b"before"


def put_half(store: Store, name: str) -> None:
    with store.create(name) as pending:
        pending.write(b"half")
        raise ZeroDivisionError


def test_an_object_is_replaced_whole(store: Store) -> None:
    put(store, NAME, b"a longer one")
    put(store, NAME, b"short")
    assert content(store, NAME) == b"short"


def test_an_open_object_stays_as_it_was_when_it_is_replaced(store: Store) -> None:
    put(store, NAME, b"before")
    stored = store.open(NAME)
    with suppress(ShareInUse):  # a share refuses it: then whoever replaces tries again
        put(store, NAME, b"after, and longer")
    assert stored.read(0, 100) == b"before"
    stored.close()


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, 3, b"012"), (7, 3, b"789"), (8, 5, b"89"), (10, 1, b""), (99, 1, b""), (4, 0, b"")],
)
def test_a_range_is_cut_at_the_end(offset: int, length: int, expected: bytes, store: Store) -> None:
    put(store, NAME, b"0123456789")
    stored = store.open(NAME)
    assert stored.read(offset, length) == expected
    stored.close()


def test_closing_may_be_repeated(store: Store) -> None:
    put(store, NAME, b"x")
    stored = store.open(NAME)
    stored.close()
    stored.close()


@pytest.mark.parametrize("name", [NAME, "3f/a2/3fa2", "3f"])
def test_a_missing_object_is_named(name: str, store: Store) -> None:
    put(store, "3f/a2/3fa2/peaks", b"x")
    with pytest.raises(ObjectMissing, match=f"no object {name}$"):
        store.open(name)
    with pytest.raises(ObjectMissing, match=f"no object {name}$"):
        store.size(name)


def test_a_deleted_object_is_gone(store: Store) -> None:
    put(store, NAME, b"x")
    put(store, "3f/a2/3fa2/peaks", b"y")
    store.delete(NAME)
    assert list(store.list()) == ["3f/a2/3fa2/peaks"]


def test_deleting_is_repeatable(store: Store) -> None:
    put(store, NAME, b"x")
    store.delete(NAME)
    store.delete(NAME)
    store.delete("never/was/here")


def test_a_name_can_be_used_again_after_deletion(store: Store) -> None:
    put(store, NAME, b"one")
    store.delete(NAME)
    put(store, NAME, b"two")
    assert content(store, NAME) == b"two"


def test_the_list_has_the_names_below_a_prefix(store: Store) -> None:
    names = ["aa/bb/one/audio.mp3", "aa/bb/one/peaks", "aa/bb/oneandmore/peaks", "aa/cc/two/peaks"]
    for name in names:
        put(store, name, b"x")
    assert sorted(store.list()) == names
    assert sorted(store.list("aa/bb/")) == names[:3]
    assert sorted(store.list("aa/bb/one/")) == names[:2]
    assert list(store.list("zz/")) == []


def test_a_prefix_that_is_no_folder_is_a_mistake_of_the_caller(store: Store) -> None:
    with pytest.raises(ValueError, match="ending with a slash"):
        list(store.list("aa"))


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_could_leave_the_store_is_refused_everywhere(name: str, store: Store) -> None:
    for use in (store.open, store.size, store.delete, lambda bad: put(store, bad, b"x")):
        with pytest.raises(ValueError, match="object name"):
            use(name)
    assert list(store.list()) == []


def test_a_probe_leaves_nothing_behind(store: Store) -> None:
    store.probe()
    assert list(store.list()) == []


def test_free_space_is_a_number_or_unknown(store: Store) -> None:
    free = store.free_bytes()
    assert free is None or free > 0


def test_a_finished_object_is_not_taken_for_an_unfinished_one(store: Store) -> None:
    put(store, NAME, b"x")
    assert store.remove_unfinished(older_than_s=-1) == 0
    assert content(store, NAME) == b"x"


@given(st.text(max_size=40))
def test_a_name_is_either_safe_or_refused(name: str) -> None:
    try:
        check_name(name)
    except ValueError:
        return
    parts = name.split("/")
    assert all(part and not part.startswith(".") for part in parts)
    assert name == name.lower().strip()
    assert check_prefix(name + "/") == name + "/"
