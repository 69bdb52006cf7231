"""The catalogue as finalise sees it (finalise.catalogue.Catalogue), kept in Django's database.

For processes that called `django.setup()`; not for requests. Each call is one transaction and can
be repeated: a worker that died after the commit does it again without harm. While the database
cannot be used it raises CatalogueUnreachable.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from callvault.clock import utc_from_ns
from callvault.finalise.catalogue import CallFacts, RecordingFacts
from callvault.monitoring import asked
from callvault.policy.decision import Decision, Verdict
from callvault.policy.legal_hold import Held
from callvault.portal.audit.log import record_own
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.decisions.judged import owner_username_of
from callvault.portal.decisions.models import (
    Attempt,
    AttemptReport,
    Call,
    JournalRead,
    NodeEvent,
)
from callvault.portal.exports.asking import ask_for as ask_for_export
from callvault.portal.holds.covering import cover_new, standing_holds
from callvault.portal.integrity.asking import ask_for_line
from callvault.portal.live import by_phone, wishes
from callvault.portal.notifications.recording_mail import ask_for as ask_for_mail
from callvault.portal.people.models import User
from callvault.portal.reach import catalogue_reached
from callvault.portal.recordings.deletion import is_deleted, sealed_too_late
from callvault.portal.recordings.folding import folded, normal_form, number_in, user_part
from callvault.portal.recordings.interactions import interaction_of
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.recordings.reassigning import DECIDED_BY_HAND
from callvault.portal.storable import storable
from callvault.portal.storage.asking import ask_for_new, leave
from callvault.spool import entries

OF_OBJECTS = frozenset({"size_bytes", "objects_sealed", "envelope_certificates"})
"""Columns that say what lies in the store."""


class DjangoCatalogue:
    """Writes what workers hand over. One instance serves a process."""

    def __init__(self, node: str = "") -> None:
        """`node`: in whose folder the recordings are sealed; else that of their call."""
        self._node = node

    @catalogue_reached()
    def add_call(self, call: CallFacts, recordings: tuple[RecordingFacts, ...]) -> None:
        """Commit a call's verdict and its recordings in one transaction; repeat-safe.

        What is listed is not taken back: a journal that only could not be removed is done again,
        and may fail then.
        """
        with transaction.atomic():
            if call.verdict is Verdict.FAILED and _is_listed(call.event_id):
                return
            _tell_of_destruction(call)
            row, _created = Call.objects.update_or_create(
                event_id=call.event_id, defaults=storable(_call_columns(call))
            )
            for facts in recordings:
                _add_recording(facts, row, self._node or facts.node)

    @catalogue_reached()
    def recordings_of(self, journal_id: UUID) -> tuple[UUID, ...] | None:
        """Return the recordings listed of a journal's call; None: not listed, or as failed."""
        row = Call.objects.filter(event_id=journal_id).exclude(verdict=Verdict.FAILED).first()
        if row is None:
            return None
        rows = recordings_in_catalogue().filter(call=row).order_by("record_number")
        return tuple(rows.values_list("recording_id", flat=True))

    @catalogue_reached()
    def replace_audio(self, facts: RecordingFacts) -> None:
        """List the sound of a recording that was made anew; who and when stay as they are."""
        columns = _audio_columns(facts)
        names = (
            *("codecs", "sample_rate_hz", "size_bytes", "flags", "is_flagged", "quality"),
            "objects_sealed",
        )
        with transaction.atomic():
            rows = recordings_in_catalogue().select_for_update(of=("self",))
            row = rows.filter(recording_id=facts.assignment.recording_id).first()
            if row is None:
                return
            _keep_plain_digests(columns["objects_sealed"], row.objects_sealed)
            for name, value in storable({name: columns[name] for name in names}).items():
                setattr(row, name, value)
            row.save(update_fields=names)
            ask_for_line(row.recording_id)

    @catalogue_reached()
    def held(self) -> Held:
        """Return what legal holds cover now, and which calls users want kept."""
        return replace(standing_holds(), wishes=wishes.standing())

    @catalogue_reached()
    def add_attempt(self, attempt: entries.PeerAttempt, *, node: str) -> None:
        """Count an attempt of a source that no trunk allows; repeat-safe by `event_id`."""
        with transaction.atomic():
            if AttemptReport.objects.filter(event_id=attempt.event_id).exists():
                return
            row, created = Attempt.objects.get_or_create(
                peer_address=attempt.peer_address, defaults=_attempt_columns(attempt, node)
            )
            if not created:
                _count_again(row, attempt, node)
            AttemptReport.objects.create(event_id=attempt.event_id, attempt=row)

    @catalogue_reached()
    def add_node_event(self, event: entries.NodeEvent, *, node: str) -> None:
        """Keep a node's event; repeat-safe by `event_id`. A deed goes into the audit log alone."""
        if event.kind == asked.KIND:
            by_phone.write(event)
            return
        NodeEvent.objects.get_or_create(
            event_id=event.event_id,
            defaults={
                "at": utc_from_ns(event.at_ns),
                "node": node,
                "kind": event.kind[:64],
                "severity": event.severity,
                "values": storable(event.values),
            },
        )

    @catalogue_reached()
    def read_until(self, journal_id: UUID) -> int:
        """Return how many events of this node event journal are already in the catalogue."""
        row = JournalRead.objects.filter(pk=journal_id).first()
        return row.count if row else 0

    @catalogue_reached()
    def mark_read(self, journal_id: UUID, count: int) -> None:
        """Remember that the first `count` events of this journal are in the catalogue."""
        JournalRead.objects.update_or_create(journal_id=journal_id, defaults={"count": count})


