"""A mail as a value, and as the bytes that travel (RFC 5322): text, and HTML beside it."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
MAX_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with a mail."""

    name: str
    content_type: str  # "audio/mpeg"
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent to one person."""

    to: str  # an address that was checked
    subject: str
    text: str
    html: str
    language: str
    sender_name: str = ""  # empty: that of the settings
    token: str = ""  # what its message id is made of, so that a repetition has the same
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mail comes from."""

    name: str
    address: str


def composed(mail: Mail, sender: Sender, *, now: datetime) -> EmailMessage:
    """Return the message. Line breaks in names and subjects become blanks. Raises ValueError."""
    message = EmailMessage()
    name = _one_line(mail.sender_name or sender.name)
    message["From"] = Address(name, addr_spec=sender.address)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = _one_line(mail.subject)[:MAX_SUBJECT]
    message["Date"] = format_datetime(now)
    domain = sender.address.rpartition("@")[2]
    message["Message-ID"] = f"<{mail.token}@{domain}>" if mail.token else make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message["Content-Language"] = mail.language
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    if mail.attachment is not None:
        _attach(message, mail.attachment)
    return message


def _attach(message: EmailMessage, file: Attachment) -> None:
    maintype, _slash, subtype = file.content_type.partition("/")
    message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", text).strip()
