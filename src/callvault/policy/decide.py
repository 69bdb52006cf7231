"""Judge a call: which verdict, by which steps, and which recordings are to be made of it.

Steps, in order of evaluation, with the values that their sentence needs:

    known_source  trunk, peer
    room          calls (in progress) · stopped: reason = spool, ports, stopping, journal
    offer         stopped only: reason (text of the SIP Warning), when nothing can be recorded
    media         stopped only: reason = cancelled, when the INVITE was taken back; codec, when
                  CUCM found none in common (the last step then)
    owner         username, name, number, group, matched_by; owners (how many, from two on);
                  pilot, numeric_id (as dialled), if a pilot with an id was;
                  named_by (what the phone system's metadata calls the recorded party, if it does;
                  dial_in: the owner called the recorder)
                  matched_by = catch_all: nobody's otherwise, for a reason as below; shared_by
                  (who share the number)
                  stopped: reason = no_match, ambiguous, inactive, other_id, not_in_partition,
                  no_parties; number, username, caller, callee, pilot, numeric_id
    mode          mode, set_by (trunk, pilot, group, user), of (the name of whoever says it); of
                  another owner whose call has another mode: other_mode, other_set_by, other_of
                  stopped: the same, and reason = not_started (on demand), unmarked, dropped (live
                  keep), where it would be kept if somebody asked
    filters       asked of always-on calls where any filter is set; empty values: let through.
                  rule (directions, traffic, black_list), value (what the rule allows, or the
                  pattern), scope (system, group, person), of (the group or user name), number
                  (the remote one, as received), direction (in, out)
                  stopped: the same, of the first owner;
                  filtered and owners (how many), if only some owners' recordings are not made;
                  waits = 1: the remote number is not known yet

Judged at the INVITE, again whenever the metadata says more, and for the last time at the end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from callvault.policy.attendance import everyone, named_together, people_of, span_of
from callvault.policy.by_pilot import PilotCalled
from callvault.policy.catching import CATCH_ALL, first_side, is_caught
from callvault.policy.decision import (
    Assignment,
    Capturing,
    Decision,
    Outcome,
    Party,
    Step,
    Verdict,
)
from callvault.policy.direction import direction_of, other_number
from callvault.policy.filtering import NO_FILTERS
from callvault.policy.filters import FilterJudge
from callvault.policy.making import Ruled, ask_modes
from callvault.policy.mode_judge import TRUNK_ALONE, ModeJudge
from callvault.policy.numbering_plan import PlanReader
from callvault.policy.numbers import is_number, normalise
from callvault.policy.owner import Address, Match, NoMatch, PeopleIndex
from callvault.policy.pilots import plain
from callvault.policy.snapshot import Trunk
from callvault.policy.wishes import NO_WISHES, Wishes
from callvault.siprec import (
    OwnerHint,
    Participant,
    SessionRoster,
    Speaker,
    display_name,
    user_and_host,
)

RecordingId = Callable[[str, UUID], UUID]
"""Gives the id of the recording of (communication session, owner): the same one each time."""

_NAMELESS = frozenset({"anonymous", "unavailable", "restricted", "unknown"})


@dataclass(frozen=True, slots=True)
class CallSeen:
    """What is known of a call when it is judged."""

    trunk: Trunk
    peer: str  # address, without port
    calls_in_progress: int
    sessions: tuple[SessionRoster, ...]
    since_ns: int = 0  # what ended before was recorded before: the call was split; UTC
    is_over: bool = False  # what is unknown now stays unknown
    dialled: str = ""  # the number called, as `pilots.number_dialled` chooses it
    wishes: Wishes = NO_WISHES
    ordered_for: UUID | None = None  # the user whose recording a program ordered by this number


_ANOTHER_S = frozenset({"ambiguous", "other_id"})
_Candidate = tuple[Speaker, OwnerHint | None]


class _Owned(NamedTuple):
    """A speaker of a session who is a user."""

    session: SessionRoster
    speaker: Speaker
    match: Match
    hint: OwnerHint | None = None  # the phone system itself says that it is theirs


def decide(
    call: CallSeen,
    people: PeopleIndex,
    *,
    revision: int,
    recording_id: RecordingId,
    filters: FilterJudge = NO_FILTERS,
    modes: ModeJudge = TRUNK_ALONE,
) -> Decision:
    """Judge a call that was taken in. Two users on one call give two assignments."""
    steps = [_known_source(call.trunk, call.peer), _step("room", calls=str(call.calls_in_progress))]
    called = _pilot_called(call, people)
    owned, missed = _find_owners(call, people, called)
    # What nobody owns so far may yet turn out to be somebody's, who has another mode.
    so_far = modes.before_the_owner(call.trunk, is_final=call.is_over or bool(owned))
    owned = owned or _caught(call, people, missed)
    if not owned:
        steps += [_no_owner(call, missed, called), Step("mode", Outcome.NOT_REACHED)]
        return Decision(
            Verdict.DISCARDED,
            tuple(steps),
            snapshot_revision=revision,
            capturing=so_far,
        )
    ruled = [
        Ruled(
            _assignment(one, owned, call.trunk, recording_id, reader=people.reader),
            modes.rule_on(call.trunk, one.match.person, call.dialled),
        )
        for one in owned
    ]

    def piece_id(piece: Assignment, number: int) -> Assignment:
        # No key of a metadata document holds a NUL: XML has none.
        key = f"{piece.communication_session_id}\0{number}"
        return replace(piece, recording_id=recording_id(key, piece.owner_id))

    said = ask_modes(ruled, filters, call.wishes, piece_id=piece_id, is_over=call.is_over)
    return Decision(
        said.verdict,
        (*steps, _owner_step(owned, missed, called), *said.steps),
        said.assignments,
        revision,
        so_far if so_far is Capturing.HOLD else said.capturing,
        said.offered,
        modes.keeping_of(said.offered),
    )


def _pilot_called(call: CallSeen, people: PeopleIndex) -> PilotCalled | None:
    person = people.by_id.get(call.ordered_for) if call.ordered_for else None
    if person is not None:
        return people.ids.ordered(call.dialled, person)
    return people.ids.called(call.dialled)


def capturing_of(trunk: Trunk) -> Capturing:
    """Return what is done with the media of a trunk's calls before they are judged first.

    A call without an owner is kept so far: whose it is may be known only at its end.
    """
    return TRUNK_ALONE.before_the_owner(trunk, is_final=True)


def turned_away(
    trunk: Trunk, peer: str, *, step: str, reason: str, verdict: Verdict = Verdict.REFUSED
) -> Decision:
    """Judge a call that never began: no room, nothing to record in its offer, or cancelled."""
    steps = [_known_source(trunk, peer)]
    if step != "room":
        steps.append(Step("room", Outcome.PASSED))
    steps.append(Step(step, Outcome.STOPPED, {"reason": reason}))
    steps += [Step("owner", Outcome.NOT_REACHED), Step("mode", Outcome.NOT_REACHED)]
    return Decision(verdict, tuple(steps))


def without_codec(decision: Decision) -> Decision:
    """Judge a call whose phones and the recorder have no codec in common: nothing was sent."""
    steps = [one for one in decision.steps if one.code != "media"]
    stopped = Step("media", Outcome.STOPPED, {"reason": "codec"})
    return Decision(Verdict.FAILED, (*steps, stopped), snapshot_revision=decision.snapshot_revision)


def party_of(participant: Participant) -> Party:
    """Show a participant as a recording does: first number that is one, name, address."""
    aor = next(iter(participant.aors), "")
    users = [user for user, _ in map(user_and_host, participant.aors)]
    known = [one for one in users if one and one.casefold() not in _NAMELESS]
    number = next(filter(is_number, known), known[0] if known else "")
    name = participant.name or display_name(aor)
    # Oracle writes the number where the name should be.
    return Party(number, "" if normalise(name) == normalise(number) else name, aor)


def _step(code: str, **values: str) -> Step:
    return Step(code, Outcome.PASSED, values)


def _known_source(trunk: Trunk, peer: str) -> Step:
    return _step("known_source", trunk=trunk.name, peer=peer)


def _addresses(participant: Participant, hint: OwnerHint | None = None) -> list[Address]:
    texts = (*(hint.addresses if hint else ()), *participant.aors)
    found = (Address(*user_and_host(text)) for text in texts)
    return [one for one in found if one.user and one.user.casefold() not in _NAMELESS]


def _find_owners(
    call: CallSeen, people: PeopleIndex, called: PilotCalled | None
) -> tuple[list[_Owned], list[NoMatch]]:
    """Match the parties of every session; one user is owner of a session once.

    Where the phone system names the recorded party, the others are not asked: each recorded user
    has a recording session of their own. They are asked after all if nobody bears that name, but
    not if several do, or one whom the pilot excludes: the session is one of theirs, so of none of
    the others. Nor where each voice comes by itself: there the others are recorded on their own.
    """
    owned: dict[tuple[str, UUID], _Owned] = {}
    missed: list[NoMatch] = []
    for session in call.sessions:
        named = [(hint, _named(session, hint)) for hint in session.hints.owners]
        by_name = [(speaker, hint) for hint, speaker in named if speaker is not None]
        everybody = [(speaker, None) for speaker in session.speakers]
        for candidates in (by_name, everybody):
            owners_before, missed_before = len(owned), len(missed)
            recorded = _recorded(candidates, people, called)
            _match(session, recorded, people, called, owned, missed)
            shared = any(one.reason in _ANOTHER_S for one in missed[missed_before:])
            if len(owned) > owners_before or shared or session.hints.one_voice:
                break
    found = list(owned.values())
    return [one for one in found if not _is_over(one, found, call.since_ns)], missed


def _caught(call: CallSeen, people: PeopleIndex, missed: list[NoMatch]) -> list[_Owned]:
    """Give what is nobody's to the catch-all user, if there is one."""
    if people.catch_all is None or not is_caught(missed):
        return []
    caught = []
    for session in call.sessions:
        hint = next(iter(session.hints.owners), None)
        speaker = _named(session, hint) if hint else first_side(session)
        if speaker is not None:
            match = Match(people.catch_all, CATCH_ALL, party_of(speaker.participant).number)
            caught.append(_Owned(session, speaker, match, hint))
    return caught


