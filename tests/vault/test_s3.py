"""A bucket that is wrong, away, hung: said plainly, never waited for, and used again after."""

import random
from collections.abc import Iterator

import pytest

from callvault.errors import ObjectMissing, VaultError
from callvault.vault.s3 import Bucket, BucketStore
from tests.ports import free_ports
from tests.servers import seaweed
from tests.servers.seaweed import READER_KEY, Seaweed

NAME = "3f/a2/3fa2/audio.mp3"
DEADLINE_S = 5.0  # more than a busy machine needs for one call


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    with seaweed.running(tmp_path_factory.mktemp("weed")) as running:
        yield running


def store_of(bucket: Bucket) -> BucketStore:
    return BucketStore(bucket, deadline_s=DEADLINE_S, connect_s=DEADLINE_S)


def put(store: BucketStore, data: bytes = b"sealed") -> None:
    with store.create(NAME) as pending:
        pending.write(data)


def content(store: BucketStore) -> bytes:
    stored = store.open(NAME)
    try:
        return stored.read(0, stored.size)
    finally:
        stored.close()


def test_a_secret_key_is_not_shown() -> None:
    assert "secret" not in repr(Bucket("calls", "key", "secret"))


def test_objects_lie_in_the_folder_of_the_bucket(server: Seaweed) -> None:
    put(store_of(server.bucket("vault/a")))
    assert f"vault/a/{NAME}" in set(store_of(server.bucket()).list())
    with pytest.raises(ObjectMissing):
        store_of(server.bucket("vault/b")).open(NAME)


def test_a_large_object_is_read_in_any_order(server: Seaweed) -> None:
    store, data = store_of(server.bucket("large")), random.Random(1).randbytes(9_000_000)
    put(store, data)
    stored = store.open(NAME)
    assert stored.size == len(data)
    assert stored.read(8_999_990, 100) == data[-10:]
    read = b"".join(stored.read(at, 65_536) for at in range(0, len(data), 65_536))
    assert read == data
    assert stored.read(5, 3) == data[5:8]
    stored.close()


def test_an_object_that_was_replaced_is_not_read_as_a_mixture(server: Seaweed) -> None:
    store = store_of(server.bucket("replaced"))
    put(store, bytes(300_000))
    stored = store.open(NAME)
    put(store, b"\1" * 300_000)
    with pytest.raises(VaultError, match="it was replaced meanwhile") as caught:
        stored.read(200_000, 10)
    assert not caught.value.permanent
    stored.close()


@pytest.mark.parametrize("wrong", [{"access_key": "nobody"}, {"secret_key": "wrong"}])
def test_wrong_keys_are_said(wrong: dict[str, str], server: Seaweed) -> None:
    with pytest.raises(VaultError, match="access key or secret key is wrong") as caught:
        store_of(server.bucket(**wrong)).probe()
    assert not caught.value.permanent
    assert "Authorization" not in str(caught.value)


def test_a_key_that_may_only_read_is_said(server: Seaweed) -> None:
    with pytest.raises(VaultError, match="the access key has no permission"):
        store_of(server.bucket(access_key=READER_KEY)).probe()


def test_an_unknown_bucket_is_no_missing_object(server: Seaweed) -> None:
    store = store_of(Bucket("none", server.bucket().access_key, server.bucket().secret_key,
                            endpoint=server.endpoint))  # fmt: skip
    for look in (lambda: store.open(NAME), lambda: list(store.list())):
        with pytest.raises(VaultError, match="there is no such bucket") as caught:
            look()
        assert not isinstance(caught.value, ObjectMissing)


def test_an_unknown_server_is_said() -> None:
    store = store_of(Bucket("calls", "key", "secret", endpoint="http://store.invalid"))
    with pytest.raises(VaultError, match="the server's name is not known"):
        store.probe()


def test_a_server_that_is_away_is_said() -> None:
    (port,) = free_ports(1)
    store = store_of(Bucket("calls", "key", "secret", endpoint=f"http://127.0.0.1:{port}"))
    with pytest.raises(VaultError, match="the server cannot be reached"):
        store.probe()


@pytest.mark.parametrize(
    "endpoint", ["no address", "s3.example.com", "http://", "ftp://a", "http://a b"]
)
def test_what_is_no_address_is_said(endpoint: str) -> None:
    with pytest.raises(VaultError, match="an endpoint is written"):
        store_of(Bucket("calls", "key", "secret", endpoint=endpoint))


def test_a_hung_server_is_given_up_and_used_again_when_it_goes_on(server: Seaweed) -> None:
    store = store_of(server.bucket())
    put(store)
    server.hang()
    try:
        with pytest.raises(VaultError, match="no answer in time"):
            store.size(NAME)
    finally:
        server.go_on()
    assert content(store) == b"sealed"
