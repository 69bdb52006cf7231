"""Keeping, changing and deleting searches. What is or was shared enters the audit log."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from callvault.portal.audit.listing import safe_text
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of

from .finding import own_searches
from .models import DefaultSearch, SavedSearch, Sharing

MOST = 100  # of one person
UNDONE_WITHIN = timedelta(days=1)
KIND = "saved_search"
TYPED = {"q", "note"}  # people type what they like into them


class SearchRefused(Exception):
    """It was not saved; the message says why, to people."""


@transaction.atomic
def save_search(request: HttpRequest, search: SavedSearch, *, opened: int | None = None) -> None:
    """Save a search that is new or was changed. Raises SearchRefused, and Http404 for another's.

    `opened` is the version that the form was opened with: who comes second is told.
    """
    person = person_of(request)
    stored = _stored(request, search.search_id) if search.pk else None
    if stored is None and len(own_searches(person)) >= MOST:
        raise SearchRefused(
            _("You keep %(most)s searches already. Delete one first.") % {"most": MOST}
        )
    if stored is not None and opened is not None and opened != stored.version:
        raise SearchRefused(
            _("This search was changed meanwhile, in another window. Load the page again.")
        )
    _write(request, stored, search)
    search.person = person
    search.version = stored.version + 1 if stored else 1
    search.save()


@transaction.atomic
def delete_search(request: HttpRequest, search_id: UUID) -> SavedSearch:
    """Delete a search; `restore_search` undoes it. Those deleted a day ago go for good."""
    search = _stored(request, search_id)
    _write(request, search, None)
    search.deleted_at = timezone.now()
    search.save(update_fields=("deleted_at",))
    long_ago = timezone.now() - UNDONE_WITHIN
    SavedSearch.objects.filter(person=search.person, deleted_at__lt=long_ago).delete()
    return search


@transaction.atomic
def restore_search(request: HttpRequest, search_id: UUID) -> SavedSearch:
    """Undo a deletion. Raises SearchRefused where its name is taken by now."""
    person = person_of(request)
    rows = SavedSearch.objects.select_for_update().filter(person=person, search_id=search_id)
    search = rows.first()
    if search is None:
        raise Http404
    taken = (one.name for one in own_searches(person) if one.of_list == search.of_list)
    if search.deleted_at is not None and search.name in taken:
        raise SearchRefused(_("Another search of yours has this name."))
    _write(request, None, search)
    search.deleted_at = None
    search.save(update_fields=("deleted_at",))
    return search


def set_default(request: HttpRequest, search: SavedSearch, *, chosen: bool) -> None:
    """Let a list open by a search, or no longer."""
    person = person_of(request)
    if chosen:
        DefaultSearch.objects.update_or_create(
            person=person, of_list=search.of_list, defaults={"search": search}
        )
    else:
        DefaultSearch.objects.filter(person=person, search=search).delete()


def _stored(request: HttpRequest, search_id: UUID) -> SavedSearch:
    rows = SavedSearch.objects.select_for_update().filter(deleted_at__isnull=True)
    search = rows.filter(person=person_of(request), search_id=search_id).first()
    if search is None:
        raise Http404
    return search


def _write(request: HttpRequest, before: SavedSearch | None, after: SavedSearch | None) -> None:
    """Write what others see of it, before and after, where that changes."""
    search = after or before
    old, new = _shared_facts(before), _shared_facts(after)
    if search is None or old == new:
        return
    names = sorted({*old, *new})
    changed = [name for name in names if old.get(name) != new.get(name)]
    record(
        request,
        Action.SEARCH_SHARED if new else Action.SEARCH_WITHDRAWN,
        kind=KIND,
        object_id=search.search_id,
        fields=changed,
        old={name: old[name] for name in changed if name in old},
        new={name: new[name] for name in changed if name in new},
    )


def _shared_facts(search: SavedSearch | None) -> dict[str, str]:
    """Return what others find; nothing of what is not shared. Numbers by reference."""
    if search is None or search.sharing == Sharing.NOBODY:
        return {}
    asked = QueryDict(search.query)
    told = {f"asked.{name}": _asked(name, asked.getlist(name)) for name in asked}
    return {"name": safe_text(search.name), "list": search.of_list, "with": search.sharing, **told}


def _asked(name: str, values: list[str]) -> str:
    return ", ".join(safe_text(one) if name in TYPED else one[:100] for one in values)