def _is_over(owned: _Owned, everybody: Sequence[_Owned], since_ns: int) -> bool:
    """Whether an owner's time of the call ended before what is judged began."""
    _, until_ns = span_of(owned.session, owned.speaker, _rivals(owned, everybody))
    return 0 < until_ns <= since_ns


def _rivals(owned: _Owned, everybody: Sequence[_Owned]) -> list[Speaker]:
    """Return the other recorded users of an owner's session."""
    return [one.speaker for one in everybody if one is not owned and one.session is owned.session]


def _recorded(
    candidates: Sequence[_Candidate], people: PeopleIndex, called: PilotCalled | None
) -> Sequence[_Candidate]:
    """Return the parties who may be the one whose user ID was dialled; without one, all.

    Those who bear a number of that user; if nobody does, who is there before who left, the first
    before the next, but not the pilot itself, which From and To name where there is no metadata.
    """
    if called is None or not called.users:
        return candidates

    def bears(one: _Candidate) -> bool:
        found = people.find(_addresses(one[0].participant, one[1]), called)
        return isinstance(found, Match) and bool(found.number)

    def rank(one: _Candidate) -> tuple[bool, bool, int]:
        speaker, hint = one
        users = [address.user for address in _addresses(speaker.participant, hint)]
        is_pilot = any(people.ids.called(plain(user)) for user in users)
        return is_pilot, not speaker.is_present, speaker.place

    return list(filter(bears, candidates)) or sorted(candidates, key=rank)[:1]


