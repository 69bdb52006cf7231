"""The lists of recordings and the page of one."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.portal.audit.searches import record_search
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.configuration.rights import rights_in_force
from callvault.portal.people.gates import person_of
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.searches.finding import default_of, offered
from callvault.portal.searches.models import ListName

from . import columns, listing
from .added import NoteDraft
from .checks import first_recording_checks
from .deed_views import back_to
from .filters import FilterForm
from .finding import Asked, most_hiding
from .interaction_page import parts_told
from .models import Recording
from .page_builder import page_of_recording
from .pages import Pages
from .permissions import actor_of, recording_visible_to
from .search import Search, default_search, form_of, id_in, neighbours, search_of


@require_safe
@never_cache
def my_recordings(request: HttpRequest) -> HttpResponse:
    """List the reader's own recordings."""
    user = person_of(request)
    if user.level < Level.BASE:
        return render(request, "recordings/none_by_right.html", status=403)
    if (opening := _opening(request, ListName.MINE)) is not None:
        return opening
    form = form_of(user, Search("mine", request.GET))
    return _list(request, form, of_list=ListName.MINE, scope="")


@require_safe
@never_cache
def all_recordings(request: HttpRequest) -> HttpResponse:
    """List what a supervisor or administrator may see of everyone."""
    user = person_of(request)
    if not user.is_supervisor:
        raise PermissionDenied
    if (opening := _opening(request, ListName.ALL)) is not None:
        return opening
    form = form_of(user, Search("all", request.GET))
    return _list(request, form, of_list=ListName.ALL, scope=_scope(user))


def _opening(request: HttpRequest, of_list: ListName) -> HttpResponse | None:
    """Lead to the search by which the person wants the list to open; None: to all of it."""
    search = default_of(person_of(request), of_list) if not request.GET else None
    return redirect(search.url) if search is not None else None


def _list(request: HttpRequest, form: FilterForm, *, of_list: ListName, scope: str) -> HttpResponse:
    form.is_valid()
    wanted = form.filter()
    record_search(request, "recordings", wanted.told, text=wanted.text)
    asked = Asked(person_of(request), wanted, own_only=of_list is ListName.MINE)
    context = _page_context(request, asked)
    saved = offered(person_of(request), of_list, request.GET)
    context |= {
        "title": of_list.label,
        "saved": saved,
        "presets": listing.presets(request.path, request.GET),
        "form": form,
        "chips": listing.chips_of(form, wanted, request.path, request.GET),
        "wanted": wanted,
        **columns.context_of(request),
        "head_line": listing.head_line(context["count"], searched=bool(wanted.active), scope=scope),
        # Without the word, the list would open by the default again.
        "clear_url": f"{request.path}?saved=none" if saved.default_id else request.path,
    }
    if not context["rows"] and not context["is_short"]:
        context |= _empty_context(request, asked)
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


def _page_context(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    sorting = listing.Sorting.parse(request.GET.get("sort", ""))
    pages = Pages(asked, sorting.order)
    page = pages.page(
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
    count = pages.count()
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
        "is_short": page.is_short,
        "told": listing.foot_line(page, count, sorting=sorting),
        "older_url": _turned(request, "after", page.older),
        "newer_url": _turned(request, "before", page.newer),
        "sort_start": _sort_head(request, sorting, "start"),
        "sort_duration": _sort_head(request, sorting, "duration"),
        "sort": request.GET.get("sort", ""),
        "page_rows": request.GET.get("rows", ""),
    }


def _empty_context(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    if not asked.wanted.active:
        return {"checks": first_recording_checks(settings.DATA_FOLDER)}
    name = most_hiding(asked)
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


def _scope(user: User) -> str:
    if user.is_administrator:
        return _("You see every group.")
    return _("You see %(groups)s.") % {"groups": ", ".join(sorted(user.groups_seen))}


@require_POST
def choose_columns(request: HttpRequest) -> HttpResponse:
    """Keep the columns that the person wants in lists of recordings."""
    names = None if request.POST.get("standard") else request.POST.getlist("column")
    columns.keep(person_of(request), names)
    return redirect(back_to(request))


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
    search = search_of(request, user)
    page = page_of_recording(
        user,
        row,
        start_at_ms=_start(request.GET.get("t", "")),
        back=(search.url, search.label),
        draft=draft,
    )
    context = {
        "page": page,
        "keys_of": "player",
        "carried": "" if search.carried == default_search(user).carried else search.carried,
        "neighbours": neighbours(user, row, search),
    }
    return render(request, "recordings/recording.html", context, status=status)


def _start(text: str) -> int:
    """Read `?t=167`, seconds."""
    return int(text) * 1000 if text.isascii() and text.isdecimal() and len(text) < 7 else 0
