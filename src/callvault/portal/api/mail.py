"""The mail server by the API: read, changed, tried, forgotten. Its password is never given back."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import translation
from django.views.decorators.debug import sensitive_variables
from ninja import Router, Status

from callvault.portal.middleware import language_of
from callvault.portal.notifications.forms import MailSettingsForm
from callvault.portal.notifications.models import MailSettings
from callvault.portal.notifications.recording_forms import RecordingMailForm
from callvault.portal.notifications.recording_models import RecordingMailSettings
from callvault.portal.notifications.recording_saving import save_settings
from callvault.portal.notifications.views import remove_mail, save_mail, try_mail

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid
from .problems import Problem
from .scopes import Scope
from .settings import refuse_other, saved, sent_of, stamped
from .settings_shapes import (
    MailChange,
    MailOut,
    MailTested,
    MailTestIn,
    RecordingMailChange,
    RecordingMailOut,
)

router = Router(tags=["Mail"])
of_recordings = Router(tags=["Mail"])
Facts = dict[str, Any]
_FIELDS = MailSettingsForm.Meta.fields


@router.get(
    "", response={200: MailOut, **PROBLEMS}, **using(Scope.SETTINGS_READ),
    summary="Read the mail server",
)  # fmt: skip
def read_mail(request: HttpRequest) -> Facts:
    """Return the server that mail goes through, as it is set or would be by default."""
    administrator_of(request)
    return _told()


@router.patch(
    "", response={200: MailOut, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Change the mail server",
)  # fmt: skip
@sensitive_variables("change", "form")
def change_mail(request: HttpRequest, change: MailChange) -> Facts:
    """Change the fields that are sent, or set the server up."""
    administrator_of(request)
    with transaction.atomic():
        row = MailSettings.objects.select_for_update().first()
        refuse_other(change.version, _told())
        save_mail(request, _form(row, sent_of(change)))
    return _told()


@router.delete(
    "", response={204: None, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Forget the mail server",
)  # fmt: skip
def forget_mail(request: HttpRequest) -> Status[None]:
    """Remove the server and its password: no mail is sent any more."""
    administrator_of(request)
    remove_mail(request)
    return Status(204, None)


@router.post(
    "/test", response={200: MailTested, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Send a test mail",
)  # fmt: skip
def test_mail(request: HttpRequest, test: MailTestIn) -> Facts:
    """Send a mail through the server that is set up, and say how that went."""
    user = administrator_of(request)
    row = MailSettings.load()
    if row is None:
        raise Problem(409, "not_set_up", "No mail server is set up.")
    with translation.override(language_of(user)):
        tried = try_mail(request, _form(row, {"test_to": test.to}))
    return {
        "was_taken": tried.tone == "green",
        "title": tried.strong,
        "text": tried.text,
        "said": tried.said,
    }


@of_recordings.get(
    "", response={200: RecordingMailOut, **PROBLEMS}, **using(Scope.SETTINGS_READ),
    summary="Read what holds for mail about recordings",
)  # fmt: skip
def read_recording_mail(request: HttpRequest) -> Facts:
    """Return sender and limit of mail to owners."""
    administrator_of(request)
    return _recording_mail()


@of_recordings.patch(
    "", response={200: RecordingMailOut, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Change what holds for mail about recordings",
)  # fmt: skip
def change_recording_mail(request: HttpRequest, change: RecordingMailChange) -> Facts:
    """Change the fields that are sent. In force for the next mail."""
    administrator_of(request)
    row, sent = RecordingMailSettings.load(), sent_of(change)
    if "limit_mb" in sent:
        sent["is_limited"] = sent["limit_mb"] is not None
    form = RecordingMailForm(as_posted(RecordingMailForm(row=row), sent), row=row)
    must_be_valid(form)
    saved(form, lambda: save_settings(request, form))
    return _recording_mail()


def _recording_mail() -> Facts:
    row = RecordingMailSettings.load()
    return {"sender_name": row.sender_name, "limit_mb": row.limit_mb, "version": row.version}


@sensitive_variables("sent", "form")
def _form(row: MailSettings | None, sent: Facts) -> MailSettingsForm:
    form = MailSettingsForm(as_posted(MailSettingsForm(instance=row), sent), instance=row)
    must_be_valid(form)
    return form


def _told() -> Facts:
    row = MailSettings.load()
    shown = row or MailSettings()
    return stamped(
        {
            "is_set_up": row is not None,
            **{name: getattr(shown, name) for name in _FIELDS},
            "has_password": bool(shown.sealed_password),
        }
    )
