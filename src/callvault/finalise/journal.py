"""One call's journal: from the spool to sealed recordings and the facts for the catalogue.

Nothing is listed and nothing is deleted here: the worker does that, in the order that makes each
step repeatable. Doing a journal twice gives the same recordings, since their ids are in it.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid5

import msgspec

from callvault import clock
from callvault.config.sections import FinaliseConfig
from callvault.errors import JournalDamaged, ProtocolError, SpoolError
from callvault.finalise import quality, recording
from callvault.finalise.awaiting import MARGIN_NS, REST_NS, MarksAwaited
from callvault.finalise.catalogue import (
    CallFacts,
    Destroyed,
    PhoneSystemDetail,
    QualityReport,
    RecordingFacts,
    object_facts,
)
from callvault.finalise.part import Part
from callvault.finalise.phone_system import phone_system_details
from callvault.finalise.plan import RecordingPlan, plan
from callvault.finalise.reading import Item, Piece, read_pieces
from callvault.finalise.survey import CallSurvey, survey
from callvault.finalise.timeline import participants, timeline
from callvault.finalise.twin import read_as_one
from callvault.finalise.window import Window, window_of
from callvault.policy import live_keep
from callvault.policy.decision import Assignment, Decision, Direction, Party, Verdict
from callvault.policy.legal_hold import NOTHING_HELD, Held
from callvault.policy.wishes import Mark
from callvault.sip import parse_message
from callvault.spool import JournalReader, has_rest, read_marks
from callvault.spool.entries import DialogEnded, JournalHeader
from callvault.spool.readable import readable
from callvault.vault import Certificate, RecordingObjects, RecordingSealer, SealedRecording

logger = logging.getLogger(__name__)

ANSWERED = 200
UNKNOWN_HOLDS_NS = 10_000_000_000  # until a catalogue that was away is asked again


@dataclass(frozen=True, slots=True)
class Workbench:
    """What finishing a journal needs."""

    objects: RecordingObjects
    certificates: tuple[Certificate, ...]  # of the archive: they open what is sealed
    unwrap: Callable[[bytes], bytes]  # journal key of an envelope; raises KeyUnavailable
    config: FinaliseConfig


@dataclass(frozen=True, slots=True)
class FinishedJournal:
    """What came of a journal, ready for the catalogue."""

    call: CallFacts
    recordings: tuple[RecordingFacts, ...] = ()
    is_damaged: bool = False  # finished as far as it could be read; the journal is to be kept


HEADER_BYTES = 16_384
"""A later piece no larger than this that cannot be read holds nothing: its header was torn."""


@dataclass(slots=True)
class _Journal:
    """The journal of a call, in one piece or several; it can be read more than once."""

    paths: Sequence[Path]
    bench: Workbench
    header: JournalHeader = field(init=False)  # of the first piece
    twin: "_Journal | None" = None  # of the dialog that brought the other voice
    journal_ids: tuple[UUID, ...] = ()
    is_cut_off: bool = False  # before its dialog had ended, or its twin's
    is_damaged: bool = False
    was_twin_lost: bool = False
    _saw_end: bool = False

    @contextmanager
    def items(self) -> Iterator[Iterator[Item]]:
        """Open the journal and its twin's, and read them from their start, as one."""
        with ExitStack() as stack:
            own = stack.enter_context(self._own_items())
            other = self._items_of_twin(stack)
            yield own if other is None else read_as_one(own, other)
        if self.twin is not None:
            self.journal_ids = (*self.journal_ids, *self.twin.journal_ids)
            self.is_cut_off |= self.twin.is_cut_off
            self.is_damaged |= self.twin.is_damaged

    def _items_of_twin(self, stack: ExitStack) -> Iterator[Item] | None:
        """Open the twin; one of which nothing can be read is kept aside, and one voice is lost."""
        if self.twin is None:
            return None
        try:
            return stack.enter_context(self.twin.items())
        except JournalDamaged as error:
            logger.error("rs=%s its twin cannot be read: %s", self.header.journal_id, error)
            self.twin, self.was_twin_lost = None, True
            return None

    @contextmanager
    def _own_items(self) -> Iterator[Iterator[Item]]:
        self.journal_ids, self.is_damaged = (), self.was_twin_lost
        with ExitStack() as stack:
            readers = [stack.enter_context(one) for path in self.paths if (one := self._open(path))]
            self.header = readers[0].header
            pieces = (Piece(one.header.opened_at_ns, one.blocks()) for one in readers)
            self._saw_end = False
            yield self._watched(read_pieces(pieces))
            self.is_damaged |= any(one.damage is not None for one in readers)
            self.is_cut_off = not readers[-1].ended and not self._saw_end

    def _watched(self, items: Iterator[Item]) -> Iterator[Item]:
        """Hand on what is read, and learn whether the dialog ended in it."""
        for item in items:
            self._saw_end |= isinstance(item, DialogEnded)
            yield item

    def _open(self, path: Path) -> JournalReader | None:
        """Open a piece; None for a later one that its recorder had only begun."""
        try:
            reader = JournalReader.open(path, self.bench.unwrap)
        except JournalDamaged:
            if not self.journal_ids:
                raise
            self.is_damaged |= path.stat().st_size > HEADER_BYTES
            return None
        before, self.journal_ids = self.journal_ids, (*self.journal_ids, reader.header.journal_id)
        if before and reader.header.continues is None:
            reader.close()
            raise SpoolError(f"{path.name} goes on with no other journal")
        return reader


