"""A connection to a directory server whose time and bytes are bounded, as a socket for libldap.

libldap waits for a TLS handshake without end (GnuTLS, whatever OPT_NETWORK_TIMEOUT says), and
tells of a certificate only that it is bad. So connecting, STARTTLS and TLS are done here, and
libldap speaks plain LDAP into one end of a socket pair. A thread carries bytes between both,
until the deadline, or until more came than is taken.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from .faults import SourceFault

MAX_INCOMING_BYTES = 512 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
MAX_STARTTLS_ANSWER_BYTES = 1024
# LDAPMessage 1, ExtendedRequest, requestName 1.3.6.1.4.1.1466.20037 (RFC 4511, section 4.14.1)
STARTTLS_REQUEST = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"


class Security(StrEnum):
    """How the connection is kept from being read."""

    LDAPS = "ldaps"
    STARTTLS = "starttls"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Server:
    """Where one directory server listens."""

    host: str
    port: int

    @classmethod
    def of(cls, uri: str) -> "Server":
        """Read ldap://HOST:PORT or ldaps://HOST:PORT. Raises ValueError on anything else."""
        parts = urlsplit(uri)
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
            raise ValueError(uri)
        if parts.username or parts.query or parts.fragment or parts.path not in ("", "/"):
            raise ValueError(uri)
        return cls(parts.hostname, parts.port or (636 if parts.scheme == "ldaps" else 389))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Channel:
    """One connection; `near` is the end that libldap gets. Close it when done."""

    def __init__(self, far: socket.socket, *, deadline: float) -> None:
        self._far = far
        self.near, self._inner = socket.socketpair()
        self._deadline = deadline
        self.is_over_time = False
        self.is_over_size = False
        self._pump = threading.Thread(target=self._carry, daemon=True)
        self._pump.start()

    def close(self) -> None:
        """End the connection and the thread; twice does no harm."""
        for one in (self.near, self._inner):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._pump.join(timeout=5)
        for one in (self.near, self._inner, self._far):
            with contextlib.suppress(OSError):
                one.close()

    def _carry(self) -> None:
        try:
            _carry_both(self._inner, self._far, self)
        except OSError:
            pass  # the peer is gone: libldap sees its end closed
        finally:
            for one in (self._inner, self._far):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def left_s(self) -> float:
        """Return the seconds that are left."""
        return self._deadline - time.monotonic()


def _carry_both(inner: socket.socket, far: socket.socket, channel: Channel) -> None:
    """Carry bytes both ways until one side ends, the time is over, or too much came."""
    received = 0
    far.settimeout(CARRY_TIMEOUT_S)
    while channel.left_s() > 0:
        pending = far.pending() if isinstance(far, ssl.SSLSocket) else 0
        wait_s = 0.0 if pending else min(1.0, channel.left_s())
        readable, _, _ = select.select([inner, far], [], [], max(0.0, wait_s))
        if inner in readable and not _move(inner.recv, far.sendall):
            return
        if pending or far in readable:
            count = _move(far.recv, inner.sendall)
            received += count
            channel.is_over_size = received > MAX_INCOMING_BYTES
            if not count or channel.is_over_size:
                return
    channel.is_over_time = True


CARRY_TIMEOUT_S = 10.0
"""A peer that reads or finishes a TLS record this slowly is given up."""


def _move(read: Callable[[int], bytes], write: Callable[[bytes], None]) -> int:
    data = read(CHUNK_BYTES)
    write(data)
    return len(data)


def open_channel(
    server: Server, security: Security, *, ca_pem: str, connect_s: float, deadline: float
) -> Channel:
    """Connect, and speak TLS as asked for. Raises SourceFault that says which step failed."""
    plain = _connect(server, connect_s)
    try:
        if security is Security.PLAIN:
            return Channel(plain, deadline=deadline)
        if security is Security.STARTTLS:
            _start_tls(plain, server)
        return Channel(_wrapped(plain, server, ca_pem), deadline=deadline)
    except BaseException:
        plain.close()
        raise


def _connect(server: Server, connect_s: float) -> socket.socket:
    try:
        connected = socket.create_connection((server.host, server.port), timeout=connect_s)
    except socket.gaierror as error:
        raise SourceFault("name_unknown", server=str(server), host=server.host) from error
    except TimeoutError as error:
        raise SourceFault("silent", server=str(server)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceFault("unreachable", server=str(server), reason=reason) from error
    return connected


def _wrapped(plain: socket.socket, server: Server, ca_pem: str) -> ssl.SSLSocket:
    try:
        context = ssl.create_default_context(cadata=ca_pem or None)
        return context.wrap_socket(plain, server_hostname=server.host)
    except ssl.SSLCertVerificationError as error:
        raise _mistrusted(error, server) from error
    except TimeoutError as error:
        raise SourceFault("tls_silent", server=str(server)) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise SourceFault("tls_failed", server=str(server), reason=str(reason)) from error


def _mistrusted(error: ssl.SSLCertVerificationError, server: Server) -> SourceFault:
    """Tell an expired certificate, a wrong name and an unknown authority from each other."""
    codes = {10: "tls_expired", 9: "tls_not_yet", 62: "tls_name", 64: "tls_name"}  # X509_V_ERR_*
    code = codes.get(error.verify_code, "tls_untrusted")
    return SourceFault(code, server=str(server), host=server.host, reason=error.verify_message)


def _start_tls(plain: socket.socket, server: Server) -> None:
    """Ask for TLS; read no byte beyond the answer, so that none sent in clear counts later."""
    try:
        plain.sendall(STARTTLS_REQUEST)
        code = starttls_result(_message(plain))
    except TimeoutError as error:
        raise SourceFault("silent", server=str(server)) from error
    except (OSError, ValueError) as error:
        raise SourceFault("starttls_refused", server=str(server), reason=str(error)) from error
    if code != 0:
        raise SourceFault("starttls_refused", server=str(server), reason=f"result {code}")


def _message(plain: socket.socket) -> bytes:
    """Read one BER element whole, and nothing of what follows it."""
    head = _exactly(plain, 2)
    length, more = head[1], b""
    if length & 0x80:
        more = _exactly(plain, min(length & 0x7F, 4))
        length = int.from_bytes(more, "big")
    if length > MAX_STARTTLS_ANSWER_BYTES:
        raise ValueError("answer too long")
    return _exactly(plain, length)


def _exactly(plain: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        chunk = plain.recv(count - len(data))
        if not chunk:
            raise ValueError("connection closed")
        data += chunk
    return data


def starttls_result(body: bytes) -> int:
    """Return the result code in the body of an answer (RFC 4511, section 4.2.2).

    Raises ValueError on what is no ExtendedResponse to our request.
    """
    # messageID 1, then [APPLICATION 24] with resultCode ENUMERATED first
    if body[:3] != b"\x02\x01\x01" or body[3:4] != b"\x78" or len(body) < 8:
        raise ValueError("no answer to StartTLS")
    start = 5 + (body[4] & 0x7F if body[4] & 0x80 else 0)
    if body[start : start + 2] != b"\x0a\x01" or len(body) < start + 3:
        raise ValueError("no answer to StartTLS")
    return body[start + 2]
