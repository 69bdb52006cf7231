"""Sessions with a Windows or Samba share: encrypted or not at all, and never waiting for ever.

The SMB library has no deadlines. So each call runs in a thread of its own, and one that takes too
long is given up: its connection is cut, which wakes the thread up, and the next call connects
anew. What is stored under which name is left to the callers, such as `SmbStore`.
"""

import errno
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import smbclient
import smbprotocol.exceptions as smb
from smbprotocol.header import NtStatus

from callvault.errors import ObjectMissing, VaultError

CONNECT_S = 10.0
"""How long a server has to accept a connection."""
DEADLINE_S = 30.0
"""How long one call may take: at 64 KiB a call that is far below what any share does."""
_SMB_PORT = 445

_T = TypeVar("_T")

logger = logging.getLogger(__name__)
for _noisy in ("smbprotocol", "spnego"):  # they tell each packet, user names with them
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class ShareAddress:
    r"""A folder of a share: `\\server\share\folder`."""

    server: str
    share: str
    folder: str = ""
    """Below the share, parts divided by a backslash; empty: the share itself."""
    port: int = _SMB_PORT

    @classmethod
    def parse(cls, text: str, *, port: int = _SMB_PORT) -> "ShareAddress":
        r"""Read `\\server\share\folder` or `//server/share/folder`. Raises ValueError.

        A server may be followed by a colon and its port.
        """
        parts = text.strip().replace("\\", "/").rstrip("/").split("/")
        if len(parts) < 4 or parts[:2] != ["", ""] or not all(parts[2:]):
            raise ValueError(r"a share is written \\server\share or \\server\share\folder")
        if {".", ".."} & set(parts):
            raise ValueError("a share's folder may not hold . or ..")
        server, _, own_port = parts[2].partition(":")
        if own_port and not (own_port.isdecimal() and 0 < int(own_port) < 65536 and server):
            raise ValueError("behind the colon stands the server's port, 1 to 65535")
        folder = "\\".join(parts[4:])
        return cls(server, parts[3], folder, int(own_port) if own_port else port)

    def path(self, *parts: str) -> str:
        """Return the full path of something below the folder."""
        inner = [self.folder, *parts] if self.folder else list(parts)
        return "\\".join([f"\\\\{self.server}\\{self.share}", *inner])

    def __str__(self) -> str:
        return self.path()


@dataclass(frozen=True, slots=True)
class Credentials:
    r"""Who signs in; `DOMAIN\user` or `user@domain` for a domain's users."""

    username: str
    password: str = field(repr=False)


class ShareFault(VaultError):
    """What is wrong with a share; `kind` is one of `KINDS`."""

    def __init__(self, message: str, kind: str = "other") -> None:
        super().__init__(message)
        self.kind = kind


class ShareInUse(ShareFault):
    """Another program has the file open in a way that forbids this; it may be tried again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "in_use")


class ShareDenied(ShareFault):
    """The share does not let this user do this."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "permission")