def finalise_journal(
    path: Path,
    bench: Workbench,
    *,
    later: Sequence[Path] = (),
    twin: Sequence[Path] = (),
    held: Held | None = NOTHING_HELD,
) -> FinishedJournal:
    """Seal the recordings of a journal that no recorder holds open any more.

    `later` are the journals that went on with the call after a restart each; all become one.
    `twin` are those of the dialog that brought the call's other voice, likewise.
    Of what is `held` nothing is destroyed, and if that is not known (None) nothing at all. Raises
    MarksAwaited while marks of it may come, or where it would be destroyed without knowing.
    Raises JournalDamaged (not even the header can be read), KeyUnavailable, VaultError (store),
    SpoolError (nothing was decided in it) and OSError. Until it returns nothing is listed.
    """
    journal = _Journal((path, *later), bench, twin=_Journal(twin, bench) if twin else None)
    try:
        found = _surveyed(journal)
    except JournalDamaged as error:
        if not twin:
            raise
        logger.error("rs=%s cannot be read, only its twin: %s", path.stem, error)
        journal = _Journal(twin, bench, was_twin_lost=True)
        found = _surveyed(journal)
    if found.decision is None:
        raise SpoolError("journal holds no decision")
    decision = _decision_of_piece(found.decision, journal.header)
    window = window_of(found, opened_at_ns=journal.header.opened_at_ns)
    pair_id, paths = journal.header.twin_of, (path, *later, *twin)
    decision, destroyed = _settled(decision, window, paths, pair_id=pair_id, held=held)
    recordings: tuple[RecordingFacts, ...] = ()
    if decision.verdict is Verdict.RECORDED and window is not None:
        recordings = tuple(
            _record(journal, found, decision, window, assignment)
            for assignment in decision.assignments
        )
        if not recordings:
            raise SpoolError("journal says recorded, but for nobody")
    call = _call(journal.header, found, decision, window, recordings)
    if destroyed and journal.is_damaged and (recordings or any(not one.mark for one in destroyed)):
        # A mark may stand behind the damage; and what is kept of others is nowhere else whole.
        logger.error("rs=%s is damaged, and not all of it is dropped: set aside", path.stem)
        destroyed = ()
    if destroyed:
        told = tuple(_destroyed(one) for one in destroyed)
        call = msgspec.structs.replace(call, destroyed=told, destroyed_sha256=_digest(paths))
    return FinishedJournal(call, recordings, is_damaged=journal.is_damaged)


def _surveyed(journal: _Journal) -> CallSurvey:
    with journal.items() as items:
        return survey(items, g726_is_aal2=journal.bench.config.g726_is_aal2)


def _settled(
    decision: Decision,
    window: Window | None,
    paths: Sequence[Path],
    *,
    pair_id: UUID | None,
    held: Held | None,
) -> live_keep.Settled:
    """Return what is made of a call, as it was marked; of one that was never answered nothing is.

    Raises MarksAwaited.
    """
    if window is None or not live_keep.undecided(decision):
        return live_keep.Settled(decision, ())
    marks = read_marks(paths)
    if held is not None and decision.keeping is not None:
        ends_ns = window.end_ns + decision.keeping.within_s * 1_000_000_000
        owners = (one.owner_id for one in live_keep.undecided(decision))
        wished = (one for one in owners if held.is_wished(one, window.start_ns, ends_ns))
        marks |= dict.fromkeys(wished, Mark.KEPT)
    until_ns = live_keep.waits_until_ns(decision, marks, window.end_ns)
    now_ns = clock.read().realtime_ns
    if until_ns and now_ns < until_ns + MARGIN_NS:
        raise MarksAwaited(until_ns + MARGIN_NS)
    if until_ns and _goes_on(paths, pair_id):  # a mark of the rest is for all
        raise MarksAwaited(now_ns + REST_NS)
    settled = live_keep.settle(decision, marks, held=held or NOTHING_HELD)
    if settled.destroyed and held is None:
        raise MarksAwaited(now_ns + UNKNOWN_HOLDS_NS)
    return settled