def _is_listed(event_id: UUID) -> bool:
    """Whether a call is in the catalogue, and not as failed."""
    return Call.objects.filter(event_id=event_id).exclude(verdict=Verdict.FAILED).exists()


def _tell_of_destruction(call: CallFacts) -> None:
    """Write into the audit log what is destroyed as soon as this transaction stands; once."""
    object_id = str(call.event_id)
    told = AuditEntry.objects.filter(object_kind="call", object_id=object_id)
    if not call.destroyed or told.filter(action=Action.CALL_DESTROYED).exists():
        return
    record_own(
        Action.CALL_DESTROYED,
        kind="call",
        object_id=object_id,
        owners=[str(one.owner_id) for one in call.destroyed],
        not_marked_by=[one.owner_username for one in call.destroyed if one.reason == "unmarked"],
        dropped_of=[one.owner_username for one in call.destroyed if one.reason == "dropped"],
        trunk=call.trunk.name if call.trunk else "",
        sha256=call.destroyed_sha256,
    )


def _call_columns(call: CallFacts) -> dict[str, Any]:
    return {
        "at": utc_from_ns(call.at_ns),
        "verdict": call.verdict.value,
        "caller": call.caller[:254],
        "callee": call.callee[:254],
        "caller_digits": number_in(user_part(call.caller))[:64],
        "callee_digits": number_in(user_part(call.callee))[:64],
        "trunk_name": call.trunk.name if call.trunk else "",
        "node": call.node,
        "peer": call.peer,
        "sip_call_id": call.call_id[:512],
        "duration_ms": call.duration_ms,
        "sip_status": call.sip_status,
        "owner_username": owner_username_of(_decision_document(call.decision)),
        "decision": _decision_document(call.decision),
        "problem": call.problem[:500],
    }


def _decision_document(decision: Decision) -> dict[str, Any]:
    """Return verdict and steps; assignments stay with the recordings they became, or did not."""
    document = msgspec.to_builtins(decision)
    del document["assignments"], document["offered"]
    return dict(document)


def _add_recording(facts: RecordingFacts, call: Call, node: str) -> None:
    """Insert the recording, or bring its row up to date; its number and first listing stay.

    One that was deleted stays deleted: a journal may be finished twice.
    """
    recording_id = facts.assignment.recording_id
    # Locked before the tombstone is asked for: somebody may be deleting it just now.
    rows = recordings_in_catalogue().select_for_update(of=("self",))
    row = rows.filter(recording_id=recording_id).first()
    if row is None and is_deleted(recording_id):
        sealed_too_late(recording_id, node)
        return
    row = row or Recording(recording_id=recording_id)
    columns = _owner_columns(facts) | _party_columns(facts) | _audio_columns(facts)
    if row.pk and row.reassignments.exists():  # whose it is now was decided by hand
        columns = {name: value for name, value in columns.items() if name not in DECIDED_BY_HAND}
    if row.pk and row.location_id is not None:
        # It was sealed, listed and moved before the worker died; what it sealed again is too much.
        columns = {name: value for name, value in columns.items() if name not in OF_OBJECTS}
        leave(recording_id, None, node, remove_at=timezone.now())
    else:
        _keep_plain_digests(columns["objects_sealed"], row.objects_sealed)
    for name, value in storable(columns).items():
        setattr(row, name, value)
    is_new = row.pk is None
    row.interaction = interaction_of(facts)
    row.call = call
    row.save()
    ask_for_line(recording_id)
    if is_new:
        ask_for_mail(row, now=timezone.now())
        ask_for_export(row, now=timezone.now())
        ask_for_new(row, node)
        cover_new(row)


