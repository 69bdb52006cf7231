"""Exports to a server by SFTP: its key is known before a password goes, and nothing waits for ever.

asyncssh runs in a loop of its own, in a thread; each call has a deadline, after which the
connection is given up and the next call opens another.
"""

import asyncio
import logging
import posixpath
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncssh

from .sftp_address import SftpAddress
from .target import FaultKind, NameTaken, NotThere, TargetFault

CONNECT_S = 10.0
DEADLINE_S = 30.0
_END_S = 2.0
_PIECE_BYTES = 1 << 20
_LEFT_BYTES = 1 << 20
"""With less than this a server that just says "failure" is full: SFTP 3 has no word for that."""

_T = TypeVar("_T")
logging.getLogger("asyncssh").setLevel(logging.CRITICAL)  # it tells user names and files


@dataclass(frozen=True, slots=True)
class SftpCredentials:
    """Who signs in, by password or key, to a server of this fingerprint (`SHA256:…`)."""

    username: str
    fingerprint: str
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)


def check_private_key(text: str) -> None:
    """Raise ValueError unless this is a private key without a passphrase."""
    try:
        asyncssh.import_private_key(text)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise ValueError("no private key, or one with a passphrase") from error


def fingerprint_of(address: SftpAddress) -> str:
    """Ask a server for its key, and return the fingerprint. Raises TargetFault."""

    async def ask() -> str:
        key = await asyncio.wait_for(
            asyncssh.get_server_host_key(address.server, address.port, config=None), CONNECT_S
        )
        return "" if key is None else key.get_fingerprint()

    with _faults(f"cannot reach {address}"):
        return asyncio.run(ask())


class _KnownServer(asyncssh.SSHClient):
    """Goes on only with the server whose fingerprint is known."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Whether it is that server; asked since no keys are given as trusted."""
        return bool(self._fingerprint) and key.get_fingerprint() == self._fingerprint


