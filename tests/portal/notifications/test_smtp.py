"""Mail through a real server, and what is said when it does not go."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from callvault.portal.notifications.faults import MailFault, explained
from callvault.portal.notifications.mail import Mail, Sender, composed
from callvault.portal.notifications.smtp import Server, deliver
from tests.flows.authority import Authority

from .mail_server import PASSWORD, USER, Postbox, hung_server, mail_server

NOW = datetime(2026, 11, 23, 14, 25, 30, tzinfo=UTC)
MAIL = Mail("ann@example.com", "A\r\nBcc: all@example.com", "Text, ä.\n", "<p>Text, ä.</p>", "en")
SENDER = Sender('Calls "R" Us\n', "calls@example.com")


def test_a_message_has_text_and_html_and_no_header_of_anybody_else() -> None:
    message = composed(MAIL, SENDER, now=NOW)
    assert message["Subject"] == "A Bcc: all@example.com"
    assert message["Bcc"] is None
    assert message["From"].addresses[0].display_name == 'Calls "R" Us'
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Mon, 23 Nov 2026 14:25:30 +0000"
    parts = [part.get_content_type() for part in message.iter_parts()]
    assert parts == ["text/plain", "text/html"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whoever vouches for the servers."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process trust the authority, as a system's store would."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


def to(port: int, security: Literal["starttls", "tls", "none"] = "none", **other: Any) -> None:
    """Deliver the mail to a port of this machine."""
    values: dict[str, Any] = {
        "checks_certificate": True,
        "username": "",
        "password": "",
        "timeout_s": 5.0,
        "host": "localhost",
    }
    server = Server(port=port, security=security, **(values | other))
    deliver(server, composed(MAIL, SENDER, now=NOW))


def fault(*arguments: Any, **other: Any) -> tuple[str, bool, str]:
    """Return kind, whether it passes, and what was said."""
    with pytest.raises(MailFault) as raised:
        to(*arguments, **other)
    assert explained(raised.value, host="localhost", port=1)[0]
    return raised.value.kind, raised.value.passes, raised.value.said


@pytest.mark.flow
@pytest.mark.usefixtures("trusted")
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_encrypted_and_signed_in(
    security: Literal["starttls", "tls"], authority: Authority
) -> None:
    box = Postbox()
    with mail_server(box, authority=authority, implicit=security == "tls", auth=True) as port:
        to(port, security, username=USER, password=PASSWORD)
    (mail,) = box.mails
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["Text, ä."]
    assert mail["To"] == "ann@example.com"


@pytest.mark.flow
@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_told(authority: Authority) -> None:
    with mail_server(Postbox(), authority=authority, auth=True) as port:
        kind, passes, said = fault(port, "starttls", username=USER, password="another")
    assert (kind, passes) == ("login", False)
    assert said.startswith("535")


@pytest.mark.flow
def test_a_certificate_that_nobody_vouches_for_is_told_and_can_be_let_pass(
    authority: Authority,
) -> None:
    box = Postbox()
    with mail_server(box, authority=authority) as port:
        kind, passes, said = fault(port, "starttls")
        to(port, "starttls", checks_certificate=False)
    assert (kind, passes) == ("certificate", False)
    assert "unable to get local issuer certificate" in said
    assert len(box.mails) == 1


@pytest.mark.flow
@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_told(authority: Authority) -> None:
    with mail_server(Postbox(), authority=authority, implicit=True) as port:
        assert fault(port, "tls", host="127.0.0.1")[0] == "certificate"


@pytest.mark.flow
def test_what_a_plain_server_cannot_do_is_told() -> None:
    with mail_server(Postbox()) as port:
        assert fault(port, "starttls")[0] == "no_starttls"
        assert fault(port, "tls")[0] == "tls"


@pytest.mark.flow
@pytest.mark.parametrize(
    ("box", "told"),
    [
        (Postbox(to_sender="550 not yours"), ("sender", False, "550 not yours")),
        (Postbox(to_recipient="550 unknown"), ("recipient", False, "550 unknown")),
        (Postbox(to_recipient="450 greylisted"), ("recipient", True, "450 greylisted")),
        (Postbox(to_data="552 too large"), ("message", False, "552 too large")),
        (Postbox(to_data="451 try later"), ("message", True, "451 try later")),
    ],
    ids=lambda value: getattr(value, "to_sender", ""),
)
def test_a_refusal_is_told_in_the_words_of_the_server(
    box: Postbox, told: tuple[str, bool, str]
) -> None:
    with mail_server(box) as port:
        assert fault(port) == told


@pytest.mark.flow
@pytest.mark.parametrize("drips", [False, True])
def test_a_server_that_hangs_is_left_after_the_time_out(*, drips: bool) -> None:
    with hung_server(drips=drips) as port:
        began = time.monotonic()
        assert fault(port, timeout_s=0.5)[:2] == ("timeout", True)
        assert time.monotonic() - began < 3


@pytest.mark.flow
def test_nobody_there_and_no_such_name_are_told(tmp_path: Path) -> None:
    with mail_server(Postbox()) as port:
        pass
    assert fault(port)[0] == "refused"
    assert fault(25, host="no-such-host.invalid")[0] == "name"
