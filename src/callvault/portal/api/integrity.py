"""Integrity by the API: how a recording stands, checking it, the log, the time-stamp authority."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import translation
from ninja import Router, Schema
from pydantic import Field

from callvault.errors import VaultError
from callvault.portal.integrity.forms import MAX_PEM, StampForm
from callvault.portal.integrity.models import StampSettings
from callvault.portal.integrity.standing import Standing, check_now, standing_of
from callvault.portal.integrity.status import log_status
from callvault.portal.integrity.views import save_stamping, try_authority
from callvault.portal.middleware import language_of
from callvault.portal.people.gates import person_of
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import may_play, recording_visible_to

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid
from .problems import Problem
from .scopes import Scope
from .settings import saved, sent_of
from .settings_shapes import Version
from .shapes import NOT_SENT, Moment, Taken, Text

router = Router(tags=["Global settings"])
of_recordings = Router(tags=["Recordings"])
Facts = dict[str, Any]


class StandingOut(Schema):
    """How a recording stands."""

    state: Literal["waiting", "entered", "signed", "changed"] = Field(
        description="waiting: not in the log yet. entered: in it, and signed within minutes."
    )
    since: Moment | None = Field(description="When it entered the log.")
    again_at: Moment | None = Field(description="When its sound was made anew, if it was.")
    signed_at: Moment | None
    stamped_at: Moment | None = Field(description="As the time-stamp authority says.")
    stamped_by: str
    problems: list[str] = Field(description="Codes of what is wrong: facts, object, lines, …")
    told: list[str] = Field(description="The same in words, in the caller's language.")


class LogFindingOut(Schema):
    """One thing that is wrong."""

    problem: str
    text: str
    found_at: Moment
    recording_id: str = Field(description="Empty: it concerns no recording that is listed.")


class IntegrityOut(Schema):
    """The log of recordings, and the authority that stamps its days."""

    lines: int = Field(description="Signed lines.")
    waiting: int = Field(description="Recordings that wait to enter, up to 1,001.")
    last_day: str
    signed_at: str
    stamped_at: Moment | None
    stamped_by: str
    stamp_problem: str = Field(description="Of the last attempt.")
    checked_at: Moment | None
    objects_checked_at: Moment | None = Field(description="When all files had been read again.")
    findings: list[LogFindingOut] = Field(description="The first 20.")
    findings_count: int
    url: str = Field(description="Of the authority; empty: days are signed only.")
    authorities: str = Field(description="Certificates that are believed, PEM.")
    version: int


class IntegrityChange(Taken):
    """The authority to ask."""

    url: Text = Field(NOT_SENT, max_length=500)
    authorities: Text = Field(NOT_SENT, max_length=MAX_PEM)
    version: Version


class AuthorityTested(Schema):
    """How a test went."""

    tone: Literal["green", "amber", "red"]
    title: str = Field(description="In the caller's language, as is `text`.")
    text: str


@of_recordings.get(
    "/{uuid:recording_id}/integrity", response={200: StandingOut, **PROBLEMS},
    **using(Scope.RECORDINGS_READ), summary="Read whether a recording was changed",
)  # fmt: skip
def read_standing(request: HttpRequest, recording_id: UUID) -> Facts:
    """Return what the log of recordings says, and what the worker found."""
    user = person_of(request)
    recording = recording_visible_to(user, recording_id)
    with translation.override(language_of(user)):
        return _told(standing_of(recording))


@of_recordings.post(
    "/{uuid:recording_id}/integrity", response={200: StandingOut, **PROBLEMS},
    **using(Scope.RECORDINGS_READ), summary="Check a recording now",
)  # fmt: skip
def check_recording(request: HttpRequest, recording_id: UUID) -> Facts:
    """Read its files, its row, its day of the log; the caller needs the right to play it."""
    user = person_of(request)
    recording: Recording = recording_visible_to(user, recording_id)
    if not may_play(user, recording):
        raise Problem(403, "not_allowed", "The caller may not play this recording.")
    with translation.override(language_of(user)):
        try:
            return _told(check_now(recording))
        except VaultError as error:
            raise Problem(503, "store_away", "The store cannot be read now.") from error


@router.get(
    "", response={200: IntegrityOut, **PROBLEMS}, **using(Scope.SETTINGS_READ),
    summary="Read the log of recordings",
)  # fmt: skip
def read_integrity(request: HttpRequest) -> Facts:
    """Return how far recordings are signed, stamped and checked, and what is wrong."""
    return _status(request)


@router.patch(
    "", response={200: IntegrityOut, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Change the time-stamp authority",
)  # fmt: skip
def change_integrity(request: HttpRequest, change: IntegrityChange) -> Facts:
    """Change the fields that are sent. The next day that is over is stamped so."""
    administrator_of(request)
    form = _form(sent_of(change))
    saved(form, lambda: save_stamping(request, form))
    return _status(request)


@router.post(
    "/test", response={200: AuthorityTested, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Test the time-stamp authority",
)  # fmt: skip
def test_authority(request: HttpRequest) -> Facts:
    """Ask the authority that is set for a time stamp of nothing in particular."""
    user = administrator_of(request)
    with translation.override(language_of(user)):
        tried = try_authority(_form({}))
    return {"tone": tried.tone, "title": tried.strong, "text": tried.text}


def _form(sent: Facts) -> StampForm:
    row = StampSettings.objects.first()
    form = StampForm(as_posted(StampForm(row=row), sent), row=row)
    must_be_valid(form)
    return form


def _status(request: HttpRequest) -> Facts:
    user = administrator_of(request)
    log, row = log_status(user), StampSettings.objects.first() or StampSettings(version=0)
    names = IntegrityOut.model_fields.keys() - {"url", "authorities", "version"}
    return {
        **{name: getattr(log, name) for name in names},
        "url": row.url,
        "authorities": row.authorities,
        "version": row.version,
    }


def _told(standing: Standing) -> Facts:
    return {
        "state": standing.state,
        "since": standing.since,
        "again_at": standing.again_at,
        "signed_at": standing.signed_at,
        "stamped_at": standing.stamped_at,
        "stamped_by": standing.stamped_by,
        "problems": list(standing.codes),
        "told": list(standing.problems),
    }
