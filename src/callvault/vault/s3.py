"""Sealed objects in a bucket that speaks S3: put whole, read by ranges.

An object is visible when its upload is complete, and not before: the store itself is the commit.
What is written is gathered in a temporary file, sealed like everything here. A replaced object is
never mixed with the one before: each range asks for the version that was opened.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError, PreconditionError
from obstore.store import S3Store

from callvault.errors import ObjectMissing, VaultError
from callvault.vault.store import Writable, check_name, check_prefix, probe_by_use

if TYPE_CHECKING:
    from obstore.store import ClientConfig

CONNECT_S = 10.0
"""How long a server has to accept a connection."""
DEADLINE_S = 60.0
"""How long one request may take, of at most 8 MiB."""
_PART_BYTES = 8 << 20
_HEAD_BYTES = 128 << 10  # of an object, fetched when it is opened: most are smaller
_AHEAD_BYTES = 1 << 20  # fetched at once by who reads on
_AT_ONCE = 2  # parts of an upload

_ENDPOINT = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[\w./~-]*)?")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, or a folder of it, and how to come to it."""

    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    endpoint: str = ""
    """Address with scheme; empty: AWS, by the region."""
    region: str = "us-east-1"
    prefix: str = ""
    """Folder in the bucket, without a slash at its ends; empty: the bucket itself."""
    path_style: bool = True
    """Whether the bucket stands in the path of addresses, or in the name of the host."""
    ca_pem: str = ""
    """Certificates of who signed the server's; empty: those that this machine trusts."""

    def __str__(self) -> str:
        return f"bucket {self.bucket}" + (f", folder {self.prefix}" if self.prefix else "")


