"""A mail server that is set up, and people who get mail."""

from dataclasses import dataclass, field

import pytest

from callvault.portal.notifications import resets, views
from callvault.portal.notifications.faults import MailFault
from callvault.portal.notifications.mail import Mail
from callvault.portal.notifications.models import MailSettings
from callvault.portal.people.models import User

PASSWORD = "quiet harbour lanterns"


@dataclass
class Outbox:
    """What was sent; fails with a fault if it was given one."""

    mails: list[Mail] = field(default_factory=list)
    fault: MailFault | None = None

    def send(self, mail: Mail, *, through: MailSettings | None = None) -> None:
        """Keep a mail in place of handing it to a server."""
        if self.fault is not None:
            raise self.fault
        self.mails.append(mail)


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """Mail that would have gone."""
    box = Outbox()
    for module in (resets, views):
        monkeypatch.setattr(module, "send", box.send)
    return box


@pytest.fixture
def mail_set_up(db: None) -> MailSettings:
    """A mail server of the settings."""
    settings = MailSettings(
        host="smtp.example.com",
        username="mailer",
        sender_address="calls@example.com",
        portal_url="https://calls.example.com",
    )
    settings.password = "s3cret words"
    settings.save()
    return settings


@pytest.fixture
def anna(ann: User) -> User:
    """Ann with an address and a password of her own, reading Italian."""
    ann.email, ann.language = "ann@example.com", "it"
    ann.set_password(PASSWORD)
    ann.save()
    return ann
