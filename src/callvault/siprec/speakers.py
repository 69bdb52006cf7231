"""Who is heard on which m-line now: metadata and SDP put together.

Labels decide (RFC 4574, RFC 7865 section 6.5). Where an SRC's labels or associations are wrong or
missing, order decides, and the result says that it is a guess.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callvault.siprec.document import Participant, Session, Stream
from callvault.siprec.view import View

MAX_VOICES = 500
"""Places of participants in sessions; everybody in everything would be many times more."""


@dataclass(frozen=True, slots=True)
class Line:
    """An audio m-line that is not refused."""

    index: int  # its place in the SDP
    label: str


@dataclass(frozen=True, slots=True)
class Voice:
    """A participant and the lines on which they are heard now; none while they are held."""

    participant: Participant
    lines: tuple[int, ...]
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class SessionVoices:
    """One communication session: its lines and who is heard on them."""

    session: Session
    lines: tuple[int, ...]
    voices: tuple[Voice, ...]
    named: tuple[int, ...] = ()  # of its lines those that its streams name


def who_speaks(view: View, lines: Sequence[Line]) -> tuple[SessionVoices, ...]:
    """Resolve each present session."""
    sessions, sends = view.present_sessions(), view.sends()
    streams = dict.fromkeys(one for here in sessions for one in view.streams_of(here.session_id))
    line_of, is_guess = _lines_of_streams(tuple(streams), lines)
    found: list[SessionVoices] = []
    room, alone = MAX_VOICES, len(sessions) == 1
    for session in sessions:
        voices = _session_voices(
            view, sends, session, line_of, lines, is_guess=is_guess, alone=alone
        )
        room -= len(voices.voices)
        if room < 0:
            break
        found.append(voices)
    return tuple(found)


def _lines_of_streams(
    streams: Sequence[Stream], lines: Sequence[Line]
) -> tuple[dict[Stream, int], bool]:
    """Map streams to lines by label; in order where labels do not match or are not unique."""
    by_label = {line.label: line.index for line in lines if line.label}
    is_unique = max(Counter(line.label for line in lines if line.label).values(), default=1) == 1
    is_unique &= max(Counter(one.label for one in streams if one.label).values(), default=1) == 1
    mapped = {one: by_label[one.label] for one in streams if one.label in by_label}
    if not mapped or not is_unique:
        # BroadSoft's first version says 1 in the XML and 5 in the SDP.
        return {one: line.index for one, line in zip(streams, lines, strict=False)}, True
    free = [line.index for line in lines if line.index not in mapped.values()]
    unlabelled = [one for one in streams if not one.label]
    guessed = dict(zip(unlabelled, free, strict=False))
    return mapped | guessed, bool(guessed)


def _session_voices(
    view: View,
    sends: Mapping[str, tuple[str, ...]],
    session: Session,
    line_of: dict[Stream, int],
    lines: Sequence[Line],
    *,
    is_guess: bool,
    alone: bool,
) -> SessionVoices:
    """Resolve one session. A session that is alone has all lines, named in streams or not."""
    participants = view.present_participants(session.session_id)
    streams = view.streams_of(session.session_id)
    own = {one.stream_id: line_of[one] for one in streams if one in line_of}
    all_lines = tuple(line.index for line in lines) if alone else tuple(sorted(set(own.values())))
    heard = {
        one.participant_id: tuple(
            dict.fromkeys(own[sent] for sent in sends.get(one.participant_id, ()) if sent in own)
        )
        for one in participants
    }
    guessed = _bind_strangers(view, participants, heard, own)
    if not view.participant_streams:
        guessed = {
            one.participant_id: (line,)
            for one, line in zip(participants, own.values() or all_lines, strict=False)
        }
    voices = tuple(
        Voice(
            one,
            heard[one.participant_id] or guessed.get(one.participant_id, ()),
            is_guess or one.participant_id in guessed,
        )
        for one in participants
    )
    return SessionVoices(session, all_lines, voices, tuple(sorted(set(own.values()))))


def _bind_strangers(
    view: View,
    participants: Sequence[Participant],
    heard: dict[str, tuple[int, ...]],
    own: dict[str, int],
) -> dict[str, tuple[int, ...]]:
    """Give associations of unknown participants to those who have none (IOS 15.6)."""
    known = {one.participant_id for one in view.participants}
    named = {one.participant_id for one in view.participant_streams}
    waiting = [one.participant_id for one in participants if one.participant_id not in named]
    strangers = [
        tuple(own[sent] for sent in one.sends if sent in own)
        for one in view.participant_streams
        if one.participant_id not in known and not one.left
    ]
    taken = {line for bound in heard.values() for line in bound}
    free = [bound for bound in strangers if bound and not taken.intersection(bound)]
    return dict(zip(waiting, free, strict=False))