def _keep_plain_digests(objects: list[dict[str, Any]], before: list[dict[str, Any]]) -> None:
    """Give objects that stayed as they were the digest of their plaintext, known since then."""
    known = {one["sha256"]: one["plain_sha256"] for one in before if one.get("plain_sha256")}
    for one in objects:
        if "plain_sha256" not in one and one["sha256"] in known:
            one["plain_sha256"] = known[one["sha256"]]


def _owner_columns(facts: RecordingFacts) -> dict[str, Any]:
    assignment = facts.assignment
    owner = User.objects.filter(public_id=assignment.owner_id).first()  # None: deleted meanwhile
    return {
        "owner": owner,
        "owner_name": assignment.owner_name,
        "owner_username": assignment.owner_username,
        "owner_extension": assignment.owner_extension,
        "owner_group": assignment.owner_group,
    }


def _party_columns(facts: RecordingFacts) -> dict[str, Any]:
    assignment = facts.assignment
    names = (assignment.owner_name, assignment.owner_username, assignment.remote.name)
    return {
        "direction": assignment.direction.value,
        "direction_confidence": assignment.direction_confidence[:4],
        "channel_confidence": assignment.confidence[:4],
        "local_number": assignment.local.number[:254],
        "remote_number": assignment.remote.number[:254],
        "remote_normalised": normal_form(assignment.remote.number)[:254],
        "remote_name": assignment.remote.name[:254],
        "names_folded": folded(" ".join(names))[:900],
        "trunk_name": facts.trunk.name if facts.trunk else "",
        "node": facts.node,
        "peer": facts.peer,
        "sip_call_id": facts.call_id[:512],
    }


def _audio_columns(facts: RecordingFacts) -> dict[str, Any]:
    audio = next((fact for fact in facts.objects if fact.kind == "audio"), None)
    quality = facts.quality
    return {
        "started_at": utc_from_ns(facts.started_at_ns),
        "ended_at": utc_from_ns(facts.ended_at_ns),
        "duration_ms": facts.duration_ms,
        "end_reason": facts.end_reason[:64],
        "audio_format": facts.audio_format,
        "codecs": list(dict.fromkeys(quality.owner.codecs + quality.remote.codecs)),
        "sample_rate_hz": facts.sample_rate_hz,
        "size_bytes": audio.size_bytes if audio else 0,
        "flags": list(quality.flags),
        "is_flagged": bool(quality.flags),
        "quality": msgspec.to_builtins(quality),
        "timeline": msgspec.to_builtins(facts.timeline),
        "phone_system": msgspec.to_builtins(facts.phone_system),
        "participants": msgspec.to_builtins(facts.participants),
        "objects_sealed": msgspec.to_builtins(facts.objects),
        "envelope_certificates": list(facts.envelope_certificates),
        "journal_ids": [journal_id.hex for journal_id in facts.journal_ids],
    }


def _attempt_columns(attempt: entries.PeerAttempt, node: str) -> dict[str, Any]:
    columns = {
        "peer_port": attempt.peer_port,
        "transport": attempt.transport[:8],
        "method": attempt.method[:32],
        "request_uri": attempt.request_uri[:254],
        "user_agent": attempt.user_agent[:254],
        "node": node,
        "count": attempt.count,
        "first_seen_at": utc_from_ns(attempt.at_ns),
        "last_seen_at": utc_from_ns(attempt.at_ns),
    }
    return storable(columns)


def _count_again(row: Attempt, attempt: entries.PeerAttempt, node: str) -> None:
    """Add to the count; what is shown of the source is what it sent last."""
    columns = _attempt_columns(attempt, node) | {"count": F("count") + attempt.count}
    del columns["first_seen_at"]
    columns["last_seen_at"] = max(row.last_seen_at, columns["last_seen_at"])
    Attempt.objects.filter(pk=row.pk).update(**columns)
