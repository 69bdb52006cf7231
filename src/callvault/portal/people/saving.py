"""Adding, changing and deleting one person: audited, and never over another's edit."""

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.html import strip_tags
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.capacity_room import UserRoom
from callvault.portal.configuration.models import PolicyRevision, SystemCapacity
from callvault.portal.configuration.pilot_claims import PilotGuard
from callvault.portal.templatetags.cv_ui import ago

from .applying import WRITTEN, values_of
from .forms import PersonForm
from .levels import Level
from .models import User
from .people_audit import KIND, Actor, detail_of
from .removal import remove

_REMEMBERED = 20


class StalePerson(Exception):
    """The person was changed since the form was opened: what was done, and the version now."""

    def __init__(self, told: str, version: int) -> None:
        super().__init__(told)
        self.version = version


class CatchAllInUse(Exception):
    """What is nobody's would have no owner: Settings, Capacity ends that first."""


class LastAdministrator(Exception):
    """Nobody would be left who may change settings."""


@transaction.atomic
def add_person(request: HttpRequest, form: PersonForm) -> User:
    """Create whom the form describes; they cannot sign in until they are given a password."""
    PolicyRevision.bump()
    person: User = form.save(commit=False)
    _refuse_new_pilots(person, None)
    _refuse_beyond_room(person, None)
    detail = detail_of({}, values_of(person), person.version)
    Actor.of_request(request).entry(Action.PERSON_CREATED, person.public_id, **detail).save()
    person.set_unusable_password()
    person.save()
    return person


@transaction.atomic
def change_person(request: HttpRequest, form: PersonForm) -> None:
    """Save the form. Raises StalePerson or LastAdministrator, having changed nothing."""
    PolicyRevision.bump()  # first: whoever else changes people waits here
    stored = User.objects.get(pk=form.instance.pk)
    opened_at = form.cleaned_data.get("version")
    if opened_at is not None and opened_at != stored.version:
        raise StalePerson(_told_since(stored, opened_at), stored.version)
    person: User = form.save(commit=False)
    if is_last_administrator(stored) and not (person.is_administrator and person.is_active):
        raise LastAdministrator
    _refuse_new_pilots(person, stored)
    _refuse_beyond_room(person, stored)
    person.version = stored.version + 1
    detail = detail_of(values_of(stored), values_of(person), person.version)
    Actor.of_request(request).entry(Action.PERSON_CHANGED, person.public_id, **detail).save()
    person.save(update_fields=WRITTEN)  # the password may be another since the row was read


@transaction.atomic
def delete_person(request: HttpRequest, person: User) -> None:
    """Delete a person. Recordings stay, under the name that they had.

    Raises LastAdministrator, or CatchAllInUse.
    """
    PolicyRevision.bump()
    if is_catch_all_in_use(person):
        raise CatchAllInUse
    if is_last_administrator(User.objects.get(pk=person.pk)):
        raise LastAdministrator
    remove([person], Actor.of_request(request))


def _refuse_new_pilots(person: User, stored: User | None) -> None:
    """Raise IntegrityError, as for any number taken meanwhile, if a number became a pilot's."""
    guard = PilotGuard.in_force()
    had = {stored.extension, stored.alias} if stored is not None and stored.is_active else set()
    new = {person.extension, person.alias} - had if person.is_active else set()
    if any(map(guard.refusal, new)):
        raise IntegrityError("a number became a pilot's")


def _refuse_beyond_room(person: User, stored: User | None) -> None:
    """Raise IntegrityError, as for a number taken meanwhile, if all places are taken by now."""
    is_new = person.is_active and not (stored is not None and stored.is_active)
    if is_new and UserRoom.in_force().refusal:
        raise IntegrityError("all places are taken")


def is_catch_all_in_use(person: User) -> bool:
    """Whether somebody owns what is nobody's."""
    return SystemCapacity.objects.filter(catch_all=person).exists()


def is_last_administrator(person: User) -> bool:
    """Whether nobody else is an active administrator."""
    if not (person.is_active and person.is_administrator):
        return False
    others = User.objects.filter(is_active=True, level=Level.ADMINISTRATOR).exclude(pk=person.pk)
    return not others.exists()


def _told_since(person: User, version: int) -> str:
    """Say who changed what since a version, and what saving again does."""
    entries = AuditEntry.objects.filter(object_kind=KIND, object_id=str(person.public_id))
    latest = list(entries.select_related("actor").order_by("-at", "-pk")[:_REMEMBERED])
    changes = [entry for entry in reversed(latest) if entry.detail.get("version", 0) > version]
    told = " ".join(map(_change_told, changes)) or _("Somebody changed this person meanwhile.")
    kept = _("What you typed is still here; save again to put it in place of that.")
    return f"{told} {kept}"


def _change_told(entry: AuditEntry) -> str:
    actor = entry.actor
    names = [label_of(str(name)) for name in entry.detail.get("fields", ())]
    told = {
        "who": actor.get_full_name() if isinstance(actor, User) else entry.actor_name,
        "what": get_text_list(names, _("and")),
        "when": strip_tags(ago(entry.at)),
    }
    return _("%(who)s changed this person %(when)s: %(what)s.") % told


def label_of(name: str) -> str:
    """Return what the form calls a field."""
    found = PersonForm.base_fields.get(name)
    return str(found.label if found is not None and found.label else name)
