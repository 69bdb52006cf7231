"""Preserve, release, delete and note, on one recording or on those selected in a list.

`recording` stands once for each recording in what is sent; `next` says where to go afterwards.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from callvault.policy.numbering_plan import PlanReader
from callvault.policy.permissions import Deed
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.people.gates import person_of

from . import listing
from .deletion import delete_recording
from .models import Note, Recording
from .notes import MAX_LENGTH, NoteRefused, add_note, clean_text
from .preserving import preserve, release
from .refusals import preserved_line
from .several import Outcome, chosen, do_each, split

SHOWN = 20  # recordings named on a page that asks


@require_POST
def preserve_recordings(request: HttpRequest) -> HttpResponse:
    """Set the flag, and offer to undo that."""
    before = _levels_before(request)
    outcome = _each(request, partial(preserve, request))
    fresh = [one for one in outcome.done if before.get(one.pk) is None]
    tell(
        request,
        outcome,
        ngettext("%(count)s recording is preserved.", "%(count)s recordings are preserved.",
                 len(outcome.done)),
        undo=undo_by("recordings:release", fresh if len(fresh) == len(outcome.done) else []),
    )  # fmt: skip
    return redirect(back_to(request))


@require_POST
def release_recordings(request: HttpRequest) -> HttpResponse:
    """Take the flag away. It cannot be undone as it was: author and level are another's."""
    outcome = _each(request, partial(release, request))
    count = len(outcome.done)
    told = ngettext("%(count)s recording is released.", "%(count)s recordings are released.", count)
    tell(request, outcome, told)
    return redirect(back_to(request))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def delete_recordings(request: HttpRequest) -> HttpResponse:
    """Say what would be deleted and what would stay, then delete."""
    if request.method == "POST" and request.POST.get("confirmed"):
        outcome = _each(request, partial(delete_recording, request))
        count = len(outcome.done)
        told = ngettext(
            "%(count)s recording is deleted.", "%(count)s recordings are deleted.", count
        )
        tell(request, outcome, told)
        return redirect(back_to(request))
    return render(request, "recordings/delete.html", _question(request))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def note_recordings(request: HttpRequest) -> HttpResponse:
    """Write the same note to each."""
    text = request.POST.get("text")
    problem = ""
    if request.method == "POST" and text is not None:
        try:
            clean_text(text)
        except NoteRefused as refused:
            problem = str(refused)
        else:
            outcome = _each(request, lambda one: add_note(request, one, text))
            told = ngettext(
                "Note added to %(count)s recording.",
                "Note added to %(count)s recordings.",
                len(outcome.done),
            )
            tell(request, outcome, told)
            return redirect(back_to(request))
    found, _missing = asked_recordings(request)
    context = asked_places(request, found) | {
        "text": text or "", "problem": problem, "most": MAX_LENGTH,
        "recordings": shown(found, plan_reader()), "more": max(len(found) - SHOWN, 0),
        "count": len(found),
    }  # fmt: skip
    page = "recordings/note_several.html"
    return render(request, page, context, status=422 if problem else 200)


def _each(request: HttpRequest, act: Callable[[Recording], object]) -> Outcome:
    return do_each(person_of(request), request.POST.getlist("recording"), act)


def _levels_before(request: HttpRequest) -> dict[int, int | None]:
    found, _missing = chosen(person_of(request), request.POST.getlist("recording"))
    return {one.pk: one.preserved_level for one in found}


def asked_recordings(request: HttpRequest) -> tuple[list[Recording], int]:
    """Return what was meant; a page about nothing that can be seen is not there."""
    sent = request.POST if request.method == "POST" else request.GET
    found, missing = chosen(person_of(request), sent.getlist("recording"))
    if not found:
        raise Http404
    return found, missing


def _question(request: HttpRequest) -> dict[str, Any]:
    found, missing = asked_recordings(request)
    may, may_not = split(person_of(request), found, Deed.DELETE)
    reader = plan_reader()
    return asked_places(request, found) | {
        "count": len(may),
        "missing": missing,
        "recordings": shown(may, reader),
        "more": max(len(may) - SHOWN, 0),
        "ids": [one.recording_id for one in may],
        "stay": [(listing.row_of(one, reader=reader), why) for one, why in may_not[:SHOWN]],
        "stay_count": len(may_not),
        "duration_ms": sum(one.duration_ms for one in may),
        "size_bytes": sum(one.size_bytes for one in may),
        "note_count": Note.objects.filter(recording__in=may).count(),
        "preserved": preserved_line(may),
    }


def shown(recordings: list[Recording], reader: PlanReader) -> list[listing.Row]:
    """Return some recordings as a page that asks names them."""
    return [listing.row_of(one, reader=reader) for one in recordings[:SHOWN]]


def asked_places(request: HttpRequest, found: list[Recording]) -> dict[str, Any]:
    """Return where the page leads: back where the reader came from, on to the list."""
    only = reverse("recordings:recording", args=[found[0].recording_id])
    sent = request.POST if request.method == "POST" else request.GET
    return {
        "all_ids": [one.recording_id for one in found],
        "next": back_to(request),
        "keep_url": only if sent.get("from") == "page" else back_to(request),
        "from": sent.get("from", ""),
    }


def tell(request: HttpRequest, outcome: Outcome, done: str, *, undo: str = "") -> None:
    """Say what was done in a toast, and what was not in a notice that stays."""
    told = done % {"count": len(outcome.done)}
    if outcome.refused:
        messages.warning(request, f"{told} {outcome.refused_line}" if outcome.done
                         else outcome.refused_line)  # fmt: skip
    elif outcome.done:
        messages.success(request, told, extra_tags=undo)


def undo_by(view: str, recordings: list[Recording]) -> str:
    """Return what a toast needs to undo something: tags of a message (`cv_list.undo_of`)."""
    if not recordings:
        return ""
    return " ".join(["undo", reverse(view), *(one.recording_id.hex for one in recordings)])


def back_to(request: HttpRequest) -> str:
    """Return where to go afterwards: a page of ours, else the first list of the person."""
    sent = request.POST if request.method == "POST" else request.GET
    wanted = sent.get("next", "")
    if url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    person = person_of(request)
    return reverse("recordings:all" if person.is_supervisor else "recordings:mine")
