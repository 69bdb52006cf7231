"""Links the recordings of one conversation, whichever worker lists them, in whatever order.

A recording joins the interaction that has one of its keys (`policy.interaction`); one that has
keys of several makes them one. All of it happens in the transaction that lists the recording, so
that a hand-over done twice, or by two workers at a time, comes to the same.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from callvault.clock import utc_from_ns
from callvault.finalise.catalogue import RecordingFacts
from callvault.policy.interaction import MOST_APART, link_keys

from .models import Interaction, InteractionKey
from .permissions import recordings_in_catalogue

MOST_PARTS = 500
"""A phone system that calls everything by one id must not make one conversation of its year."""
MOST_JOINED = 20


def interaction_of(facts: RecordingFacts) -> Interaction:
    """Return the interaction of a recording that is about to be listed. Inside a transaction."""
    started_at, ended_at = utc_from_ns(facts.started_at_ns), utc_from_ns(facts.ended_at_ns)
    digests = link_keys(
        facts.assignment.conversation,
        trunk=facts.trunk.trunk_id.hex if facts.trunk else "",
        dialog=facts.interaction_id.hex,
    )
    _take_turns(digests)
    found = _found(digests, started_at, ended_at)
    if not found:
        found = [_new(facts, started_at)]
    eldest, *others = found
    for other in others:
        _join(other, eldest)
    for digest in digests:
        _remember(eldest, digest, started_at, ended_at)
    return eldest


def _new(facts: RecordingFacts, started_at: datetime) -> Interaction:
    return Interaction.objects.get_or_create(
        interaction_id=facts.interaction_id, defaults={"began_at": started_at}
    )[0]


def _take_turns(digests: Sequence[str]) -> None:
    """Let nobody else link by these keys until the end of the transaction.

    SQLite lets one transaction write at a time anyway. On PostgreSQL two workers that know one
    new key each would not see what the other is about to write.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for number in sorted(int(one[:15], 16) for one in digests):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _found(digests: Sequence[str], started_at: datetime, ended_at: datetime) -> list[Interaction]:
    """Return the interactions that have one of the keys about that time, the eldest first."""
    near = InteractionKey.objects.order_by("interaction_id").filter(
        digest__in=digests,
        last_at__gte=started_at - MOST_APART,
        first_at__lte=ended_at + MOST_APART,
    )
    while True:
        wanted = set(near.values_list("interaction_id", flat=True).distinct()[:MOST_JOINED])
        rows = Interaction.objects.filter(pk__in=wanted).order_by("began_at", "pk")
        locked = list(rows.select_for_update())
        # Another may have joined some of them while we waited for their rows.
        if wanted == set(near.values_list("interaction_id", flat=True).distinct()[:MOST_JOINED]):
            return [one for one in locked if not _is_full(one)]


def _is_full(interaction: Interaction) -> bool:
    rows = recordings_in_catalogue().filter(interaction=interaction)
    return rows[:MOST_PARTS].count() >= MOST_PARTS


def _join(other: Interaction, eldest: Interaction) -> None:
    """Make two interactions one."""
    recordings_in_catalogue().filter(interaction=other).update(interaction=eldest)
    for key in other.keys.all():
        _remember(eldest, key.digest, key.first_at, key.last_at)
    other.delete()


def _remember(interaction: Interaction, digest: str, first_at: datetime, last_at: datetime) -> None:
    """Give an interaction a key, or the key more time."""
    key, is_new = InteractionKey.objects.get_or_create(
        interaction=interaction,
        digest=digest,
        defaults={"first_at": first_at, "last_at": last_at},
    )
    span = min(key.first_at, first_at), max(key.last_at, last_at)
    if not is_new and span != (key.first_at, key.last_at):
        key.first_at, key.last_at = span
        key.save(update_fields=["first_at", "last_at"])
