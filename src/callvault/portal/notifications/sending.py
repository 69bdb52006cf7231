"""The one way by which mail leaves: `send`. It waits for the server; never call it in a request."""

from dataclasses import replace

from django.template.loader import render_to_string
from django.utils import timezone, translation

from callvault.errors import VaultError
from callvault.portal.people.models import User

from .faults import MailFault
from .mail import Mail, Sender, composed
from .models import MailSettings
from .smtp import Server, deliver

SLOWEST_BYTES_S = 50_000
"""An attachment gets so much more time than the time-out of the settings."""


def send(mail: Mail, *, through: MailSettings | None = None) -> None:
    """Send through the server of the settings, or the one given. Raises MailFault."""
    settings = through or MailSettings.load()
    if settings is None:
        raise MailFault("not_set_up")
    sender = Sender(settings.sender_name, settings.sender_address)
    try:
        message = composed(mail, sender, now=timezone.now())
    except ValueError as error:
        raise MailFault("recipient", "not an address") from error
    server = server_of(settings)
    extra_s = len(mail.attachment.content) // SLOWEST_BYTES_S if mail.attachment else 0
    deliver(replace(server, timeout_s=server.timeout_s + extra_s), message)


def server_of(settings: MailSettings) -> Server:
    """Return where the settings lead. Raises MailFault where the password cannot be opened."""
    try:
        password = settings.password
    except VaultError as sealed:
        raise MailFault("sealed") from sealed
    return Server(
        host=settings.host,
        port=settings.port,
        security=settings.security,  # type: ignore[arg-type]
        checks_certificate=settings.checks_certificate,
        username=settings.username,
        password=password,
        timeout_s=settings.timeout_s,
    )


def mail_for(name: str, to: str, *, language: str, **context: object) -> Mail:
    """Write a mail of ours: `mail/NAME.subject.txt`, `.txt` and `.html`, in a language."""
    with translation.override(language):
        context |= {"language": language}
        return Mail(
            to=to,
            subject=render_to_string(f"mail/{name}.subject.txt", context),
            text=render_to_string(f"mail/{name}.txt", context).strip() + "\n",
            html=render_to_string(f"mail/{name}.html", context),
            language=language,
        )


def language_of(person: User, default: str) -> str:
    """Return the language that a person reads."""
    return person.language or default