def _goes_on(paths: Sequence[Path], pair_id: UUID | None) -> bool:
    """Whether the call was split for its length, and is not over."""
    names = {UUID(hex=path.stem) for path in paths} | ({pair_id} if pair_id else set())
    return any(has_rest(paths[0].parent, name) for name in names)


def _destroyed(assignment: Assignment) -> Destroyed:
    reason = assignment.mark or "unmarked"
    return Destroyed(assignment.owner_id, assignment.owner_username, reason)


def _digest(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while piece := file.read(1_048_576):
                digest.update(piece)
    return digest.hexdigest()


def _decision_of_piece(decision: Decision, header: JournalHeader) -> Decision:
    """Give recordings of their own to a piece whose beginning, or first voice, is not here.

    It may be on another disk, or set aside; its recordings must not take the beginning's place.
    """
    if header.continues is None and header.twin_of is None:
        return decision
    # Whose part ended in the beginning has none here.
    here = [one for one in decision.assignments if not 0 < one.until_ns <= header.opened_at_ns]

    def renamed(assignments: Sequence[Assignment]) -> tuple[Assignment, ...]:
        names = (uuid5(one.recording_id, header.journal_id.hex) for one in assignments)
        return tuple(
            msgspec.structs.replace(one, recording_id=name)
            for one, name in zip(assignments, names, strict=True)
        )

    return msgspec.structs.replace(
        decision,
        assignments=renamed(here or decision.assignments),
        offered=renamed(decision.offered),
    )


def failed_call(header: JournalHeader, problem: str) -> CallFacts:
    """Return the verdict of a journal that could not be finished, as far as is known."""
    return CallFacts(
        event_id=header.journal_id,
        at_ns=header.opened_at_ns,
        verdict=Verdict.FAILED,
        decision=Decision(Verdict.FAILED, ()),
        trunk=header.trunk,
        node=header.node,
        peer=header.peer,
        call_id=header.call_id,
        caller="",
        callee="",
        problem=problem,
    )


def _record(
    journal: _Journal,
    found: CallSurvey,
    decision: Decision,
    window: Window,
    assignment: Assignment,
) -> RecordingFacts:
    """Make and seal one recording: of the whole call, or of its part of it."""
    bench, part = journal.bench, Part.of(assignment, window)
    if not part.is_whole:
        window = window.within(part.from_ns, part.until_ns)
        with journal.items() as items:
            found = survey(part.items(items), g726_is_aal2=bench.config.g726_is_aal2)
    planned = plan(assignment, window, found)
    sealer = bench.objects.begin(assignment.recording_id, bench.certificates)
    heard = _seal_sound(journal, found, planned, sealer, part)
    checked = quality.report(
        planned,
        heard.meters,
        found.timeline,
        unreadable=heard.damaged,
        recovered=heard.recovered,
        cut_off=journal.is_cut_off and not part.until_ns,
        damaged=journal.is_damaged,
    )
    facts = _facts(journal, found, decision, planned, checked, is_part=bool(part.until_ns))
    logger.info("rs=%s sealed recording=%s", journal.header.journal_id, assignment.recording_id)
    return _with_objects(facts, sealer.finish(msgspec.json.encode(facts)))


def _facts(
    journal: _Journal,
    found: CallSurvey,
    decision: Decision,
    planned: RecordingPlan,
    checked: QualityReport,
    *,
    is_part: bool,
) -> RecordingFacts:
    """Return what is known of a recording, but for the digests of its objects."""
    header, assignment, window = journal.header, planned.assignment, planned.window
    ended = None if is_part else found.ended
    reason = found.ended.reason if found.ended else "cut_off"
    return RecordingFacts(
        assignment=assignment,
        interaction_id=_interaction_id(header.rest_of or header.journal_id, assignment),
        journal_ids=journal.journal_ids,
        trunk=header.trunk,
        node=header.node,
        peer=header.peer,
        call_id=header.call_id,
        started_at_ns=window.start_ns,
        ended_at_ns=window.end_ns,
        duration_ms=window.duration_ms,
        end_reason="part_ended" if is_part else reason,
        audio_format="mp3",
        sample_rate_hz=planned.sample_rate_hz,
        objects=(),
        envelope_certificates=tuple(one.info.fingerprint for one in journal.bench.certificates),
        quality=checked,
        timeline=timeline(planned, found.timeline, ended, found.keys),
        decision=msgspec.structs.replace(decision, offered=()),
        phone_system=_said(found, header, assignment),
        participants=participants(planned),
    )


def _interaction_id(journal_id: UUID, assignment: Assignment) -> UUID:
    """Return the id of a conversation by its place in the dialog: the same one each time."""
    key = assignment.communication_session_id
    return uuid5(journal_id, key) if key else journal_id


def _said(
    found: CallSurvey, header: JournalHeader, assignment: Assignment
) -> tuple[PhoneSystemDetail, ...]:
    """Return what the phone system said of the owner's conversation."""
    own = [one.party.aor for one in assignment.people if one.is_owner]
    # The INVITE was sent for the first conversation of the recording session.
    invite = b"" if assignment.communication_session_id else found.invite
    return phone_system_details(
        found.metadata,
        invite,
        zone_name=header.device_zone,
        owner_aors=(assignment.local.aor, *own),
    )


def _seal_sound(
    journal: _Journal,
    found: CallSurvey,
    planned: RecordingPlan,
    sealer: RecordingSealer,
    part: Part,
) -> recording.Heard:
    """Seal what is heard; if some of it was no sound of its codec, the packets as well."""
    config = journal.bench.config
    with journal.items() as items:
        heard = recording.write(
            planned,
            part.items(items),
            sealer,
            header=journal.header,
            ports=found.ports,
            config=config,
        )
    if any(heard.damaged.values()) and not heard.has_packets:
        with journal.items() as items:
            recording.keep_packets(planned, part.items(items), sealer, ports=found.ports)
    return heard


def _with_objects(facts: RecordingFacts, sealed: SealedRecording) -> RecordingFacts:
    return msgspec.structs.replace(
        facts,
        objects=object_facts(sealed),
        envelope_certificates=tuple(one.fingerprint for one in sealed.certificates),
    )


def _call(
    header: JournalHeader,
    found: CallSurvey,
    decision: Decision,
    window: Window | None,
    recordings: tuple[RecordingFacts, ...],
) -> CallFacts:
    verdict, problem = decision.verdict, ""
    if verdict is Verdict.RECORDED and not recordings:
        verdict, problem = Verdict.NOT_KEPT, "ended before it was answered"
    # Where the first voice failed and is finished already, the second one's verdict is its verdict.
    is_of_first = verdict is Verdict.FAILED and header.twin_of is not None
    caller, callee = _parties(decision, found.invite)
    return CallFacts(
        event_id=(header.twin_of if is_of_first else None) or header.journal_id,
        at_ns=header.opened_at_ns,
        verdict=verdict,
        decision=decision,
        trunk=header.trunk,
        node=header.node,
        peer=header.peer,
        call_id=header.call_id,
        caller=caller,
        callee=callee,
        duration_ms=window.signalled_ms if window else 0,
        sip_status=ANSWERED if window else 0,
        recording_ids=tuple(one.assignment.recording_id for one in recordings),
        problem=problem,
    )


def _parties(decision: Decision, invite: bytes) -> tuple[str, str]:
    """Return who called whom: as decided, as the metadata says, or by the INVITE's addresses."""
    if decision.assignments:
        first = decision.assignments[0]
        local, remote = _number(first.local), _number(first.remote)
        return (remote, local) if first.direction is Direction.IN else (local, remote)
    # From and To of a recording session are often the SRC's and our own address.
    known = next((one.values for one in decision.steps if one.code == "owner"), {})
    filtered = next((one.values for one in decision.steps if one.code == "filters"), {})
    if "direction" in filtered:  # as of the first owner: nobody has an assignment any more
        local, remote = known.get("number", ""), filtered.get("number", "")
        is_incoming = filtered["direction"] == Direction.IN
        return (remote, local) if is_incoming else (local, remote)
    if "caller" in known or "callee" in known:
        return known.get("caller", ""), known.get("callee", "")
    try:
        message = parse_message(invite)
    except ProtocolError:
        return "", ""
    return readable(message.from_address.uri.user), readable(message.to_address.uri.user)


def _number(party: Party) -> str:
    return party.number or party.aor
