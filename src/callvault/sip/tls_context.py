"""What TLS is spoken with: certificate, key, and whom we trust, read from files.

Reading is all or nothing: a file that cannot be used raises, and what was read before stays in
use. Connections keep what they began with.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ClientCertificate = Literal["off", "optional", "required"]

_VERIFY = {
    "off": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


class TlsFilesBroken(OSError):
    """Certificate, key or authorities cannot be used; the message names the file."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where everything lies, and whether peers must show a certificate."""

    certificate: Path  # PEM, with the chain after it
    key: Path  # PEM, unencrypted
    peers: Path | None = None  # PEM: authorities, or the certificates of peers themselves
    client_certificate: ClientCertificate = "off"

    def fingerprint(self) -> tuple[tuple[int, int, int], ...]:
        """Return what changes when a file is replaced or written."""
        files = (self.certificate, self.key, *([self.peers] if self.peers else []))
        return tuple(_fingerprint(file) for file in files)


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """What new connections are made with."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def load_contexts(files: TlsFiles) -> TlsContexts:
    """Read all files. Raises TlsFilesBroken."""
    server, client = (
        _context(files, protocol) for protocol in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)
    )
    server.verify_mode = _VERIFY[files.client_certificate]
    # Peers are known by address, not by a host name: who it is, is asked of the trunks later.
    client.check_hostname = False
    client.verify_mode = ssl.CERT_REQUIRED if files.peers else ssl.CERT_NONE
    return TlsContexts(server, client)


def _context(files: TlsFiles, protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    # The certificate of a peer itself, without its authority, may be what is trusted.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except (OSError, ValueError) as error:
        pair = f"{files.certificate} and {files.key}"
        raise TlsFilesBroken(f"{pair} cannot be used: {_reason(error)}") from None
    if files.peers is not None:
        try:
            context.load_verify_locations(files.peers)
        except (OSError, ValueError) as error:
            raise TlsFilesBroken(f"{files.peers} cannot be used: {_reason(error)}") from None
    return context


def _no_password() -> str:
    """Refuse an encrypted key: the default would ask on the terminal, and wait."""
    raise ValueError("the key is encrypted")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").lower().replace("_", " ")
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _fingerprint(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)
