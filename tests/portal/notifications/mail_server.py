"""A real mail server on a free port of this machine, that can be told how to behave."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.flows.authority import Authority

USER, PASSWORD = "mailer", "s3cret words"


@dataclass
class Postbox:
    """Keeps what is handed in, and answers as it was told."""

    mails: list[EmailMessage] = field(default_factory=list)
    to_sender: str = ""  # what MAIL FROM gets; empty: taken
    to_recipient: str = ""
    to_data: str = ""

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse the sender."""
        if not self.to_sender:
            envelope.mail_from = address
        return self.to_sender or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if not self.to_recipient:
            envelope.rcpt_tos.append(address)
        return self.to_recipient or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take or refuse a mail."""
        if self.to_data:
            return self.to_data
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 OK"


def _authenticated(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    is_right = data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


@contextmanager
def mail_server(
    box: Postbox, *, authority: Authority | None = None, implicit: bool = False, auth: bool = False
) -> Iterator[int]:
    """Run a server for the length of a block; yield its port.

    With an authority it speaks TLS: from the first byte, or by STARTTLS.
    """
    context = None
    if authority is not None:
        files = authority.issue("localhost", dns=("localhost",))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        ssl_context=context if implicit else None,
        tls_context=None if implicit else context,
        require_starttls=context is not None and not implicit,
        authenticator=_authenticated,
        auth_required=auth,
        auth_require_tls=context is not None and not implicit,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def hung_server(*, drips: bool = False) -> Iterator[int]:
    """Take connections and say nothing, or a letter now and then, for ever."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    taken: list[socket.socket] = []

    def serve() -> None:
        while not stop.wait(0.05):
            with suppress(TimeoutError):
                taken.append(listener.accept()[0])
            for one in taken if drips else ():
                with suppress(OSError):
                    one.send(b"2")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        stop.set()
        thread.join()
        for one in (*taken, listener):
            one.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
