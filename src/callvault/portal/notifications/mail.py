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
class Mail:
    """What is sent to one person."""

    to: str  # an address that was checked
    subject: str
    text: str
    html: str
    language: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mail comes from."""

    name: str
    address: str


def composed(mail: Mail, sender: Sender, *, now: datetime) -> EmailMessage:
    """Return the message. Line breaks in names and subjects become blanks. Raises ValueError."""
    message = EmailMessage()
    message["From"] = Address(_one_line(sender.name), addr_spec=sender.address)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = _one_line(mail.subject)[:MAX_SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.address.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message["Content-Language"] = mail.language
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", text).strip()