class BucketStore:
    """A `Store` in a bucket. May be used by several threads; not in a process forked from ours."""

    def __init__(
        self, bucket: Bucket, *, deadline_s: float = DEADLINE_S, connect_s: float = CONNECT_S
    ) -> None:
        """Connect at the first call. Raises VaultError for what can be no bucket."""
        check_endpoint(bucket.endpoint)
        self._bucket = bucket
        client: ClientConfig = {
            "timeout": timedelta(seconds=deadline_s),
            "connect_timeout": timedelta(seconds=connect_s),
            "allow_http": bucket.endpoint.startswith("http://"),
        }
        if bucket.ca_pem:
            client["root_certificate"] = bucket.ca_pem
        options: dict[str, Any] = {"endpoint": bucket.endpoint} if bucket.endpoint else {}
        try:
            self._remote = S3Store(
                bucket.bucket,
                prefix=bucket.prefix or None,
                region=bucket.region,
                access_key_id=bucket.access_key,
                secret_access_key=bucket.secret_key,
                virtual_hosted_style_request=not bucket.path_style,
                client_options=client,
                retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=deadline_s)},
                **options,
            )
        except (BaseError, ValueError, TypeError) as error:
            raise VaultError(f"{bucket} cannot be used: {_first_line(error)}") from error

    @contextmanager
    def create(self, name: str) -> Iterator[Writable]:
        """See `Store.create`."""
        check_name(name)
        with tempfile.SpooledTemporaryFile(max_size=_PART_BYTES) as gathered:
            yield _Gathered(gathered, name)
            gathered.seek(0)
            self._call(
                f"create {name}",
                lambda: obstore.put(
                    self._remote, name, gathered, chunk_size=_PART_BYTES, max_concurrency=_AT_ONCE
                ),
            )

    def open(self, name: str) -> "BucketObject":
        """See `Store.open`."""
        check_name(name)
        return BucketObject(self, name, *self._head(name, _HEAD_BYTES))

    def size(self, name: str) -> int:
        """See `Store.size`."""
        check_name(name)
        return self._head(name, 1)[1]

    def delete(self, name: str) -> None:
        """See `Store.delete`."""
        check_name(name)
        try:
            self._call(f"delete {name}", lambda: obstore.delete(self._remote, name))
        except ObjectMissing:
            return

    def list(self, prefix: str = "") -> Iterator[str]:
        """See `Store.list`."""
        below = check_prefix(prefix).rstrip("/") or None
        chunks = obstore.list(self._remote, prefix=below)
        while chunk := self._call(f"list {prefix or 'objects'}", lambda: next(chunks, None)):
            for one in chunk:
                yield str(one["path"])

    def probe(self) -> None:
        """See `Store.probe`."""
        probe_by_use(self, self._bucket)

    def free_bytes(self) -> None:
        """See `Store.free_bytes`: a bucket has no limit that it tells."""

    def remove_unfinished(self, *, older_than_s: float) -> int:
        """See `Store.remove_unfinished`: parts of uploads that broke off are the bucket's.

        They are no objects, and a rule of the bucket's life cycle takes them away.
        """
        return 0

    def read(self, name: str, offset: int, length: int, e_tag: str | None) -> bytes:
        """Return a range of the version that was opened."""
        options: dict[str, Any] = {"range": (offset, offset + length)}
        if e_tag is not None:
            options["if_match"] = e_tag
        return self._call(
            f"read {name}",
            lambda: bytes(obstore.get(self._remote, name, options=options).bytes()),  # type: ignore[arg-type]
        )

    def _head(self, name: str, length: int) -> tuple[bytes, int, str | None]:
        """Return the first bytes of an object, its size and its version."""

        def fetch() -> tuple[bytes, int, str | None]:
            found = obstore.get(self._remote, name, options={"range": (0, length)})
            return bytes(found.bytes()), int(found.meta["size"]), found.meta["e_tag"]

        try:
            return self._call(f"open {name}", fetch)
        except _Empty:
            return b"", 0, None
        except ObjectMissing as error:
            raise ObjectMissing(f"no object {name}") from error

    def _call(self, doing: str, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except (BaseError, OSError) as error:
            raise _explained(error, f"cannot {doing} in {self._bucket}") from error


class BucketObject:
    """An object of a bucket. What is read on is fetched in larger pieces."""

    def __init__(
        self, store: BucketStore, name: str, head: bytes, size: int, e_tag: str | None
    ) -> None:
        self.size = size
        self._store = store
        self._name = name
        self._e_tag = e_tag
        self._pieces: list[tuple[int, bytes]] = [(0, head)]  # the head, and what was read last

    def read(self, offset: int, length: int) -> bytes:
        """See `StoredObject.read`."""
        wanted = max(0, min(length, self.size - offset))
        if not wanted:
            return b""
        for start, piece in self._pieces:
            if start <= offset and offset + wanted <= start + len(piece):
                return piece[offset - start : offset - start + wanted]
        last_start, last = self._pieces[-1]
        reads_on = last_start <= offset <= last_start + len(last)
        fetched = min(max(wanted, _AHEAD_BYTES), self.size - offset) if reads_on else wanted
        data = self._store.read(self._name, offset, fetched, self._e_tag)
        if len(data) != fetched:
            raise VaultError(f"{self._name}: {len(data)} bytes came of {fetched}")
        self._pieces[1:] = [(offset, data)]
        return data[:wanted]

    def close(self) -> None:
        """See `StoredObject.close`."""
        del self._pieces[1:]


class _Gathered:
    """Takes what is written until the object is complete."""

    def __init__(self, file: "IO[bytes]", name: str) -> None:
        self._file = file
        self._name = name

    def write(self, data: bytes, /) -> int:
        """Keep all of `data`."""
        try:
            return self._file.write(data)
        except OSError as error:
            reason = f"cannot gather {self._name} in {tempfile.gettempdir()}"
            raise VaultError(f"{reason}: {error.strerror}") from error


class _Empty(VaultError):
    """The object is there and has no bytes: no range of it can be served."""


_BY_CODE = {
    "NoSuchBucket": "there is no such bucket",
    "InvalidAccessKeyId": "access key or secret key is wrong",
    "SignatureDoesNotMatch": "access key or secret key is wrong",
    "AccessDenied": "the access key has no permission",
    "AllAccessDisabled": "the access key has no permission",
    "AuthorizationHeaderMalformed": "the region is wrong",
    "PermanentRedirect": "the bucket lies in another region",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "QuotaExceeded": "the bucket is full",
    "InsufficientStorage": "the bucket is full",
    "SlowDown": "the server asks to go slower",
}
_BY_TEXT = (
    ("416 Range Not Satisfiable", ""),
    ("dns error", "the server's name is not known"),
    ("failed to lookup", "the server's name is not known"),
    ("certificate", "the server's certificate is not trusted"),
    ("kind: Timeout", "no answer in time"),
    ("TimedOut", "no answer in time"),
    ("kind: Connect", "the server cannot be reached"),
    ("507 Insufficient Storage", "the bucket is full"),
    ("403 Forbidden", "the access key has no permission"),
)


def check_endpoint(endpoint: str) -> None:
    """Raise VaultError for what is no address: the library does not survive it."""
    if endpoint and not _ENDPOINT.fullmatch(endpoint):
        raise VaultError("an endpoint is written https://s3.example.com or http://192.0.2.9:9000")


def _explained(error: Exception, what: str) -> VaultError:
    """Return our error for what the library raised. It tells much, of which most is for no log."""
    text = str(error)
    code = re.search(r"<Code>(\w+)</Code>", text)
    reason = _BY_CODE.get(code[1], "") if code else ""
    if not reason and isinstance(error, FileNotFoundError):
        return ObjectMissing(what)
    if isinstance(error, PreconditionError):
        reason = "it was replaced meanwhile"
    if not reason:
        found = [(mark, told) for mark, told in _BY_TEXT if mark.lower() in text.lower()]
        if found and not found[0][1]:
            return _Empty(what)
        reason = found[0][1] if found else ""
    return VaultError(f"{what}: {reason or (code[1] if code else 'the connection broke')}")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
