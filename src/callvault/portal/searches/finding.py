"""Which saved searches a person finds: the own, and those that others share with the person."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.http import Http404, QueryDict

from callvault.portal.people.models import User

from .models import QUERY_LENGTH, DefaultSearch, ListName, SavedSearch, Sharing

NOT_KEPT = {"after", "before", "saved"}  # places in the list, no part of what is searched for


@dataclass(frozen=True, slots=True)
class Offered:
    """The menu of saved searches over a list."""

    own: list[SavedSearch]
    shared: list[SavedSearch]
    current: SavedSearch | None  # the one that the address names
    is_changed: bool  # whether what is searched for is no longer what `current` keeps
    is_own: bool  # `current` may be replaced
    query: str  # what could be kept; empty: nothing
    of_list: str
    default_id: UUID | None


def own_searches(person: User) -> list[SavedSearch]:
    """Return what a person keeps."""
    return list(SavedSearch.objects.filter(person=person, deleted_at__isnull=True))


def shared_with(person: User) -> list[SavedSearch]:
    """Return what others share with a person. Who lost the right to share shares no longer."""
    rows = SavedSearch.objects.filter(deleted_at__isnull=True).exclude(sharing=Sharing.NOBODY)
    rows = rows.exclude(person=person).select_related("person")
    return [one for one in rows if _reaches(one, person)]


def _reaches(search: SavedSearch, person: User) -> bool:
    sharer = search.person
    if not sharer.is_active or not may_share(sharer):
        return False
    if search.of_list == ListName.ALL and not person.is_supervisor:
        return False
    if search.sharing == Sharing.EVERYONE:
        return sharer.is_administrator
    return bool(sharer.groups_seen & person.groups_seen)


def may_share(person: User) -> bool:
    """Whether a person may share searches: supervisors and administrators."""
    return person.is_supervisor


def found_by(person: User, search_id: UUID) -> SavedSearch:
    """Return one search that a person finds. Raises Http404 for what is not there or hidden."""
    row = SavedSearch.objects.filter(search_id=search_id, deleted_at__isnull=True)
    search = row.select_related("person").first()
    if search is None or not (search.person == person or search in shared_with(person)):
        raise Http404
    return search


def kept_of(data: QueryDict) -> str:
    """Return what of an address is kept: filters, order and rows, in one form."""
    pairs = [
        (name, value)
        for name, values in sorted(data.lists())
        for value in values
        if value and name not in NOT_KEPT
    ]
    query = urlencode(pairs)
    return query if len(query) <= QUERY_LENGTH else ""


def default_of(person: User, of_list: str) -> SavedSearch | None:
    """Return the search by which a list opens; None: it opens with all."""
    row = DefaultSearch.objects.filter(person=person, of_list=of_list).select_related(
        "search__person"
    )
    chosen = row.first()
    if chosen is None or chosen.search.deleted_at is not None:
        return None
    search = chosen.search
    return search if search.person_id == person.pk or _reaches(search, person) else None


def offered(person: User, of_list: str, data: QueryDict) -> Offered:
    """Return the menu over a list, for the search that its address holds."""
    rows = SavedSearch.objects.filter(of_list=of_list, deleted_at__isnull=True)
    found = rows.exclude(~Q(person=person), sharing=Sharing.NOBODY).select_related("person")
    own = [one for one in found if one.person_id == person.pk]
    shared = [one for one in found if one.person_id != person.pk and _reaches(one, person)]
    named = data.get("saved", "")
    current = next((one for one in (*own, *shared) if str(one.search_id) == named), None)
    query, default = kept_of(data), default_of(person, of_list)
    return Offered(
        own=own,
        shared=shared,
        current=current,
        is_changed=current is not None and current.query != query,
        is_own=current in own,
        query=query,
        of_list=of_list,
        default_id=default.search_id if default else None,
    )
