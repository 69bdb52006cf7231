"""The one gate: what a person may do with which recording (USER-4 to USER-7).

Lists, search, page, player, download, deeds and every later face start from
`recordings_visible_to`; the rules themselves are pure (`policy.permissions`). A test forbids
`Recording.objects` anywhere else.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import F, Func, Q, QuerySet
from django.db.models.lookups import Exact, In
from django.http import Http404

from callvault.policy import permissions as rules
from callvault.policy.permissions import Deed, GlobalRights, Refusal
from callvault.portal.configuration.rights import rights_in_force
from callvault.portal.people.models import User

from .models import Note, Recording


class Refused(PermissionDenied):
    """The person may see the recording, and not do this with it: answered 403."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def actor_of(user: User) -> rules.Actor:
    """Return the person as the rules know people."""
    return rules.Actor(
        user_id=user.pk,
        level=rules.Level(user.level),
        group=user.group,
        additional_groups=frozenset(user.additional_groups.split(";")),
        is_active=user.is_active,
    )


def facts_of(recording: Recording) -> rules.RecordingFacts:
    """Return the recording as the rules know it."""
    preserved_by = recording.preserved_level
    return rules.RecordingFacts(
        owner_id=recording.owner_id,
        group=recording.owner_group,
        preserved_by=rules.Level(preserved_by) if preserved_by is not None else None,
        is_held=recording.is_held,
    )


class Unindexed(Func):
    """A column as SQLite takes no index for it: rows that were found otherwise are asked for it.

    Else it collects all rows of all groups to find out which of fifty are among them.
    """

    arity = 1
    template = "%(expressions)s"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Make an expression of it by a sign in front, which changes no value."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


def recordings_visible_to(user: User) -> QuerySet[Recording]:
    """Return what the person may know of (`rules.sees`): the own, those of groups, or all.

    For rows that are found by something else. What walks along all of it goes by its parts.
    """
    actor = actor_of(user)
    if not actor.is_active or actor.standing < rules.Level.BASE:
        return Recording.objects.none()
    if actor.standing >= rules.Level.ADMINISTRATOR:
        return Recording.objects.all()
    if not actor.groups_seen:
        return Recording.objects.filter(owner=user)
    is_own = Exact(Unindexed(F("owner_id")), user.pk)
    is_of_group = In(Unindexed(F("owner_group")), sorted(actor.groups_seen))
    return Recording.objects.filter(Q(is_own) | Q(is_of_group))


@dataclass(frozen=True, slots=True)
class Part:
    """Some of what a person may see, such as one index walks: all of a group, or of an owner."""

    rows: QuerySet[Recording]
    group: str | None = None  # of all of them; None: of several


def parts_visible_to(user: User) -> tuple[Part, ...]:
    """Return what the person may see, in parts: together `recordings_visible_to`, none twice."""
    actor = actor_of(user)
    if not actor.is_active or actor.standing < rules.Level.BASE:
        return ()
    if actor.standing >= rules.Level.ADMINISTRATOR:
        return (Part(Recording.objects.all()),)
    groups = sorted(actor.groups_seen)
    of_groups = (Part(Recording.objects.filter(owner_group=name), name) for name in groups)
    own = Recording.objects.filter(owner=user)
    return (*of_groups, Part(own.exclude(owner_group__in=groups) if groups else own))


def own_parts_of(user: User) -> tuple[Part, ...]:
    """Return the recordings whose owner the person is, in parts."""
    return (Part(own_recordings_of(user)),)


def groups_to_choose(user: User) -> list[str]:
    """Return the groups whose recordings the person may see: a supervisor's, or all that occur.

    It hops along the index from group to group: a DISTINCT would read every row.
    """
    if not user.is_administrator:
        return sorted(actor_of(user).groups_seen)
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, [MOST_GROUPS])
        return [row[0] for row in cursor.fetchall()]


MOST_GROUPS = 200
_GROUPS = """
WITH RECURSIVE hop(name) AS (
    SELECT min(owner_group) FROM recordings_recording
    UNION ALL
    SELECT (SELECT min(owner_group) FROM recordings_recording WHERE owner_group > hop.name)
    FROM hop WHERE hop.name IS NOT NULL
)
SELECT name FROM hop WHERE name IS NOT NULL LIMIT %s
"""


def numbers_found(condition: Q, *, most: int) -> list[int] | None:
    """Return the record numbers that an index finds, whoever may see them; None: too many.

    The gate is asked for them afterwards: an index that is asked for rows that somebody may see
    walks through all that nobody may.
    """
    rows = Recording.objects.order_by().filter(condition)
    numbers = list(rows.values_list("record_number", flat=True)[: most + 1])
    return numbers if len(numbers) <= most else None


def rows_expected(condition: Q) -> str:
    """Return how the planner would look for a condition, as JSON: before a question that costs."""
    return Recording.objects.order_by().filter(condition).values("pk").explain(format="json")


def own_recordings_of(user: User) -> QuerySet[Recording]:
    """Return the recordings whose owner the person is."""
    return recordings_visible_to(user).filter(owner=user)


def recording_visible_to(user: User, recording_id: UUID) -> Recording:
    """Return one recording. A stranger gets Http404, as for one that does not exist."""
    recording = recordings_visible_to(user).filter(recording_id=recording_id).first()
    if recording is None:
        raise Http404
    return recording


def refusal_of(
    user: User,
    recording: Recording,
    deed: Deed,
    *,
    note: Note | None = None,
    rights: GlobalRights | None = None,
) -> Refusal | None:
    """Return why the person may not do it; None: allowed. Pass `rights` to ask for them once."""
    return rules.refusal(
        deed,
        actor_of(user),
        facts_of(recording),
        rights or rights_in_force(),
        note=rules.NoteFacts(note.author_id, rules.Level(note.level)) if note else None,
    )


def require(user: User, recording: Recording, deed: Deed, *, note: Note | None = None) -> None:
    """Raise Http404 for what the person may not know of, and Refused for what is not allowed."""
    refusal = refusal_of(user, recording, deed, note=note)
    if refusal is Refusal.NOT_SEEN:
        raise Http404
    if refusal is not None:
        raise Refused(refusal)


def recording_locked_for(user: User, recording_id: UUID) -> Recording:
    """Return a recording that nobody else changes until the end of the transaction.

    A stranger gets Http404, and so does who comes after its deletion.
    """
    rows = recordings_visible_to(user).select_for_update(of=("self",))
    recording = rows.filter(recording_id=recording_id).first()
    if recording is None:
        raise Http404
    return recording


def may_play(user: User, recording: Recording) -> bool:
    """Whether the person may hear it: who sees a recording may play it."""
    return refusal_of(user, recording, Deed.PLAY) is None


def may_download(user: User, recording: Recording) -> bool:
    """Whether the person may take the file away (USER-7): a level, within what may be played."""
    return refusal_of(user, recording, Deed.DOWNLOAD) is None


def may_read_signalling(user: User) -> bool:
    """Whether the person may read raw messages: they name people beside the two parties."""
    return user.is_supervisor


def recordings_in_catalogue() -> QuerySet[Recording]:
    """Return every recording, for the worker that lists them. Never for a request."""
    return Recording.objects.all()
