"""Mail to owners about their recordings: asked for with the recording, worked off by workers.

Nothing is lost by a restart, since the row stands in the catalogue until the mail server took the
mail; and nothing is sent twice knowingly: a worker takes a row by moving its next try on, and what
may have been taken before a crash goes again under the same message id.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from callvault.errors import KeyUnavailable, VaultError
from callvault.policy.mail_template import filled
from callvault.portal.audit.log import record_own
from callvault.portal.audit.models import Action
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.file_names import file_name
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import may_download
from callvault.portal.recordings.vault_access import open_object
from callvault.vault import ObjectKind

from .faults import MailFault
from .mail import Attachment, Mail
from .models import MailSettings
from .recording_models import MailState, RecordingMail, RecordingMailSettings
from .recording_values import values_of, zone_of
from .sending import language_of, send
from .templates_in_force import template_for

LEASE = timedelta(hours=1)
"""How long a worker has a row for one attempt; a mail of 100 MB over a slow line fits in it."""
RETRY_AFTER = tuple(timedelta(minutes=n) for n in (1, 2, 5, 15, 30, 60))
MOST_ATTEMPTS = 76  # an hour between them in the end: three days
OF_THIS_MAIL = frozenset({"recipient", "message"})
"""Faults of one mail. Every other is of the way to the server, and holds up all mails alike."""

logger = logging.getLogger(__name__)


def ask_for(recording: Recording, *, now: datetime) -> None:
    """Ask for the mail about a recording just listed, if its owner wants mail and some can go.

    Call it in the transaction that lists the recording.
    """
    owner = recording.owner
    if owner is None or not owner.send_notifications or not MailSettings.objects.exists():
        return
    RecordingMail.objects.get_or_create(
        recording=recording, defaults={"asked_at": now, "next_try_at": now}
    )


def work_off(*, now: datetime) -> bool:
    """Try the mail that is due longest; False: none is.

    Raises MailFault where it is the server that fails, so that the others need not be tried.
    """
    rows = RecordingMail.objects.filter(next_try_at__lte=now).order_by("next_try_at")
    row = rows.select_related("recording__owner", "recording__call").first()
    if row is None:
        return False
    mine = RecordingMail.objects.filter(pk=row.pk, next_try_at=row.next_try_at)
    if not mine.update(next_try_at=now + LEASE, attempts=row.attempts + 1):
        return True  # another worker was quicker
    row.attempts += 1
    try:
        _attempt(row, now=now)
    except MailFault as fault:
        _put_off(row, fault, now=now)
        if fault.kind not in OF_THIS_MAIL and fault.kind != "audio":
            raise
    return True


def try_now(row: RecordingMail, *, now: datetime) -> None:
    """Have a mail tried at once, as if it were new."""
    row.state, row.next_try_at, row.attempts = MailState.WAITING, now, 0
    row.save(update_fields=["state", "next_try_at", "attempts"])


def _attempt(row: RecordingMail, *, now: datetime) -> None:
    server = MailSettings.load()
    if server is None:
        raise MailFault("not_set_up", passes=True)
    row.host, row.port = server.host, server.port
    person = row.recording.owner
    why_not = _why_not(person)
    if person is None or why_not:
        _done(row, MailState.NOT_SENT, problem=why_not)
        return
    mail = mail_about(row, person, server)
    send(mail, through=server)
    attached = len(mail.attachment.content) if mail.attachment else 0
    with transaction.atomic():
        record_own(
            Action.RECORDING_MAILED,
            kind="recording",
            object_id=row.recording.recording_id,
            to=person.username,
            attached_bytes=attached,
        )
        row.sent_at, row.attached_bytes = now, attached
        _done(row, MailState.SENT)


def mail_about(row: RecordingMail, person: User, server: MailSettings) -> Mail:
    """Write the mail. Raises MailFault if the recording should travel and cannot be opened now."""
    recording, rules = row.recording, RecordingMailSettings.load()
    system_zone = SystemSettings.load().zone
    attachment = _attachment(recording, person, rules, system_zone)
    language = language_of(person, settings.LANGUAGE_CODE)
    template = template_for(language, person.department)
    with translation.override(language):
        values = values_of(
            recording,
            person,
            zone=zone_of(person, system_zone),
            portal_url=server.portal_url,
            attached_bytes=len(attachment.content) if attachment else 0,
            limit_mb=rules.limit_mb,
        )
        text = filled(template.body, values)
        shown = {"text": text, "portal": server.portal_url, "language": language}
        return Mail(
            to=person.email,
            subject=filled(template.subject, values),
            text=text,
            html=render_to_string("mail/recording.html", shown),
            language=language,
            sender_name=rules.sender_name,
            token=str(row.public_id),
            attachment=attachment,
        )


def _why_not(person: User | None) -> str:
    """Return why a person gets no mail any more; empty: they do."""
    if person is None:
        return "no_owner"
    if not person.is_active:
        return "not_active"
    if not person.send_notifications:
        return "not_wanted"
    return "" if person.email else "no_address"


def _attachment(
    recording: Recording, person: User, rules: RecordingMailSettings, system_zone: str
) -> Attachment | None:
    """Return the recording as a file, if it is wanted, allowed, and not too large."""
    if not person.attach_recording or not may_download(person, recording):
        return None
    if not 0 < recording.size_bytes <= rules.limit_bytes:
        return None
    try:
        with open_object(recording, ObjectKind.AUDIO) as audio:
            content = b"".join(audio.chunks(0, audio.size))
    except KeyUnavailable:
        return None  # this node has no key: no later try would have it
    except VaultError as locked:
        if locked.permanent:
            return None  # gone or changed: the page of the recording says so
        raise MailFault("audio", passes=True) from locked
    zone = zone_of(User(), system_zone)
    return Attachment(file_name(recording, zone=zone), "audio/mpeg", content)


def _put_off(row: RecordingMail, fault: MailFault, *, now: datetime) -> None:
    row.problem, row.said = fault.kind, fault.said[:300]
    is_final = fault.kind in OF_THIS_MAIL and not fault.passes
    if is_final or row.attempts >= MOST_ATTEMPTS:
        logger.error("the mail about recording %s was given up: %s", row.recording_id, fault)
        _done(row, MailState.FAILED, problem=fault.kind, said=row.said)
        return
    row.next_try_at = now + RETRY_AFTER[min(row.attempts, len(RETRY_AFTER)) - 1]
    _save(row)


def _done(row: RecordingMail, state: MailState, *, problem: str = "", said: str = "") -> None:
    row.state, row.next_try_at = state, None
    row.problem, row.said = problem, said
    _save(row)


def _save(row: RecordingMail) -> None:
    """Write the row, if it is still there: its recording may have been deleted meanwhile."""
    RecordingMail.objects.filter(pk=row.pk).update(
        state=row.state, next_try_at=row.next_try_at, attempts=row.attempts,
        problem=row.problem, said=row.said, host=row.host, port=row.port,
        sent_at=row.sent_at, attached_bytes=row.attached_bytes,
    )  # fmt: skip
