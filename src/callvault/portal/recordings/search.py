"""The search that a reader came to a recording from: which list, how filtered, how sorted.

It goes along in the address as `?in=`, the list's own address without its place in the paging, so
that the way back, the next recording and the one before are those of the list.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from callvault.portal.paging import Count
from callvault.portal.people.models import User

from . import listing
from .filters import FilterForm
from .finding import Asked
from .models import Recording
from .pages import Pages

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

    @property
    def told(self) -> str:
        """How many there are, in words."""
        return listing.number_told(self.count)


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
    sorting = listing.Sorting.parse(search.query.get("sort", ""))
    beside = Pages(asked_by(user, search), sorting.order).beside(recording)
    if beside is None:
        return None
    return Neighbours(
        previous_url=_address(beside.previous, search),
        next_url=_address(beside.next, search),
        place=beside.before.number + 1 if beside.before.is_exact else 0,
        count=beside.count,
    )


def _address(recording_id: UUID | None, search: Search) -> str:
    if recording_id is None:
        return ""
    url = reverse("recordings:recording", args=[recording_id])
    return f"{url}?{urlencode({CARRIED_AS: search.carried})}"


def asked_by(user: User, search: Search) -> Asked:
    """Return what a search asks for among what the reader may see.

    What the form offers is not looked up: the rows are the reader's, whatever is asked of them.
    """
    groups, owners = None, None
    if search.which == "all":
        groups, owners = _as_asked(search.query, "group"), _as_asked(search.query, "owner")
    form = FilterForm(search.query, groups=groups, owners=owners)
    form.is_valid()
    return Asked(user, form.filter(), own_only=search.which == "mine")


def _as_asked(query: QueryDict, name: str) -> list[tuple[str, str]]:
    values = query.getlist(name)
    if name == "owner":
        values = [value for value in values if id_in(value)]
    return [(value, value) for value in values]


def form_of(user: User, search: Search) -> FilterForm:
    """Return the form of a list, filled in."""
    if search.which == "mine":
        return FilterForm(search.query, groups=None, owners=None)
    owners = _owner_choices(user, id_in(search.query.get("owner")))
    return FilterForm(search.query, groups=listing.group_choices(user), owners=owners)


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
    columns = ("public_id", "first_name", "last_name", "username")
    offered = list(people.values_list(*columns)[:OWNERS_OFFERED])
    if asked is not None and len(offered) == OWNERS_OFFERED:
        asked_for = people.filter(public_id=asked).values_list(*columns)
        offered += [one for one in asked_for if one not in offered]
    return [
        (str(public_id), f"{first} {last}".strip() or username)
        for public_id, first, last, username in offered
    ]
