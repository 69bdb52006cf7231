"""Writing a person that a form checked: audited, and told to recorders."""

from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.models import PolicyRevision

from .forms import PersonForm
from .models import User


@transaction.atomic
def save_person(request: HttpRequest, form: PersonForm, action: Action) -> User:
    """Create or change what the form says. Who is created has no password yet."""
    person: User = form.save(commit=False)
    record(
        request, action, kind="person", object_id=person.public_id, fields=sorted(form.changed_data)
    )
    if action is Action.PERSON_CREATED:
        person.set_unusable_password()
    person.save()
    PolicyRevision.bump()
    return person
