"""The search that a reader came to a recording from: which list, how filtered, how sorted.

It goes along in the address as `?in=`, the list's own address without its place in the paging, so
that the way back, the next recording and the one before are those of the list.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from callvault.portal.paging import Count, counted, neighbours_of, rows_before
from callvault.portal.people.models import User

from . import listing
from .filters import FilterForm, apply
from .models import Recording
from .permissions import own_recordings_of, recordings_visible_to

OWNERS_OFFERED = 500
CARRIED_AS = "in"
LONGEST = 2000  # of an address that is carried in an address
LISTS = ("mine", "all")


@dataclass(frozen=True, slots=True)
class Search:
    """A list with its filters and its order."""

    which: str  # one of LISTS
    query: QueryDict

    @property
    def url(self) -> str:
        """Address of the list."""
        path = reverse(f"recordings:{self.which}")
        return listing.address(path, self.query)

    @property
    def label(self) -> str:
        """Name of the list."""
        return _("All recordings") if self.which == "all" else _("My recordings")

    @property
    def carried(self) -> str:
        """The search as it stands in the address of a recording."""
        query = listing.address("", self.query).removeprefix("?")
        return f"{self.which}?{query}" if query else self.which


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a recording stands in a search, and what stands beside it."""

    previous_url: str  # empty: it is the first
    next_url: str  # empty: it is the last
    place: int  # 0: too far from the start to be counted
    count: Count


def search_of(request: HttpRequest, user: User) -> Search:
    """Return the search of the address; else of the page the reader came from; else none."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        referer = ""
    came_from = urlsplit(referer)
    from_recording = parse_qs(came_from.query).get(CARRIED_AS, [""])[0]
    return (
        _read(request.GET.get(CARRIED_AS, ""), user)
        or _of_list(came_from.path, came_from.query, user)
        or _read(from_recording, user)
        or default_search(user)
    )


def default_search(user: User) -> Search:
    """Return the search of who came from none: the widest list."""
    return Search("all" if user.is_supervisor else "mine", QueryDict())


def _read(carried: str, user: User) -> Search | None:
    which, _question, query = carried.partition("?")
    if which not in LISTS or len(query) > LONGEST or (which == "all" and not user.is_supervisor):
        return None
    return Search(which, QueryDict(query))


def _of_list(path: str, query: str, user: User) -> Search | None:
    which = next((one for one in LISTS if path == reverse(f"recordings:{one}")), "")
    return _read(f"{which}?{query}", user)


def neighbours(user: User, recording: Recording, search: Search) -> Neighbours | None:
    """Return what stands beside a recording; None: the search does not hold it (any more)."""
    found = found_by(user, search)
    order = listing.Sorting.parse(search.query.get("sort", "")).order
    beside = neighbours_of(found, order, id_field="recording_id", row_id=recording.recording_id)
    if beside is None:
        return None
    before = counted(rows_before(found, order, recording))
    return Neighbours(
        previous_url=_address(beside[0], search),
        next_url=_address(beside[1], search),
        place=0 if before.capped else before.number + 1,
        count=counted(found),
    )


def _address(recording_id: UUID | None, search: Search) -> str:
    if recording_id is None:
        return ""
    url = reverse("recordings:recording", args=[recording_id])
    return f"{url}?{urlencode({CARRIED_AS: search.carried})}"


def found_by(user: User, search: Search) -> QuerySet[Recording]:
    """Return what a search finds among what the reader may see.

    What the form offers is not looked up: the rows are the reader's, whatever is asked of them.
    """
    if search.which == "mine":
        rows, groups, owners = own_recordings_of(user), None, None
    else:
        rows = recordings_visible_to(user)
        groups, owners = _as_asked(search.query, "group"), _as_asked(search.query, "owner")
    form = FilterForm(search.query, groups=groups, owners=owners)
    form.is_valid()
    return apply(rows, form.filter())


def _as_asked(query: QueryDict, name: str) -> list[tuple[str, str]]:
    values = query.getlist(name)
    if name == "owner":
        values = [value for value in values if id_in(value)]
    return [(value, value) for value in values]


def searched(user: User, search: Search) -> tuple[QuerySet[Recording], FilterForm]:
    """Return the rows a list starts from, and its form filled in."""
    if search.which == "mine":
        return own_recordings_of(user), FilterForm(search.query, groups=None, owners=None)
    rows = recordings_visible_to(user)
    groups = None if user.is_administrator else user.groups_seen
    owners = _owner_choices(user, id_in(search.query.get("owner")))
    choices = listing.group_choices(rows, groups)
    return rows, FilterForm(search.query, groups=choices, owners=owners)


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
