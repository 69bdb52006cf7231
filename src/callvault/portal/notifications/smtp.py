"""Hands one message to a mail server (RFC 5321), and says exactly where it ended if it did."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from .faults import MailFault

MAX_SAID = 300


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in, and how. The password is nowhere else in the open."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    checks_certificate: bool
    username: str
    password: str
    timeout_s: float  # of the whole delivery

    def __repr__(self) -> str:
        return f"<Server {self.host}:{self.port}>"


def deliver(server: Server, message: EmailMessage) -> None:
    """Deliver. Raises MailFault."""
    with _explained(), _connected(server) as connection:
        if server.username:
            _log_in(connection, server)
        connection.send_message(message)


def _log_in(connection: smtplib.SMTP, server: Server) -> None:
    try:
        connection.login(server.username, server.password)
    except smtplib.SMTPNotSupportedError as error:
        raise MailFault("no_login", _short(str(error))) from error


@contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    """Connect and encrypt. A server that answers byte by byte is cut off after the time-out."""
    context = _context(server)
    connection: smtplib.SMTP
    # By default smtplib asks DNS for our name, which may be away.
    own_name, patience_s = socket.gethostname(), server.timeout_s + 1
    if server.security == "tls":
        connection = smtplib.SMTP_SSL(local_hostname=own_name, timeout=patience_s, context=context)
    else:
        connection = smtplib.SMTP(local_hostname=own_name, timeout=patience_s)
    deadline = _Deadline(connection, server.timeout_s)
    try:
        # smtplib checks names against this, which only its constructor would set.
        connection._host = server.host  # type: ignore[attr-defined]
        code, said = connection.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        if server.security == "starttls":
            connection.ehlo()
            if not connection.has_extn("starttls"):
                raise MailFault("no_starttls")
            connection.starttls(context=context)
        yield connection
        with suppress(smtplib.SMTPException, OSError):  # the mail is theirs by now
            connection.quit()
    except (OSError, smtplib.SMTPException):
        if deadline.is_over:
            raise TimeoutError from None
        raise
    finally:
        deadline.cancel()
        connection.close()


class _Deadline:
    """Shuts a connection down when its time is over: smtplib's time-out begins with each read."""

    def __init__(self, connection: smtplib.SMTP, seconds: float) -> None:
        self.is_over = False
        self._connection = connection
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        self.is_over = True
        plain = self._connection.sock
        if plain is not None:
            with suppress(OSError):
                plain.shutdown(socket.SHUT_RDWR)

    def cancel(self) -> None:
        """Let it be."""
        self._timer.cancel()


def _context(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not server.checks_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _explained() -> Iterator[None]:
    """Make what smtplib and sockets raise into a MailFault."""
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        raise _fault_of(error) from error


def _fault_of(error: OSError | smtplib.SMTPException) -> MailFault:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return _answered("recipient", code, said)
    if isinstance(error, smtplib.SMTPResponseException):
        kind = next((name for one, name in _ANSWERS if isinstance(error, one)), "message")
        return _answered(kind, error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return MailFault("message", _short(str(error)))
    if isinstance(error, smtplib.SMTPException):
        return MailFault("dropped", _short(str(error)), passes=True)
    kind, passes = next(fault for one, fault in _FAILURES if isinstance(error, one))
    return MailFault(kind, _short(_reason(error)), passes=passes)


_ANSWERS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPSenderRefused, "sender"),
    (smtplib.SMTPAuthenticationError, "login"),
    (smtplib.SMTPConnectError, "greeting"),
    (smtplib.SMTPHeloError, "greeting"),
)
_FAILURES: tuple[tuple[type[OSError], tuple[str, bool]], ...] = (
    (ssl.SSLCertVerificationError, ("certificate", False)),
    (ssl.SSLError, ("tls", False)),
    (socket.gaierror, ("name", True)),
    (TimeoutError, ("timeout", True)),
    (ConnectionRefusedError, ("refused", True)),
    (ConnectionError, ("dropped", True)),
    (OSError, ("unreachable", True)),
)


def _answered(kind: str, code: int, said: bytes | str) -> MailFault:
    """Make a fault of an answer: 4yz may pass, 5yz will not (RFC 5321, section 4.2.1)."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return MailFault(kind, _short(f"{code} {text}"), passes=400 <= code < 500)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or "").lower().replace("_", " ")
    return error.strerror or str(error)


def _short(text: str) -> str:
    return " ".join(text.split())[:MAX_SAID]