class SftpTarget:
    """An `ExportTarget` in a folder of a server."""

    def __init__(
        self, address: SftpAddress, credentials: SftpCredentials, *, deadline_s: float = DEADLINE_S
    ) -> None:
        """Connect at the first call."""
        self._address, self._credentials = address, credentials
        self._deadline_s = deadline_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="sftp")
        self._thread.start()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    def create(self, folder: str, temporary: str) -> "SftpTargetFile":
        """See `ExportTarget.create`."""
        path = self._path(folder, temporary)

        async def begin(sftp: asyncssh.SFTPClient) -> Any:
            try:
                return await sftp.open(path, "wb")
            except asyncssh.SFTPNoSuchFile:
                await sftp.makedirs(posixpath.dirname(path) or ".", exist_ok=True)
                return await sftp.open(path, "wb")

        return SftpTargetFile(self, path, self.call(begin, doing="write a file"))

    def read(self, folder: str, name: str) -> Iterator[bytes]:
        """See `ExportTarget.read`."""
        path = self._path(folder, name)
        file = self.call(lambda sftp: sftp.open(path, "rb"), doing="read a file")
        try:
            offset = 0
            while piece := self.on_open(file.read(_PIECE_BYTES, offset), doing="read a file"):
                yield piece
                offset += len(piece)
        finally:
            with suppress(TargetFault):
                self.on_open(file.close(), doing="close a file")

    def append(self, folder: str, name: str, data: bytes) -> None:
        """See `ExportTarget.append`."""
        path = self._path(folder, name)

        async def add(sftp: asyncssh.SFTPClient) -> None:
            async with sftp.open(path, "ab") as file:
                await file.write(data)
                await _sync(file)

        self.call(add, doing="add to a file")

    def remove(self, folder: str, name: str) -> None:
        """See `ExportTarget.remove`."""
        path = self._path(folder, name)
        with suppress(NotThere):
            self.call(lambda sftp: sftp.remove(path), doing="remove a file")

    def close(self) -> None:
        """See `ExportTarget.close`."""
        if self._loop.is_closed():
            return
        connection, self._connection, self._sftp = self._connection, None, None
        ending = asyncio.run_coroutine_threadsafe(_ended(connection), self._loop)
        with suppress(TimeoutError):
            ending.result(_END_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()

    def call(self, action: Callable[[asyncssh.SFTPClient], Any], *, doing: str) -> Any:
        """Do something, connected; raises TargetFault."""

        async def connected() -> Any:
            if self._sftp is None:
                await self._connect()
            assert self._sftp is not None  # noqa: S101 - just connected
            return await action(self._sftp)

        return self.on_open(connected(), doing=doing)

    def on_open(self, doing_it: Coroutine[Any, Any, _T], *, doing: str) -> _T:
        """Do something with a file that is open: over with its connection."""
        with _faults(f"cannot {doing} on {self._address}"):
            waited = asyncio.run_coroutine_threadsafe(
                asyncio.wait_for(doing_it, self._deadline_s), self._loop
            )
            try:
                return waited.result()
            except (TimeoutError, OSError, asyncssh.Error) as error:
                if not _is_answer(error):
                    self._give_up()
                raise

    def is_full(self) -> bool:
        """Whether hardly anything fits any more, as far as the server tells."""
        path = self._address.path or "."
        try:
            told = self.call(lambda sftp: sftp.statvfs(path), doing="ask for the free space")
        except TargetFault:
            return False
        return bool(told.bavail * told.frsize < _LEFT_BYTES)

    async def _connect(self) -> None:
        who = self._credentials
        keys = [asyncssh.import_private_key(who.private_key)] if who.private_key else None
        self._connection = await asyncssh.connect(
            self._address.server,
            self._address.port,
            username=who.username,
            password=who.password or None,
            client_keys=keys,
            agent_path=None,
            config=None,
            known_hosts=([], [], []),
            client_factory=lambda: _KnownServer(who.fingerprint),
            connect_timeout=CONNECT_S,
            login_timeout=CONNECT_S,
        )
        self._sftp = await self._connection.start_sftp_client()

    def _give_up(self) -> None:
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            self._loop.call_soon_threadsafe(connection.abort)

    def _path(self, folder: str, name: str) -> str:
        return posixpath.join(self._address.path, *folder.split("/"), name)


class SftpTargetFile:
    """A file of a server in the making."""

    def __init__(self, target: SftpTarget, path: str, file: Any) -> None:
        """Take over `file`, which is at `path`."""
        self._target, self._path, self._file = target, path, file

    def write(self, data: bytes, /) -> None:
        """See `TargetFile.write`."""
        view = memoryview(data)
        while view:
            piece, view = bytes(view[:_PIECE_BYTES]), view[_PIECE_BYTES:]
            with self._saying_full():
                self._target.on_open(self._file.write(piece), doing="write a file")

    def name(self, name: str, *, over: bool = False) -> None:
        """See `TargetFile.name`."""
        file, path = self._file, posixpath.join(posixpath.dirname(self._path), name)
        with self._saying_full():
            self._target.on_open(_finished(file), doing="write a file")
        self._file = None
        temporary = self._path

        async def give(sftp: asyncssh.SFTPClient) -> None:
            if over:
                await sftp.posix_rename(temporary, path)
                return
            try:
                await sftp.rename(temporary, path)
            except asyncssh.SFTPError:
                if await sftp.exists(path):
                    raise asyncssh.SFTPFileAlreadyExists("") from None
                raise

        try:
            self._target.call(give, doing="give a file its name")
        except TargetFault:
            self._file = _NAMELESS
            raise
        self._path = ""

    def discard(self) -> None:
        """See `TargetFile.discard`."""
        file, path = self._file, self._path
        self._file, self._path = None, ""
        if file is not None and file is not _NAMELESS:
            with suppress(TargetFault):
                self._target.on_open(file.close(), doing="close a file")
        if path:
            with suppress(NotThere):
                self._target.call(lambda sftp: sftp.remove(path), doing="remove a file")

    @contextmanager
    def _saying_full(self) -> Iterator[None]:
        try:
            yield
        except TargetFault as fault:
            if fault.kind is FaultKind.OTHER and self._target.is_full():
                raise TargetFault(str(fault), FaultKind.SPACE) from fault
            raise


_NAMELESS = object()
"""In place of a file that is whole and closed, and has no name yet."""


async def _ended(connection: asyncssh.SSHClientConnection | None) -> None:
    if connection is not None:
        connection.abort()
        await connection.wait_closed()
    for _turn in range(2):  # sockets are closed by calls that are due next
        await asyncio.sleep(0)


async def _finished(file: Any) -> None:
    await _sync(file)
    await file.close()


async def _sync(file: Any) -> None:
    with suppress(asyncssh.SFTPOpUnsupported):  # an extension of OpenSSH
        await file.fsync()


def _is_answer(error: Exception) -> bool:
    """Whether the server answered so: the connection is well."""
    broken = asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection
    return isinstance(error, asyncssh.SFTPError) and not isinstance(error, broken)


_KINDS: tuple[tuple[type[Exception], FaultKind, str], ...] = (
    (TimeoutError, FaultKind.TIMEOUT, "no answer in time"),
    (socket.gaierror, FaultKind.NAME, "the server's name is not known"),
    (asyncssh.HostKeyNotVerifiable, FaultKind.HOST_KEY, "the server's key is another one"),
    (asyncssh.PermissionDenied, FaultKind.CREDENTIALS, "user name, password or key is wrong"),
    (asyncssh.KeyExchangeFailed, FaultKind.ENCRYPTION, "no encryption that both sides know"),
    (asyncssh.SFTPPermissionDenied, FaultKind.PERMISSION, "the user has no permission"),
    (asyncssh.SFTPWriteProtect, FaultKind.READ_ONLY, "it is read-only"),
    (asyncssh.SFTPNoSpaceOnFilesystem, FaultKind.SPACE, "it is full"),
    (asyncssh.SFTPQuotaExceeded, FaultKind.SPACE, "the user's quota is used up"),
    (asyncssh.SFTPLockConflict, FaultKind.IN_USE, "it is in use"),
    (asyncssh.SFTPConnectionLost, FaultKind.DROPPED, "the connection broke"),
    (asyncssh.SFTPNoConnection, FaultKind.DROPPED, "the connection broke"),
    (asyncssh.SFTPError, FaultKind.OTHER, "the server refused it"),
    (asyncssh.Error, FaultKind.DROPPED, "the connection broke"),
    (ConnectionResetError, FaultKind.DROPPED, "the connection broke"),
    (OSError, FaultKind.UNREACHABLE, "the server cannot be reached"),
)


@contextmanager
def _faults(what: str) -> Iterator[None]:
    """Say it as a target's fault."""
    try:
        yield
    except asyncssh.SFTPFileAlreadyExists as taken:
        raise NameTaken(f"{what}: the name is taken") from taken
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as missing:
        raise NotThere(what) from missing
    except (OSError, TimeoutError, asyncssh.Error) as error:
        kind, told = next((kind, said) for one, kind, said in _KINDS if isinstance(error, one))
        raise TargetFault(f"{what}: {told}", kind) from error