class ShareTaken(ShareFault):
    """There is something of this name already."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "taken")


class _Connections:
    """What is connected, until it is found dead; then all of it is replaced."""

    def __init__(self) -> None:
        self.cache: dict[str, Any] = {}
        self.lock = threading.Lock()
        self.has_worked = False

    def cut(self) -> None:
        """Close the sockets without asking the server, which may not answer."""
        for connection in list(self.cache.values()):
            with suppress(Exception):
                connection.disconnect(close=False)


class SmbSession:
    """Calls of one share by one user. May be used by several threads."""

    def __init__(
        self,
        address: ShareAddress,
        credentials: Credentials,
        *,
        deadline_s: float = DEADLINE_S,
        connect_s: float = CONNECT_S,
    ) -> None:
        """Connect at the first call."""
        self.address = address
        self._credentials = credentials
        self._deadline_s = deadline_s
        self._connect_s = connect_s
        self._connections = _Connections()

    def call(self, action: Callable[..., _T], *arguments: Any, doing: str, **options: Any) -> _T:
        """Call a function of `smbclient`, connected and signed in; `doing` is for the message.

        A connection that broke since it last worked is made anew, and the call repeated once:
        so only what may be done twice is called like this. Raises ObjectMissing, ShareInUse,
        ShareDenied, or another VaultError.
        """
        connections = self._connections
        had_worked = connections.has_worked
        try:
            return self._attempt(connections, action, arguments, options, doing)
        except _Broken as error:
            if not had_worked:
                raise ShareFault(str(error), error.kind) from error
        try:
            return self._attempt(self._connections, action, arguments, options, doing)
        except _Broken as error:
            raise ShareFault(str(error), error.kind) from error

    def on_open(self, action: Callable[..., _T], *arguments: Any, doing: str) -> _T:
        """Call a method of a file that `call` opened: never repeated, for its connection is it."""
        try:
            return self._watched(lambda: action(*arguments), self._connections, doing)
        except _Broken as error:
            raise ShareFault(str(error), error.kind) from error

    def close(self) -> None:
        """Close the connection; the next call opens one."""
        self._replace(self._connections)

    def _attempt(
        self,
        connections: _Connections,
        action: Callable[..., _T],
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        doing: str,
    ) -> _T:
        signed_in = {
            "username": self._credentials.username,
            "password": self._credentials.password,
            "port": self.address.port,
            "encrypt": True,
            "connection_timeout": self._connect_s,
            "connection_cache": connections.cache,
        }

        def connected() -> _T:
            with connections.lock:  # two threads would sign in twice
                smbclient.register_session(self.address.server, **signed_in)
            return action(*arguments, **options, **signed_in)

        return self._watched(connected, connections, doing)

    def _watched(self, work: Callable[[], _T], connections: _Connections, doing: str) -> _T:
        """Run `work` in a thread of its own; cut the connection if it takes too long."""
        outcome: _Outcome[_T] = _Outcome()
        worker = threading.Thread(target=outcome.run, args=(work,), daemon=True, name="smb call")
        worker.start()
        worker.join(self._deadline_s)
        what = f"cannot {doing} on {self.address}"
        if not outcome.ended:
            self._replace(connections)
            raise ShareFault(f"{what}: no answer in {self._deadline_s:.0f} s", "timeout")
        if outcome.error is None:
            connections.has_worked = True
            return outcome.value
        trouble = _explained(outcome.error, what)
        if isinstance(trouble, _Broken):
            self._replace(connections)
        raise trouble from outcome.error

    def _replace(self, connections: _Connections) -> None:
        if self._connections is connections:
            self._connections = _Connections()
        threading.Thread(target=connections.cut, daemon=True, name="smb cut").start()


class _Broken(ShareFault):
    """The connection is of no more use."""


class _Outcome(Generic[_T]):
    """What a thread came to."""

    def __init__(self) -> None:
        self.ended = False
        self.error: Exception | None = None
        self.value: _T

    def run(self, work: Callable[[], _T]) -> None:
        """Do it, and keep the result or the error for the thread that waits."""
        try:
            self.value = work()
        except Exception as error:  # raised again where it is waited for
            self.error = error
        self.ended = True


_REFUSED_SIGN_IN = (
    smb.SMBAuthenticationError,
    smb.LogonFailure,
    smb.WrongPassword,
    smb.PasswordExpired,
)
_NO_SHARE = ("share", "the server has no such share")
_BY_STATUS = {
    NtStatus.STATUS_BAD_NETWORK_NAME: _NO_SHARE,
    0xC0000225: _NO_SHARE,  # STATUS_NOT_FOUND, if it is asked by way of DFS
    NtStatus.STATUS_LOGON_FAILURE: ("credentials", "user name or password is wrong"),
    0xC00000A2: ("read_only", "the share is read-only"),
    NtStatus.STATUS_DISK_FULL: ("space", "the share is full"),
    0xC0000044: ("space", "the user's quota of the share is used up"),  # STATUS_QUOTA_EXCEEDED
}
KINDS = (
    "name", "share", "credentials", "permission", "read_only", "space", "encryption", "in_use",
    "taken", "unreachable", "timeout", "dropped", "other",
)  # fmt: skip
_DELETE_PENDING = 0xC0000056
_NAME_COLLISION = 0xC0000035
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
_GONE = {
    0xC0000203: "the server ended the session",  # STATUS_USER_SESSION_DELETED
    0xC000035C: "the server ended the session",  # STATUS_NETWORK_SESSION_EXPIRED
    0xC00000C9: "the server ended the session",  # STATUS_NETWORK_NAME_DELETED
    0xC0000128: "the server no longer knows the file",  # STATUS_FILE_CLOSED
}


def _explained(error: Exception, what: str) -> Exception:
    """Return our error for what the library raised; what is not the share's is left as it is."""
    status = getattr(error, "ntstatus", getattr(error, "status", None))
    number = error.errno if isinstance(error, OSError) else None
    if status in _GONE:
        return _Broken(f"{what}: {_GONE[status]}", "dropped")
    if status in _BY_STATUS:
        kind, said = _BY_STATUS[status]
        return ShareFault(f"{what}: {said}", kind)
    if number in _MISSING or status == _DELETE_PENDING:
        return ObjectMissing(what)
    if number == errno.EEXIST or status == _NAME_COLLISION:
        return ShareTaken(f"{what}: the name is taken")
    if status == NtStatus.STATUS_SHARING_VIOLATION:
        return ShareInUse(f"{what}: it is in use")
    if status == NtStatus.STATUS_ACCESS_DENIED:
        return ShareDenied(f"{what}: the user has no permission")
    if isinstance(error, _REFUSED_SIGN_IN):
        return ShareFault(f"{what}: user name or password is wrong", "credentials")
    return _explained_connection(error, what)


def _explained_connection(error: Exception, what: str) -> Exception:
    """Return our error for what is wrong below the share: name, network, encryption."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, socket.gaierror):
        return ShareFault(f"{what}: the server's name is not known", "name")
    if "encryption" in str(error).lower():
        told = f"{what}: the server offers no encryption, which is required"
        return ShareFault(told, "encryption")
    if isinstance(error, ValueError) and "Failed to connect" in str(error):
        return _Broken(f"{what}: the server cannot be reached", "unreachable")
    if isinstance(error, smb.SMBOSError):
        return ShareFault(f"{what}: {error.strerror}")
    if isinstance(error, smb.SMBException | OSError):
        return _Broken(f"{what}: the connection broke", "dropped")
    return error
