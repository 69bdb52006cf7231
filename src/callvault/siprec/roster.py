"""Everyone a dialog has heard, and on which lines: the memory behind owner and channel decisions.

A decision at the end of a call must still know who spoke where before a hold took the sending
away, or before a transfer replaced someone. So each line keeps its latest speakers, and each
participant who left keeps the lines they had.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from callvault.siprec.document import Participant
from callvault.siprec.hints import Hints
from callvault.siprec.speakers import Line, SessionVoices, Voice, who_speaks
from callvault.siprec.view import View

MAX_SESSIONS = 200
MAX_PEOPLE = 1_000
"""Remembered of one dialog, however often its metadata changes; later ones are left out."""

_Key = tuple[str, str, tuple[str, ...]]  # slot, participant id, addresses


@dataclass(frozen=True, slots=True)
class Speaker:
    """A participant as the whole call has shown them."""

    participant: Participant
    lines: tuple[int, ...]
    is_present: bool
    place: int  # 0 for the first participant of the session: the caller, by all evidence


@dataclass(frozen=True, slots=True)
class SessionRoster:
    """One communication session, or a succession of them that replaced each other."""

    key: str  # empty for the first one and its successors
    speakers: tuple[Speaker, ...]
    lines: tuple[int, ...]
    is_guess: bool  # lines were given by order, not by what the metadata says
    hints: Hints = field(default_factory=Hints)


@dataclass(slots=True)
class _Person:
    participant: Participant
    place: int
    lines: tuple[int, ...] = ()
    is_present: bool = True


@dataclass(slots=True)
class _Slot:
    session_id: str
    lines: tuple[int, ...] = ()
    is_guess: bool = False
    places: list[str] = field(default_factory=list)  # participant ids, in order of arrival
    hints: Hints = field(default_factory=Hints)


@dataclass(slots=True)
class Roster:
    """Learns from each state of the metadata; asked for the sessions at each decision."""

    slots: dict[str, _Slot] = field(default_factory=dict)
    people: dict[_Key, _Person] = field(default_factory=dict)
    heard_on: dict[int, tuple[_Key, ...]] = field(default_factory=dict)

    def learn(
        self, view: View, lines: Sequence[Line], hints: Mapping[str, Hints] | None = None
    ) -> None:
        """Take in the present state; `hints` by session id."""
        resolved = who_speaks(view, lines)
        present = {one.session.session_id for one in resolved}
        for person in self.people.values():
            person.is_present = False
        heard: dict[int, list[_Key]] = {}
        for session in resolved:
            slot = self._slot_of(session.session.session_id, present)
            if slot is not None:
                self._learn_session(slot, session, heard)
                given = (hints or {}).get(session.session.session_id)
                self.slots[slot].hints = given or self.slots[slot].hints
        self.heard_on |= {line: tuple(keys) for line, keys in heard.items()}

    def sessions(self) -> tuple[SessionRoster, ...]:
        """Return each session with everyone who was ever in it."""
        return tuple(self._session(key, slot) for key, slot in self.slots.items())

    def _slot_of(self, session_id: str, present: set[str]) -> str | None:
        """Find a session's slot; one that replaces all others goes on in the first slot.

        Webex gives a call new ids when it is transferred, inside the same dialog. None: there
        are as many as are remembered.
        """
        for key, slot in self.slots.items():
            if slot.session_id == session_id:
                return key
        first = self.slots.get("")
        if first is None or first.session_id not in present:
            self.slots.setdefault("", _Slot(session_id)).session_id = session_id
            return ""
        if len(self.slots) >= MAX_SESSIONS:
            return None
        self.slots[session_id] = _Slot(session_id)
        return session_id

    def _learn_session(
        self, key: str, session: SessionVoices, heard: dict[int, list[_Key]]
    ) -> None:
        slot = self.slots[key]
        slot.lines = tuple(sorted({*slot.lines, *session.lines}))
        bound = [voice for voice in session.voices if voice.lines]
        if bound:
            slot.is_guess = any(voice.is_guess for voice in bound)
        for voice in session.voices:
            person_key = (key, voice.participant.participant_id, voice.participant.aors)
            if person_key not in self.people and len(self.people) >= MAX_PEOPLE:
                continue
            self._learn_voice(person_key, slot, voice)
            for line in voice.lines:
                heard.setdefault(line, []).append(person_key)

    def _learn_voice(self, key: _Key, slot: _Slot, voice: Voice) -> None:
        participant = voice.participant
        if participant.participant_id not in slot.places:
            slot.places.append(participant.participant_id)
        person = self.people.setdefault(
            key, _Person(participant, slot.places.index(participant.participant_id))
        )
        person.participant, person.is_present = participant, True
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
            )
            for one, person in people.items()
        )
        is_guess = slot.is_guess or bool(given)
        return SessionRoster(key, speakers, slot.lines, is_guess, slot.hints)

    def _lines_of(self, key: _Key, person: _Person) -> tuple[int, ...]:
        """Return the lines of a person: those they spoke on last, for one who left as they were."""
        if not person.is_present:
            return person.lines
        latest = tuple(line for line, speakers in self.heard_on.items() if key in speakers)
        return tuple(sorted(latest)) or person.lines


def _give_free_lines(waiting: Sequence[_Key], free: Iterable[int]) -> dict[_Key, tuple[int, ...]]:
    """Give lines that nobody was ever heard on to those never heard, in order."""
    return {key: (line,) for key, line in zip(waiting, free, strict=False)}
