"""Everyone a dialog has heard, and on which lines: the memory behind owner and channel decisions.

A decision at the end of a call must still know who spoke where before a hold took the sending
away, or before a transfer replaced someone. So each line keeps its latest speakers, and each
participant who left keeps the lines they had.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from callvault.siprec.address import user_and_host
from callvault.siprec.document import Participant
from callvault.siprec.hints import Hints
from callvault.siprec.speakers import Line, SessionVoices, Voice, who_speaks
from callvault.siprec.view import View

MAX_SESSIONS = 200
MAX_PEOPLE = 1_000
MAX_IDS = 64
"""Remembered of one dialog, however often its metadata changes; later ones are left out."""

_Key = tuple[str, str, tuple[str, ...]]  # slot, participant id, addresses


@dataclass(frozen=True, slots=True)
class Speaker:
    """A participant as the whole call has shown them."""

    participant: Participant
    lines: tuple[int, ...]
    is_present: bool
    place: int  # 0 for the first participant of the session: the caller, by all evidence
    joined_ns: int = 0  # UTC; 0: there when anyone was first named
    left_ns: int = 0  # UTC; 0: still there


@dataclass(frozen=True, slots=True)
class SessionRoster:
    """One communication session, or a succession of them that replaced each other."""

    key: str  # empty for the first one and its successors
    speakers: tuple[Speaker, ...]
    lines: tuple[int, ...]
    is_guess: bool  # lines were given by order, not by what the metadata says
    hints: Hints = field(default_factory=Hints)
    began_ns: int = 0  # UTC; 0: with the recording session
    ended_ns: int = 0  # UTC; 0: not yet
    together: tuple[Participant, ...] = ()  # the most who were heard at a time
    conversation: tuple[str, ...] = ()  # Correlation.keys, of all its sessions


@dataclass(slots=True)
class _Person:
    participant: Participant
    place: int
    lines: tuple[int, ...] = ()
    is_present: bool = True
    joined_ns: int = 0
    left_ns: int = 0


@dataclass(slots=True)
class _Slot:
    session_id: str
    lines: tuple[int, ...] = ()
    is_guess: bool = False
    places: list[str] = field(default_factory=list)  # participant ids, in order of arrival
    hints: Hints = field(default_factory=Hints)
    began_ns: int = 0
    ended_ns: int = 0
    together: tuple[_Key, ...] = ()
    conversation: tuple[str, ...] = ()

    def learn(
        self, session_id: str, hints: Mapping[str, Hints], ids: Mapping[str, frozenset[str]]
    ) -> None:
        """Take what is said of its session; ids are added, those of before stay."""
        self.hints = hints.get(session_id) or self.hints
        news = sorted(ids.get(session_id, frozenset()) - {*self.conversation})
        self.conversation = (*self.conversation, *news)[:MAX_IDS]


@dataclass(slots=True)
class Roster:
    """Learns from each state of the metadata; asked for the sessions at each decision."""

    slots: dict[str, _Slot] = field(default_factory=dict)
    people: dict[_Key, _Person] = field(default_factory=dict)
    heard_on: dict[int, tuple[_Key, ...]] = field(default_factory=dict)
    has_learnt: bool = False

    def learn(
        self,
        view: View,
        lines: Sequence[Line],
        hints: Mapping[str, Hints] | None = None,
        ids: Mapping[str, frozenset[str]] | None = None,
        *,
        at_ns: int = 0,
    ) -> None:
        """Take in the present state; `hints` and `ids` (of the conversation) by session id."""
        at_ns, self.has_learnt = at_ns if self.has_learnt else 0, True
        resolved = who_speaks(view, lines)
        present = {one.session.session_id for one in resolved}
        vanished = [
            key
            for key, slot in self.slots.items()
            if slot.session_id not in present and not slot.ended_ns
        ]
        were_here = [person for person in self.people.values() if person.is_present]
        for person in were_here:
            person.is_present = False
        heard: dict[int, list[_Key]] = {}
        for session in resolved:
            key = self._slot_of(session, vanished, at_ns)
            if key is not None:
                self._learn_session(key, session, heard, at_ns)
                self.slots[key].learn(session.session.session_id, hints or {}, ids or {})
        for key in vanished:
            self.slots[key].ended_ns = at_ns
        for person in were_here:
            person.left_ns = 0 if person.is_present else at_ns
        self.heard_on |= {line: tuple(keys) for line, keys in heard.items()}

    def sessions(self) -> tuple[SessionRoster, ...]:
        """Return each session with everyone who was ever in it."""
        return tuple(self._session(key, slot) for key, slot in self.slots.items())

    def _slot_of(self, session: SessionVoices, vanished: list[str], at_ns: int) -> str | None:
        """Find a session's slot; one that takes another's place goes on in its slot.

        Webex gives a call new ids when it is transferred, inside the same dialog: the old session
        is named no more, and one of its people is in the new one. Without such a one, or after a
        time in which no session was named, it is another call. None: there are as many as are
        remembered.
        """
        session_id = session.session.session_id
        for key, slot in self.slots.items():
            if slot.session_id == session_id:
                slot.ended_ns = 0
                return key
        for key in vanished:
            if self._shares_someone(key, session):
                vanished.remove(key)
                self.slots[key].session_id = session_id
                return key
        if len(self.slots) >= MAX_SESSIONS:
            return None
        key = session_id if self.slots else ""
        self.slots[key] = _Slot(session_id, began_ns=at_ns)
        return key

    def _shares_someone(self, key: str, session: SessionVoices) -> bool:
        """Whether somebody of a slot's latest session is in this one, too."""
        before = {
            user
            for one, person in self.people.items()
            if one[0] == key and not person.left_ns
            for user in _users(person.participant)
        }
        after = {user for voice in session.voices for user in _users(voice.participant)}
        return not before or not after or not before.isdisjoint(after)

    def _learn_session(
        self, key: str, session: SessionVoices, heard: dict[int, list[_Key]], at_ns: int
    ) -> None:
        slot = self.slots[key]
        # A session that is alone has all lines, but for those of one that has ended beside it.
        others = {line for one, other in self.slots.items() if one != key for line in other.lines}
        lines = {*session.named, *(set(session.lines) - others)}
        slot.lines = tuple(sorted({*slot.lines, *lines}))
        bound = [voice for voice in session.voices if voice.lines]
        if bound:
            slot.is_guess = any(voice.is_guess for voice in bound)
        together: list[_Key] = []
        for voice in session.voices:
            person_key = (key, voice.participant.participant_id, voice.participant.aors)
            if person_key not in self.people and len(self.people) >= MAX_PEOPLE:
                continue
            self._learn_voice(person_key, slot, voice, at_ns)
            together += [person_key] if voice.lines else []
            for line in voice.lines:
                heard.setdefault(line, []).append(person_key)
        if len(together) > len(slot.together):
            slot.together = tuple(together)

    def _learn_voice(self, key: _Key, slot: _Slot, voice: Voice, at_ns: int) -> None:
        participant = voice.participant
        if participant.participant_id not in slot.places:
            slot.places.append(participant.participant_id)
        person = self.people.setdefault(
            key,
            _Person(participant, slot.places.index(participant.participant_id), joined_ns=at_ns),
        )
        person.participant, person.is_present, person.left_ns = participant, True, 0
        person.lines = voice.lines or person.lines

    def _session(self, key: str, slot: _Slot) -> SessionRoster:
        people = {one: person for one, person in self.people.items() if one[0] == key}
        lines = {one: self._lines_of(one, person) for one, person in people.items()}
        given = _give_free_lines(
            [one for one, person in people.items() if person.is_present and not lines[one]],
            [line for line in slot.lines if not any(line in taken for taken in lines.values())],
        )
        speakers = tuple(
            Speaker(
                person.participant,
                lines[one] or given.get(one, ()),
                person.is_present,
                person.place,
                person.joined_ns,
                person.left_ns,
            )
            for one, person in people.items()
        )
        is_guess = slot.is_guess or bool(given)
        return SessionRoster(
            key,
            speakers,
            slot.lines,
            is_guess,
            slot.hints,
            slot.began_ns,
            slot.ended_ns,
            tuple(self.people[one].participant for one in slot.together if one in self.people),
            slot.conversation,
        )

    def _lines_of(self, key: _Key, person: _Person) -> tuple[int, ...]:
        """Return the lines of a person: those they spoke on last, for one who left as they were."""
        if not person.is_present:
            return person.lines
        latest = tuple(line for line, speakers in self.heard_on.items() if key in speakers)
        return tuple(sorted(latest)) or person.lines


def _users(participant: Participant) -> list[str]:
    """Return the user parts of a participant's addresses."""
    return [user.casefold() for user, _ in map(user_and_host, participant.aors) if user]


def _give_free_lines(waiting: Sequence[_Key], free: Iterable[int]) -> dict[_Key, tuple[int, ...]]:
    """Give lines that nobody was ever heard on to those never heard, in order."""
    return {key: (line,) for key, line in zip(waiting, free, strict=False)}