def _match(
    session: SessionRoster,
    candidates: Sequence[_Candidate],
    people: PeopleIndex,
    called: PilotCalled | None,
    owned: dict[tuple[str, UUID], _Owned],
    missed: list[NoMatch],
) -> None:
    """Add the users among the candidates to `owned`, and to `missed` why the others are none."""
    for speaker, hint in candidates:
        found = people.find(_addresses(speaker.participant, hint), called)
        if isinstance(found, NoMatch):
            missed.append(found)
            continue
        key = (session.key, found.person.user_id)
        owned[key] = _Owned(session, _joined(owned.get(key), speaker), found, hint)


def _named(session: SessionRoster, hint: OwnerHint) -> Speaker | None:
    """Return the speaker of whom a hint speaks, present before gone.

    By id, else by an address: of the hint, or of the INVITE in its place; else by direction.
    """
    speakers = session.speakers
    named = [one for one in speakers if one.participant.participant_id == hint.participant_id]
    named = named or [one for one in speakers if _bears(one, hint)]
    if not named and hint.direction == "in":
        named = [one for one in speakers if one.place == 1]
    named.sort(key=lambda one: not one.is_present)
    return next(iter(named or speakers), None)


def _bears(speaker: Speaker, hint: OwnerHint) -> bool:
    """Whether one of a hint's addresses is the speaker's: by its user part."""
    told = {user_and_host(text)[0].casefold() for text in hint.addresses} - {""}
    return any(user_and_host(aor)[0].casefold() in told for aor in speaker.participant.aors)


def _joined(earlier: _Owned | None, speaker: Speaker) -> Speaker:
    """Join what one user was under several ids, as when they left and came back."""
    if earlier is None:
        return speaker
    before = earlier.speaker
    is_there = not before.left_ns or not speaker.left_ns
    return Speaker(
        speaker.participant,
        tuple(sorted({*before.lines, *speaker.lines})),
        before.is_present or speaker.is_present,
        before.place,
        min(before.joined_ns, speaker.joined_ns),
        0 if is_there else max(before.left_ns, speaker.left_ns),
    )


_TELLING = ("ambiguous", "inactive", "other_id", "not_in_partition", "no_match")


