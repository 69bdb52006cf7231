"""The lists of recordings and the page of one."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from callvault.portal.audit.searches import record_search
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.configuration.rights import rights_in_force
from callvault.portal.paging import counted, page_of
from callvault.portal.people.gates import person_of
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

from . import listing
from .added import NoteDraft
from .checks import first_recording_checks
from .filters import Filter, FilterForm, apply
from .interaction_page import parts_told
from .models import Recording
from .page_builder import page_of_recording
from .permissions import (
    actor_of,
    own_recordings_of,
    recording_visible_to,
    recordings_visible_to,
)

OWNERS_OFFERED = 500


@require_safe
@never_cache
def my_recordings(request: HttpRequest) -> HttpResponse:
    """List the reader's own recordings."""
    user = person_of(request)
    if user.level < Level.BASE:
        return render(request, "recordings/none_by_right.html", status=403)
    form = FilterForm(request.GET, groups=None, owners=None)
    return _list(request, own_recordings_of(user), form, title=_("My recordings"), scope="")


@require_safe
@never_cache
def all_recordings(request: HttpRequest) -> HttpResponse:
    """List what a supervisor or administrator may see of everyone."""
    user = person_of(request)
    if not user.is_supervisor:
        raise PermissionDenied
    rows = recordings_visible_to(user)
    groups = None if user.is_administrator else user.groups_seen
    owners = _owner_choices(user, id_in(request.GET.get("owner")))
    form = FilterForm(request.GET, groups=listing.group_choices(rows, groups), owners=owners)
    return _list(request, rows, form, title=_("All recordings"), scope=_scope(user))


def _list(
    request: HttpRequest, rows: QuerySet[Recording], form: FilterForm, *, title: str, scope: str
) -> HttpResponse:
    form.is_valid()
    wanted = form.filter()
    record_search(request, "recordings", wanted.told, text=wanted.text)
    found = apply(rows, wanted)
    context = _page_context(request, found, wanted)
    context |= {
        "title": title,
        "form": form,
        "chips": listing.chips_of(form, wanted, request.path, request.GET),
        "wanted": wanted,
        "head_line": listing.head_line(context["count"], searched=bool(wanted.active), scope=scope),
        "clear_url": request.path,
    }
    if not context["rows"]:
        context |= _empty_context(request, rows, wanted)
    template = (
        "recordings/_list.html" if request.headers.get("HX-Request") else "recordings/list.html"
    )
    response = render(request, template, context)
    response["Vary"] = "HX-Request"
    if request.headers.get("HX-Request"):
        response["HX-Push-Url"] = listing.address(
            request.path, request.GET, changed=_place(request)
        )
    return response


def _page_context(
    request: HttpRequest, found: QuerySet[Recording], wanted: Filter
) -> dict[str, Any]:
    sorting = listing.Sorting.parse(request.GET.get("sort", ""))
    page = page_of(
        found,
        sorting.order,
        id_field="recording_id",
        size=listing.page_size(request.GET.get("rows", "")),
        after=id_in(request.GET.get("after")),
        before=id_in(request.GET.get("before")),
    )
    user = person_of(request)
    parts = parts_told(user, page.rows)
    notes = listing.note_counts(page.rows)
    rights = rights_in_force()
    standing = actor_of(user).standing
    may_download = standing >= rights.download_from
    reader = plan_reader()
    count = counted(found)
    first_page = page.newer is None
    return {
        "rows": [
            listing.row_of(
                row,
                reader=reader,
                part=parts.get(row.record_number, ""),
                notes=notes.get(row.record_number, 0),
                may_download=may_download,
            )
            for row in page.rows
        ],
        "may_preserve": rights.is_preserve_on,
        "may_download": may_download,
        "may_delete": standing >= rights.delete_from,
        "may_reassign": user.is_administrator,
        "here": request.get_full_path(),
        "count": count,
        "told": listing.foot_line(len(page.rows), count, first_page=first_page, sorting=sorting),
        "older_url": _turned(request, "after", page.older),
        "newer_url": _turned(request, "before", page.newer),
        "sort_start": _sort_head(request, sorting, "start"),
        "sort_duration": _sort_head(request, sorting, "duration"),
        "sort": request.GET.get("sort", ""),
        "page_rows": request.GET.get("rows", ""),
    }


def _empty_context(
    request: HttpRequest, rows: QuerySet[Recording], wanted: Filter
) -> dict[str, Any]:
    if not wanted.active:
        return {"checks": first_recording_checks(settings.DATA_FOLDER)}
    name = listing.most_hiding(rows, wanted)
    fields = listing.FORM_FIELDS.get(name, ())
    return {
        "hiding": name,
        "hiding_url": listing.address(request.path, request.GET, without=fields),
    }


def _turned(request: HttpRequest, name: str, cursor: UUID | None) -> str:
    if cursor is None:
        return ""
    return listing.address(request.path, request.GET, changed={name: str(cursor)})


def _place(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in ("after", "before")}


def _sort_head(request: HttpRequest, sorting: listing.Sorting, name: str) -> listing.SortHead:
    url = listing.address(request.path, request.GET, changed={"sort": sorting.toggled(name)})
    return listing.SortHead(url, sorting.state(name))


def id_in(text: str | None) -> UUID | None:
    """Read an id in an address; None for none, and for what is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _owner_choices(user: User, asked: UUID | None) -> list[tuple[str, str]]:
    """Return the people whose recordings a supervisor may see, by name.

    Who is `asked` for by the address is among them, also beyond the first ones.
    """
    people = User.objects.exclude(extension="")
    if not user.is_administrator:
        people = people.filter(group__in=user.groups_seen)
    offered = list(people[:OWNERS_OFFERED])
    if asked is not None and len(offered) == OWNERS_OFFERED:
        offered += [one for one in people.filter(public_id=asked) if one not in offered]
    return [(str(person.public_id), person.get_full_name()) for person in offered]


def _scope(user: User) -> str:
    if user.is_administrator:
        return _("You see every group.")
    return _("You see %(groups)s.") % {"groups": ", ".join(sorted(user.groups_seen))}


@require_safe
@never_cache
def recording(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Show one recording: player, timeline, decision, details, notes."""
    row = recording_visible_to(person_of(request), recording_id)
    return recording_page(request, row)


def recording_page(
    request: HttpRequest, row: Recording, *, draft: NoteDraft | None = None, status: int = 200
) -> HttpResponse:
    """Draw the page of a recording; `draft`: a note that was not taken."""
    user = person_of(request)
    page = page_of_recording(
        user,
        row,
        start_at_ms=_start(request.GET.get("t", "")),
        back=_back(request, user),
        draft=draft,
    )
    context = {"page": page, "keys_of": "player"}
    return render(request, "recordings/recording.html", context, status=status)


def _start(text: str) -> int:
    """Read `?t=167`, seconds."""
    return int(text) * 1000 if text.isascii() and text.isdecimal() and len(text) < 7 else 0


def _back(request: HttpRequest, user: User) -> tuple[str, str]:
    """Return the list to go back to, with its search if the reader came from it."""
    mine = (reverse("recordings:mine"), _("My recordings"))
    every = (reverse("recordings:all"), _("All recordings"))
    lists = {mine[0]: mine, **({every[0]: every} if user.is_supervisor else {})}
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        path, _question, query = referer.partition("?")
        for url, (_same, label) in lists.items():
            if path.endswith(url) and path.count("/") == url.count("/") + 2:
                return (f"{url}?{query}" if query else url), label
    return every if user.is_supervisor else mine
