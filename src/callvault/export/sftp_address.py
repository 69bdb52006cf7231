"""Where a server by SFTP keeps exports; apart from what speaks to it, which takes long to load."""

import posixpath
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PORT = 22


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A folder of a server: `sftp://server/folder`; with `/~/folder` below the user's own."""

    server: str
    folder: str
    port: int = PORT

    @classmethod
    def parse(cls, text: str, *, port: int = PORT) -> "SftpAddress":
        """Read it. Raises ValueError."""
        parts = urlsplit(text.strip())
        if parts.scheme != "sftp" or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("a folder by SFTP is written sftp://server/folder")
        if parts.username or parts.password:
            raise ValueError("user name and password do not belong into the address")
        folder = posixpath.normpath(unquote(parts.path) or "/")
        if ".." in folder.split("/"):
            raise ValueError("the folder may not hold ..")
        return cls(parts.hostname, folder, parts.port or port)

    @property
    def path(self) -> str:
        """The folder as the server takes it."""
        return self.folder.removeprefix("/~").lstrip("/") if self._is_own else self.folder

    @property
    def _is_own(self) -> bool:
        return self.folder == "/~" or self.folder.startswith("/~/")

    def __str__(self) -> str:
        return f"sftp://{self.server}{self.folder}"
