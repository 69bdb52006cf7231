"""Pages of legal holds: all of them, one, placing, and releasing by two persons."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.paging import Count, Order, counted
from callvault.portal.people.gates import administrators_only, person_of
from callvault.portal.recordings import listing
from callvault.portal.recordings.deed_views import asked_places, asked_recordings, back_to
from callvault.portal.recordings.permissions import recordings_visible_to
from callvault.portal.recordings.turning import turned

from .forms import HoldForm, ReleaseForm, StandingHoldForm
from .models import Kind, LegalHold
from .placing import (
    ReleaseRefused,
    ask_release,
    confirm_release,
    place,
    refusal_to_confirm,
    withdraw_release,
)

NEWEST_FIRST = Order("placed_at", "id", descending=True)
SHOWN = 50


@require_safe
@never_cache
@administrators_only
def holds(request: HttpRequest) -> HttpResponse:
    """List holds, the newest first."""
    rows = LegalHold.objects.all()
    if request.GET.get("state") != "all":
        rows = rows.filter(released_at__isnull=True)
    turn = turned(request, rows, NEWEST_FIRST)
    context = {
        "rows": [(hold, _told_of(hold), _covered(hold)) for hold in turn.page.rows],
        "all": request.GET.get("state") == "all",
        **turn.foot,
    }
    return render(request, "holds/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def new_hold(request: HttpRequest) -> HttpResponse:
    """Place a hold on a person or a number."""
    initial = {"about": request.GET.get("about", "")[:254]}
    form = StandingHoldForm(request.POST or None, initial=initial)
    if form.is_bound and form.is_valid():
        hold = place(request, form.standing_hold())
        messages.success(request, _covers_told(_covered(hold).number))
        return redirect("holds:hold", hold.public_id)
    status = 422 if form.is_bound else 200
    return render(request, "holds/new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def hold_recordings(request: HttpRequest) -> HttpResponse:
    """Ask why, and place a hold on the recordings that were chosen."""
    found, _missing = asked_recordings(request)
    is_placed = request.method == "POST" and "matter" in request.POST
    form = HoldForm(request.POST if is_placed else None)
    if is_placed and form.is_valid():
        ids = [one.pk for one in found]
        rows = recordings_visible_to(person_of(request)).filter(pk__in=ids)
        hold = place(request, form.hold(Kind.RECORDINGS), rows)
        messages.success(request, _covers_told(_covered(hold).number))
        return redirect(back_to(request))
    reader = plan_reader()
    context = asked_places(request, found) | {
        "form": form,
        "count": len(found),
        "recordings": [listing.row_of(one, reader=reader) for one in found[:SHOWN]],
        "more": max(len(found) - SHOWN, 0),
    }
    status = 422 if form.errors else 200
    return render(request, "holds/recordings.html", context, status=status)


@require_safe
@never_cache
@administrators_only
def hold(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one hold."""
    return _page(request, get_object_or_404(LegalHold, public_id=public_id), ReleaseForm())


@require_POST
@administrators_only
def release(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for the release, take that back, or confirm it: by the button that was pressed."""
    row = get_object_or_404(LegalHold, public_id=public_id)
    try:
        if "confirm" in request.POST:
            count = confirm_release(request, row, now=timezone.now())
            told = ngettext(
                "Released: %(count)s recording is held no longer by it.",
                "Released: %(count)s recordings are held no longer by it.",
                count,
            )
            messages.success(request, told % {"count": count})
        elif "withdraw" in request.POST:
            withdraw_release(request, row)
            messages.success(request, _("Taken back. The hold stands."))
        else:
            form = ReleaseForm(request.POST)
            if not form.is_valid():
                return _page(request, row, form)
            ask_release(request, row, form.cleaned_data["reason"])
            messages.success(request, _("Asked. Another administrator has to confirm."))
    except ReleaseRefused as refused:
        row.refresh_from_db()
        return _page(request, row, ReleaseForm(), refused=str(refused))
    return redirect("holds:hold", public_id)


def _page(
    request: HttpRequest, row: LegalHold, form: ReleaseForm, *, refused: str = ""
) -> HttpResponse:
    rows = recordings_visible_to(person_of(request)).filter(holds__hold=row)
    newest = rows.order_by("-started_at", "-record_number")[:SHOWN]
    reader = plan_reader()
    context = {
        "hold": row,
        "about": _told_of(row),
        "form": form,
        "refused": refused,
        "may_not_confirm": refusal_to_confirm(row, person_of(request)),
        "covered": _covered(row),
        "recordings": [listing.row_of(one, reader=reader) for one in newest],
    }
    status = 409 if refused else 422 if form.errors else 200
    return render(request, "holds/hold.html", context, status=status)


def _covered(row: LegalHold) -> Count:
    if row.is_open:
        return counted(row.held.all())
    return Count(row.covered)


def _told_of(row: LegalHold) -> str:
    if row.kind == Kind.PERSON:
        return row.person_name
    return row.number if row.kind == Kind.NUMBER else str(Kind.RECORDINGS.label)


def _covers_told(count: int) -> str:
    told = ngettext(
        "Placed. It covers %(count)s recording now.",
        "Placed. It covers %(count)s recordings now.",
        count,
    )
    return told % {"count": count}
