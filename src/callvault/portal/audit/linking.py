"""Giving entries their place in the chain, and signing how far it has come.

Entries enter in the order in which they are found waiting, which is nearly that of their ids: one
whose transaction took long enters after younger ones, and none is left out.
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction

from callvault.vault import AuditKey

from . import chain, lease
from .chain import Content, Kind, Statement
from .models import AuditEntry, ChainLink, ChainState, ChainStatement, Unchained

BATCH = 500
SIGNED_EVERY = timedelta(minutes=5)
SIGNED_AFTER_ENTRIES = 1000
SIGNED_AT_LEAST_EVERY = timedelta(days=1)  # so that the end of a quiet log is known, too
AT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def content_of(entry: AuditEntry) -> Content:
    """Return what is hashed of an entry, as the database has it."""
    return {
        "action": entry.action,
        "actor": entry.actor_name,
        "address": entry.address,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "detail": entry.detail,
        "id": entry.pk,
        "kind": entry.object_kind,
        "object": entry.object_id,
        "person": entry.actor_id,
    }


def start_of(state: ChainState) -> tuple[int, bytes]:
    """Return the place before the first link: the beginning, or where retention cut."""
    cut = ChainStatement.objects.filter(kind=Kind.CUT).order_by("-sequence").first()
    if cut is not None:
        return cut.sequence, bytes(cut.digest)
    return 0, chain.genesis_digest(str(state.chain))


def tail_of(state: ChainState) -> tuple[int, bytes]:
    """Return the last place and its digest."""
    last = ChainLink.objects.order_by("-sequence").first()
    return (last.sequence, bytes(last.digest)) if last is not None else start_of(state)


@transaction.atomic
def link_waiting(limit: int = BATCH) -> int:
    """Give waiting entries their places; return how many, at most `limit`."""
    lease.state()
    state = ChainState.objects.select_for_update().get(pk=lease.STATE)
    waiting = AuditEntry.objects.filter(unchained__isnull=False, link__isnull=True)
    entries = list(waiting.order_by("pk")[:limit])
    if not entries:
        return 0
    sequence, digest = tail_of(state)
    links = []
    for entry in entries:
        sealed = chain.content_digest(content_of(entry))
        sequence += 1
        digest = chain.link_digest(digest, sequence, sealed)
        links.append(ChainLink(sequence=sequence, entry=entry, content=sealed, digest=digest))
    ChainLink.objects.bulk_create(links)
    _leave_line(entries)
    return len(links)


def _leave_line(entries: list[AuditEntry]) -> None:
    Unchained.objects.filter(pk__in=[entry.pk for entry in entries]).delete()


@transaction.atomic
def sign_if_due(key: AuditKey, *, now: datetime) -> Statement | None:
    """Sign how far the chain has come, if it is time; return what was signed."""
    lease.state()
    state = ChainState.objects.select_for_update().get(pk=lease.STATE)
    last = ChainStatement.objects.order_by("-id").first()
    place = tail_of(state)
    if last is None:
        begun = sign(key, Kind.GENESIS, state, start_of(state), now=now)
        return begun if place[0] == 0 else sign(key, Kind.HEAD, state, place, now=now)
    age = now - datetime.strptime(last.at, AT_FORMAT).replace(tzinfo=UTC)
    grown = place[0] - last.sequence
    is_due = age >= SIGNED_EVERY if grown else age >= SIGNED_AT_LEAST_EVERY
    if not is_due and grown < SIGNED_AFTER_ENTRIES:
        return None
    return sign(key, Kind.HEAD, state, place, now=now)


def sign(
    key: AuditKey, kind: Kind, state: ChainState, place: tuple[int, bytes], *, now: datetime
) -> Statement:
    """Sign a place and keep the statement."""
    at = now.astimezone(UTC).strftime(AT_FORMAT)
    told = Statement(kind, str(state.chain), *place, at, key.fingerprint)
    signed = Statement(
        told.kind, told.chain, told.sequence, told.digest, at, told.key, key.sign(told.message)
    )
    ChainStatement.objects.create(
        kind=str(signed.kind),
        chain=signed.chain,
        sequence=signed.sequence,
        digest=signed.digest,
        at=signed.at,
        key=signed.key,
        signature=signed.signature,
    )
    return signed


def statement_of(row: ChainStatement) -> Statement:
    """Return a statement as it was signed."""
    return Statement(
        row.kind,
        row.chain,
        row.sequence,
        bytes(row.digest),
        row.at,
        row.key,
        bytes(row.signature),
    )