def _no_owner(call: CallSeen, missed: list[NoMatch], called: PilotCalled | None) -> Step:
    """Say why nobody owns the call: the most telling reason, and both numbers."""
    speakers = [one for session in call.sessions for one in session.speakers]
    numbers = [party_of(one.participant).number for one in speakers[:2]] + ["", ""]
    said = next((one.hints for one in call.sessions if one.hints.calling), None)
    if said:  # Webex calls its participants by internal ids
        numbers = [user_and_host(text)[0] for text in (said.calling, said.called)]
    first = _most_telling(missed)
    values = {
        "reason": first.reason,
        "number": first.number,
        "username": first.username,
        "caller": numbers[0],
        "callee": numbers[1],
        **_pilot_values(called),
    }
    return Step("owner", Outcome.STOPPED, {key: value for key, value in values.items() if value})


def _most_telling(missed: list[NoMatch]) -> NoMatch:
    told = sorted(missed, key=lambda one: _TELLING.index(one.reason))
    return told[0] if told else NoMatch("no_parties")


def _pilot_values(called: PilotCalled | None) -> dict[str, str]:
    return {"pilot": called.pilot, "numeric_id": called.numeric_id} if called else {}


def _owner_step(owned: list[_Owned], missed: list[NoMatch], called: PilotCalled | None) -> Step:
    match = owned[0].match
    values = {
        "username": match.person.username,
        "name": match.person.full_name,
        "number": match.number,
        "group": match.person.group,
        "matched_by": match.matched_by,
        **_pilot_values(called),
    }
    if owned[0].hint:
        values["named_by"] = owned[0].hint.rule
    if match.matched_by == CATCH_ALL:
        first = _most_telling(missed)
        values |= {"reason": first.reason, "number": first.number or match.number}
        if first.reason == "ambiguous":
            values["shared_by"] = first.username
    if len(owned) > 1:
        values["owners"] = str(len(owned))
    return Step("owner", Outcome.PASSED, values)


def _assignment(
    owned: _Owned,
    everybody: Sequence[_Owned],
    trunk: Trunk,
    recording_id: RecordingId,
    *,
    reader: PlanReader,
) -> Assignment:
    session, speaker, match, hint = owned
    person = match.person
    parties = {one: party_of(one) for one in everyone(session)}
    from_ns, until_ns = span_of(session, speaker, _rivals(owned, everybody))
    owner_lines, remote_lines, mixed = _channels(session, speaker)
    if trunk.swap_channels and not mixed:
        owner_lines, remote_lines = remote_lines, owner_lines
    direction, confidence = direction_of(session, speaker, hint, reader=reader)
    said = other_number(session.hints, direction)
    remote = _with_number(_remote_party(session, speaker), said)
    return Assignment(
        recording_id=recording_id(session.key, person.user_id),
        owner_id=person.user_id,
        owner_username=person.username,
        owner_name=person.full_name,
        owner_extension=person.extension,
        owner_group=person.group,
        direction=direction,
        local=_local_party(speaker.participant, hint),
        remote=named_together(session, speaker, remote, parties),
        owner_streams=owner_lines,
        remote_streams=remote_lines,
        communication_session_id=session.key,
        matched_by=match.matched_by,
        confidence="low" if session.is_guess or not (match.number or hint) else "high",
        mixed=mixed,
        direction_confidence=confidence,
        from_ns=from_ns,
        until_ns=until_ns,
        people=people_of(session, speaker, parties),
        conversation=session.conversation,
    )


def _local_party(participant: Participant, hint: OwnerHint | None) -> Party:
    """Show the owner by the number and name of the INVITE, where those are theirs."""
    party = party_of(participant)
    if hint is None:
        return party
    return Party(hint.number or party.number, hint.name or party.name, party.aor)


def _with_number(party: Party, number: str) -> Party:
    """Show a party by the number that the vendor says, where its address holds none."""
    if not number or is_number(party.number):
        return party
    return Party(number, party.name, party.aor)


def _channels(
    session: SessionRoster, speaker: Speaker
) -> tuple[tuple[int, ...], tuple[int, ...], bool]:
    """Return the owner's lines, all others, and whether one line carries everybody."""
    others = tuple(line for line in session.lines if line not in speaker.lines)
    if session.hints.one_voice or (speaker.lines and others):
        return speaker.lines, others, False
    return session.lines, session.lines, True


def _remote_party(session: SessionRoster, owner: Speaker) -> Party:
    """Return the other side: who is there now before who left, the first before the next."""
    aors = set(owner.participant.aors)
    others = [
        one
        for one in session.speakers
        if one.place != owner.place and not aors.intersection(one.participant.aors)
    ]
    others.sort(key=lambda one: not one.is_present)
    return party_of(others[0].participant) if others else Party()
