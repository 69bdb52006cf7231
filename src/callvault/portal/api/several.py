"""Several recordings by the API: one deed on each by its own right, and one ZIP of them."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils import translation
from ninja import Router, Schema
from pydantic import Field

from callvault.portal.integrity.evidence import MoreFile
from callvault.portal.middleware import language_of
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings import notes, preserving, reassigning
from callvault.portal.recordings.deletion import delete_recording
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.several import MOST, do_each
from callvault.portal.recordings.zip_plan import MAX_RECORDINGS, Plan, TooMuch
from callvault.portal.recordings.zip_stream import NoPlace
from callvault.portal.recordings.zip_views import RETRY_AFTER_S, planned, streamed

from .callers import using
from .errors import PROBLEMS
from .problems import Problem, invalid
from .scopes import Scope
from .shapes import Taken, Text

router = Router(tags=["Several recordings"])
Facts = dict[str, Any]
_ZIP = {"application/zip": {"schema": {"type": "string", "contentMediaType": "application/zip"}}}


class Chosen(Taken):
    """The recordings that are meant."""

    ids: list[UUID] = Field(min_length=1, max_length=MOST)


class ChosenNote(Chosen):
    """The same note for each."""

    text: Text = Field(min_length=1, max_length=notes.MAX_LENGTH)


class ChosenOwner(Chosen):
    """To whom they are to belong."""

    owner_id: UUID = Field(description="Id of a person.")


class OutcomeOut(Schema):
    """What became of each. What is refused for one does not stop the others."""

    done: list[UUID]
    not_done: list[UUID]
    reasons: dict[str, int] = Field(description="How many were not done, by reason in words.")


class ZipIn(Taken):
    """What goes into a ZIP."""

    ids: list[UUID] = Field(min_length=1, max_length=MAX_RECORDINGS)
    leave_out: bool = Field(default=False, description="Leave out what cannot go in; else 409.")
    proofs: bool = Field(default=False, description="With what proves that nothing was changed.")


class ZipPlanOut(Schema):
    """What would go in, and what stays out."""

    name: str
    packed: list[UUID]
    size_bytes: int = Field(description="Of their audio.")
    left_out: dict[str, str] = Field(description="Why, in the caller's language.")


@router.post(
    "/preserve", response={200: OutcomeOut, **PROBLEMS}, **using(Scope.RECORDINGS_WRITE),
    summary="Preserve recordings",
)  # fmt: skip
def preserve(request: HttpRequest, chosen: Chosen) -> Facts:
    """Set the preserve flag of each at the caller's level."""
    return _each(request, chosen, partial(preserving.preserve, request))


@router.post(
    "/release", response={200: OutcomeOut, **PROBLEMS}, **using(Scope.RECORDINGS_WRITE),
    summary="Release recordings",
)  # fmt: skip
def release(request: HttpRequest, chosen: Chosen) -> Facts:
    """Take the preserve flag of each away, unless a higher level set it."""
    return _each(request, chosen, partial(preserving.release, request))


@router.post(
    "/note", response={200: OutcomeOut, **PROBLEMS}, **using(Scope.RECORDINGS_WRITE),
    summary="Write a note on recordings",
)  # fmt: skip
def note(request: HttpRequest, chosen: ChosenNote) -> Facts:
    """Write the same note on each."""
    notes.clean_text(chosen.text)
    return _each(request, chosen, lambda one: notes.add_note(request, one, chosen.text))


@router.post(
    "/owner", response={200: OutcomeOut, **PROBLEMS}, **using(Scope.RECORDINGS_WRITE),
    summary="Give recordings to another owner",
)  # fmt: skip
def reassign(request: HttpRequest, chosen: ChosenOwner) -> Facts:
    """Give each to a person, who sees it from then on. For administrators."""
    owner = User.objects.filter(public_id=chosen.owner_id).first()
    if owner is None or not person_of(request).is_administrator:
        detail = "There is no person of this id, or none for the caller."
        raise invalid([{"in": "body", "pointer": "/owner_id", "detail": detail}])
    return _each(request, chosen, lambda one: reassigning.reassign(request, one, owner))


@router.post(
    "/delete", response={200: OutcomeOut, **PROBLEMS}, **using(Scope.RECORDINGS_DELETE),
    summary="Delete recordings",
)  # fmt: skip
def delete(request: HttpRequest, chosen: Chosen) -> Facts:
    """Delete each with its audio and notes, for ever."""
    return _each(request, chosen, partial(delete_recording, request))


@router.post(
    "/zip-plan", response={200: ZipPlanOut, **PROBLEMS}, **using(Scope.RECORDINGS_AUDIO),
    summary="See what would go into a ZIP",
)  # fmt: skip
def plan_zip(request: HttpRequest, wanted: ZipIn) -> Facts:
    """Decide on each without downloading anything."""
    plan, _more = _plan(request, wanted)
    return {
        "name": plan.name,
        "packed": [one.recording_id for one in plan.packed],
        "size_bytes": sum(one.size_bytes for one in plan.packed),
        "left_out": _left_out(plan),
    }


@router.post(
    "/zip", response={200: None, **PROBLEMS},
    **using(
        Scope.RECORDINGS_AUDIO,
        responses={200: {"description": "The ZIP, with a manifest.", "content": _ZIP}},
    ),
    summary="Download recordings as a ZIP",
)  # fmt: skip
def download_zip(request: HttpRequest, wanted: ZipIn) -> StreamingHttpResponse:
    """Stream audio and a manifest, of known length. Each download is in the audit log."""
    plan, more = _plan(request, wanted)
    if len(plan.entries) == plan.missing:
        raise Http404
    if not plan.packed or (len(plan.packed) < len(plan.entries) and not wanted.leave_out):
        detail = "Not all of them go in: see left_out."
        raise Problem(409, "left_out", detail, left_out=_left_out(plan))
    try:
        return streamed(request, plan, more)
    except NoPlace:
        detail = "Others are downloading ZIPs at the moment."
        headers = {"Retry-After": RETRY_AFTER_S}
        raise Problem(503, "no_place", detail, headers=headers) from None


def _each(request: HttpRequest, chosen: Chosen, act: Callable[[Recording], object]) -> Facts:
    user = person_of(request)
    with translation.override(language_of(user)):
        outcome = do_each(user, map(str, chosen.ids), act)
    done = [one.recording_id for one in outcome.done]
    known = set(done)
    return {
        "done": done,
        "not_done": [one for one in dict.fromkeys(chosen.ids) if one not in known],
        "reasons": dict(outcome.refused),
    }


def _plan(request: HttpRequest, wanted: ZipIn) -> tuple[Plan, list[MoreFile]]:
    user = person_of(request)
    with translation.override(language_of(user)):
        try:
            return planned(user, set(wanted.ids), proofs=wanted.proofs)
        except TooMuch as much:
            raise invalid([{"in": "body", "pointer": "/ids", "detail": str(much)}]) from much


def _left_out(plan: Plan) -> dict[str, str]:
    return {str(one.recording_id): one.left_out for one in plan.entries if one.left_out}
