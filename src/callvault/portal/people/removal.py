"""Deleting people, whoever asks for it: a page, the API, or a directory that lists them no more."""

from collections.abc import Sequence

from callvault.portal.audit.models import Action, AuditEntry

from .models import User
from .people_audit import Actor


def remove(people: Sequence[User], actor: Actor, **told: object) -> None:
    """Delete people with an audit entry each, in the caller's transaction.

    Recordings stay, under the name that their owner had (USER-3). The caller has bumped the
    revision of policy and sees to it that an administrator stays.
    """
    AuditEntry.objects.bulk_create(
        [
            actor.entry(
                Action.PERSON_DELETED,
                person.public_id,
                name=person.get_full_name(),
                user=person.username,
                **told,
            )
            for person in people
        ]
    )
    User.objects.filter(pk__in=[person.pk for person in people]).delete()
