"""The page on which recordings are given to another owner: one, or those selected in a list."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.policy.permissions import Deed
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.people.gates import administrators_only, person_of
from callvault.portal.people.models import User
from callvault.portal.people.sources import Source

from .deed_views import SHOWN, asked_places, asked_recordings, back_to, shown, tell
from .models import Recording
from .reassigning import UnknownPerson, others_of_number, person_named, reassign
from .several import do_each, split

MOST_OFFERED = 500
"""User names that the field offers; any other can be typed."""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def reassign_recordings(request: HttpRequest) -> HttpResponse:
    """Ask to whom the recordings are to belong, then give them."""
    found, _missing = asked_recordings(request)
    user = person_of(request)
    may, _may_not = split(user, found, Deed.REASSIGN)
    others = others_of_number(user, may)
    username, problem = str(request.POST.get("username", ""))[:150], ""
    if request.POST.get("confirmed"):
        try:
            owner = person_named(username)
        except UnknownPerson as unknown:
            problem = str(unknown)
        else:
            _give(request, [*may, *(others if request.POST.get("others") else [])], owner)
            return redirect(back_to(request))
    context = asked_places(request, found) | {
        "count": len(may),
        "recordings": shown(may, plan_reader()),
        "more": max(len(may) - SHOWN, 0),
        "others": len(others),
        "people": _people(),
        "username": username,
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "recordings/reassign.html", context, status=status)


def _give(request: HttpRequest, recordings: list[Recording], owner: User) -> None:
    ids = [str(one.recording_id) for one in recordings]

    def act(one: Recording) -> Recording:
        return reassign(request, one, owner)

    outcome = do_each(person_of(request), ids, act, most=len(ids))
    told = ngettext(
        "%(count)s recording belongs to %(name)s now.",
        "%(count)s recordings belong to %(name)s now.",
        len(outcome.done),
    )
    tell(request, outcome, told.replace("%(name)s", owner.get_full_name().replace("%", "%%")))


def _people() -> QuerySet[User]:
    people = User.objects.exclude(source=Source.CATCH_ALL).filter(is_active=True)
    return people.order_by("sort_name", "pk")[:MOST_OFFERED]
