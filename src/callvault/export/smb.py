"""Exports to a Windows or Samba share: encrypted on the way, never waiting for ever.

A file gets its name through the handle that wrote it: a user who may write and not delete can do
that, where opening the file once more to rename it would be refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import smbclient
from smbprotocol.file_info import FileInformationClass, FileRenameInformation, InfoType
from smbprotocol.open import FilePipePrinterAccessMask as Access
from smbprotocol.open import SMB2SetInfoRequest

from callvault.errors import ObjectMissing, VaultError
from callvault.vault.smb_session import ShareFault, ShareTaken, SmbSession

from .target import FaultKind, NameTaken, NotThere, TargetFault

_PIECE_BYTES = 1 << 20
_TO_WRITE_AND_NAME = (
    Access.FILE_WRITE_DATA
    | Access.FILE_APPEND_DATA
    | Access.FILE_READ_ATTRIBUTES
    | Access.FILE_WRITE_ATTRIBUTES
    | Access.DELETE
    | Access.SYNCHRONIZE
)


class SmbTarget:
    """An `ExportTarget` in a folder of a share."""

    def __init__(self, session: SmbSession) -> None:
        """Use the session's folder; it is made with the first file."""
        self._session = session

    def create(self, folder: str, temporary: str) -> "SmbTargetFile":
        """See `ExportTarget.create`."""
        path = self._path(folder, temporary)
        # Nobody else may open it: two that write it at once would mix their bytes.
        opened = {"mode": "wb", "buffering": 0, "desired_access": _TO_WRITE_AND_NAME}
        with _faults():
            try:
                file = self._session.call(smbclient.open_file, path, doing="write a file", **opened)
            except ObjectMissing:
                self._make_folder(folder)
                file = self._session.call(smbclient.open_file, path, doing="write a file", **opened)
        return SmbTargetFile(self._session, path, file)

    def _make_folder(self, folder: str) -> None:
        path = self._path(folder) if folder else str(self._session.address)
        self._session.call(smbclient.makedirs, path, doing="make a folder", exist_ok=True)

    def read(self, folder: str, name: str) -> Iterator[bytes]:
        """See `ExportTarget.read`."""
        path, doing = self._path(folder, name), f"read {_shown(name)}"
        opened: dict[str, Any] = {"mode": "rb", "buffering": 0, "share_access": "rwd"}
        with _faults():
            file = self._session.call(smbclient.open_file, path, doing=doing, **opened)
            try:
                while piece := self._session.on_open(file.read, _PIECE_BYTES, doing=doing):
                    yield piece
            finally:
                _close(self._session, file)

    def append(self, folder: str, name: str, data: bytes) -> None:
        """See `ExportTarget.append`."""
        path, doing = self._path(folder, name), f"add to {_shown(name)}"
        with _faults():
            file = self._session.call(
                smbclient.open_file, path, doing=doing, mode="ab", buffering=0, share_access="r"
            )
            try:
                _write_all(self._session, file, data, doing)
                self._session.on_open(file.fd.flush, doing=doing)
            finally:
                _close(self._session, file)

    def remove(self, folder: str, name: str) -> None:
        """See `ExportTarget.remove`."""
        with _faults(), suppress(ObjectMissing):
            self._session.call(smbclient.remove, self._path(folder, name), doing="remove a file")

    def close(self) -> None:
        """See `ExportTarget.close`."""
        self._session.close()

    def _path(self, folder: str, name: str = "") -> str:
        parts = [part for part in (*folder.split("/"), name) if part]
        return self._session.address.path(*parts)


class SmbTargetFile:
    """A file of a share in the making."""

    def __init__(self, session: SmbSession, path: str, file: Any) -> None:
        """Take over `file`, which is at `path`."""
        self._session, self._path, self._file = session, path, file

    def write(self, data: bytes, /) -> None:
        """See `TargetFile.write`."""
        with _faults():
            _write_all(self._session, self._file, data, "write a file")

    def name(self, name: str, *, over: bool = False) -> None:
        """See `TargetFile.name`."""
        with _faults():
            self._session.on_open(self._file.fd.flush, doing=f"write {_shown(name)}")
            doing = f"give {_shown(name)} its name"
            self._session.on_open(_rename, self._file, name, over, doing=doing)
            file, self._file = self._file, None
            _close(self._session, file)

    def discard(self) -> None:
        """See `TargetFile.discard`."""
        file, self._file = self._file, None
        if file is None:
            return
        _close(self._session, file)
        with _faults(), suppress(ObjectMissing):
            self._session.call(smbclient.remove, self._path, doing="remove a file")


def _rename(file: Any, name: str, over: bool) -> None:  # noqa: FBT001 - called by position
    """Rename an open file within its folder ([MS-FSCC] 2.4.42, by SMB2 SET_INFO)."""
    fd = file.fd
    path: str = fd.file_name.rpartition("\\")[0]
    root = str(fd.tree_connect.share_name)[2:]
    if fd.tree_connect.is_dfs_share and path.startswith(root):  # a new name stands without it
        path = path[len(root) :].lstrip("\\")
    information = FileRenameInformation()
    information["replace_if_exists"] = over
    information["file_name"] = f"{path}\\{name}" if path else name
    request = SMB2SetInfoRequest()
    request["info_type"] = InfoType.SMB2_0_INFO_FILE
    request["file_info_class"] = FileInformationClass.FILE_RENAME_INFORMATION
    request["file_id"] = fd.file_id
    request["buffer"] = information
    tree = fd.tree_connect
    sent = fd.connection.send(request, tree.session.session_id, tree.tree_connect_id)
    fd.connection.receive(sent)


def _write_all(session: SmbSession, file: Any, data: bytes, doing: str) -> None:
    view = memoryview(data)
    while view:
        piece = bytes(view[:_PIECE_BYTES])
        view = view[session.on_open(file.write, piece, doing=doing) :]


def _close(session: SmbSession, file: Any) -> None:
    try:
        session.on_open(file.close, doing="close a file")
    except VaultError:
        file.fd._connected = False  # the handle died with its connection: nothing is left open


def _shown(name: str) -> str:
    """Return what of a file's name may stand in a message: no telephone number."""
    return name.partition("_")[0] if name[:1].isdigit() else name


@contextmanager
def _faults() -> Iterator[None]:
    """Say it as a target's fault."""
    try:
        yield
    except ShareTaken as taken:
        raise NameTaken(str(taken)) from taken
    except ShareFault as fault:
        raise TargetFault(str(fault), FaultKind(fault.kind)) from fault
    except ObjectMissing as missing:
        raise NotThere(str(missing)) from missing
