"""What happens in a simulated call: who, which way, what is said when, and whether it is held.

Pure and seeded: the same seed gives the same calls. A script is a plan in milliseconds from the
answer; sounds come from `speech`, packets from `media`, signalling from `call`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from callvault.policy.decision import Direction
from callvault.simulator import lines
from callvault.simulator.cast import (
    DEMO_PEOPLE,
    NUMBERS_OF_NOBODY,
    REMOTE_PARTIES,
    DemoPerson,
    RemoteParty,
    Voice,
)

FRAME_MS = 20
SHORTEST_CALL_MS = 2_000
SHORTEST_HELD_CALL_MS = 6_000
LONGEST_HOLD_MS = 20_000
SHORTEST_TURN_MS = 400  # less of a sentence is a click, not speech


class Speaker(StrEnum):
    """A side of the call."""

    OWNER = "owner"
    REMOTE = "remote"

    @property
    def other(self) -> "Speaker":
        """The side that listens."""
        return Speaker.REMOTE if self is Speaker.OWNER else Speaker.OWNER


class Codec(StrEnum):
    """What the phones of a call speak; each is 160 bytes in 20 ms."""

    PCMU = "pcmu"
    PCMA = "pcma"
    G722 = "g722"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence in somebody's voice: one clip of speech."""

    voice: Voice
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A line spoken at a moment of the call; cut where another event ends it early."""

    speaker: Speaker
    line: Line
    start_ms: int
    length_ms: int

    @property
    def end_ms(self) -> int:
        """When the speaker falls silent."""
        return self.start_ms + self.length_ms


@dataclass(frozen=True, slots=True)
class Hold:
    """The owner puts the call on hold, and comes back."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call, as telephone systems know it."""

    number: str
    name: str
    voice: Voice
    user: DemoPerson | None = None  # set: calls of this party are recorded


@dataclass(frozen=True, slots=True)
class CallScript:
    """One call. `owner` is the side inside the company, user or not."""

    index: int
    owner: Party
    remote: Party
    direction: Direction  # seen from the owner
    codec: Codec
    length_ms: int  # from answer to hang-up
    turns: tuple[Turn, ...]
    hold: Hold | None = None
    changes_ssrc: bool = False  # the streams come back from hold with new SSRCs

    @property
    def caller(self) -> Party:
        """Who dialled."""
        return self.remote if self.direction is Direction.IN else self.owner

    @property
    def callee(self) -> Party:
        """Who was dialled."""
        return self.owner if self.direction is Direction.IN else self.remote


@dataclass(frozen=True, slots=True)
class Wishes:
    """What kind of calls are wanted. Shares are of all calls, 0 to 1, and kept exactly."""

    calls: int
    shortest_ms: int = 15_000
    longest_ms: int = 60_000
    codecs: tuple[Codec, ...] = tuple(Codec)
    hold_share: float = 0.25
    unknown_share: float = 0.0  # neither party is a user
    internal_share: float = 0.0  # both are


LengthOf = Callable[[Line], int]
"""How long a line takes to say, in milliseconds."""


def plan_calls(wishes: Wishes, *, seed: int, length_of: LengthOf) -> Iterator[CallScript]:
    """Yield the scripts of all calls in order, one at a time, as they are needed."""
    rng = Random(seed)
    held = _spread(wishes.hold_share, wishes.calls, rng)
    unknown = _spread(wishes.unknown_share, wishes.calls, rng)
    internal = _spread(wishes.internal_share, wishes.calls, rng)
    for index in range(wishes.calls):
        own = Random(f"{seed}/{index}")
        length_ms = on_frame(own.randint(wishes.shortest_ms, wishes.longest_ms))
        owner, remote = _parties(own, unknown=index in unknown, internal=index in internal)
        direction = own.choice((Direction.IN, Direction.OUT))
        hold = plan_hold(own, length_ms) if index in held else None
        yield CallScript(
            index=index,
            owner=owner,
            remote=remote,
            direction=direction,
            codec=own.choice(wishes.codecs),
            length_ms=length_ms,
            turns=plan_turns(
                own,
                owner,
                remote,
                direction=direction,
                hold=hold,
                length_ms=length_ms,
                length_of=length_of,
            ),
            hold=hold,
            changes_ssrc=own.random() < 0.5,
        )


def plan_hold(rng: Random, length_ms: int) -> Hold | None:
    """Return a hold somewhat past the middle; None where the call is too short for one."""
    if length_ms < SHORTEST_HELD_CALL_MS:
        return None
    start_ms = round(length_ms * rng.uniform(0.50, 0.62))
    held_ms = min(round(length_ms * rng.uniform(0.15, 0.22)), LONGEST_HOLD_MS)
    return Hold(on_frame(start_ms), on_frame(start_ms + held_ms))


def plan_turns(
    rng: Random,
    owner: Party,
    remote: Party,
    *,
    direction: Direction,
    hold: Hold | None,
    length_ms: int,
    length_of: LengthOf,
) -> tuple[Turn, ...]:
    """Return what is said: whoever is called greets, then both take turns until the end."""
    sides = {Speaker.OWNER: owner, Speaker.REMOTE: remote}
    first = Speaker.OWNER if direction is Direction.IN else Speaker.REMOTE
    talk = _Talk(rng, sides, length_of)
    if hold is None:
        talk.fill(0, length_ms, first=first)
    else:
        talk.fill(0, hold.start_ms, first=first, last=lines.BEFORE_HOLD)
        talk.fill(hold.end_ms, length_ms, first=Speaker.OWNER, opening=lines.AFTER_HOLD)
    return tuple(talk.turns)


class _Talk:
    """Turn-taking: pauses, now and then a long one, and now and then both speak at once."""

    def __init__(self, rng: Random, sides: dict[Speaker, Party], length_of: LengthOf) -> None:
        self.turns: list[Turn] = []
        self._rng = rng
        self._sides = sides
        self._length_of = length_of
        self._said: set[str] = set()

    def fill(
        self, start_ms: int, end_ms: int, *, first: Speaker, opening: str = "", last: str = ""
    ) -> None:
        """Fill a stretch of the call; the owner's `last` words stand at its end, if they fit."""
        closing = self._closing(end_ms, last) if last else None
        if closing and closing.start_ms - start_ms > SHORTEST_HELD_CALL_MS // 2:
            end_ms = closing.start_ms
        else:
            closing = None
        speaker = first
        at_ms = start_ms + self._rng.randint(150, 400)
        text = opening or self._greeting(speaker)
        while end_ms - at_ms >= SHORTEST_TURN_MS:
            turn = self._turn(speaker, text, at_ms, end_ms)
            self.turns.append(turn)
            pause_ms = self._pause_ms(longest_ms=400 if self._is_unheard(speaker.other) else 3_500)
            at_ms = max(turn.end_ms + pause_ms, turn.start_ms + SHORTEST_TURN_MS)
            speaker = speaker.other
            text = self._next_text(speaker)
        if closing:
            self.turns.append(closing)

    def _closing(self, end_ms: int, text: str) -> Turn:
        line = Line(self._sides[Speaker.OWNER].voice, text)
        length_ms = self._length_of(line)
        return Turn(Speaker.OWNER, line, end_ms - length_ms - 100, length_ms)

    def _turn(self, speaker: Speaker, text: str, at_ms: int, end_ms: int) -> Turn:
        line = Line(self._sides[speaker].voice, text)
        room_ms = end_ms - at_ms
        if self._is_unheard(speaker.other):
            room_ms //= 2  # leave the other side a word, in the shortest of calls too
        return Turn(speaker, line, at_ms, min(self._length_of(line), room_ms))

    def _pause_ms(self, *, longest_ms: int) -> int:
        """Draw a pause; below zero both speak at once."""
        kind = self._rng.random()
        if kind < 0.15:
            return -self._rng.randint(150, 600)
        if kind < 0.92:
            return min(self._rng.randint(200, 1_100), longest_ms)
        return min(self._rng.randint(1_800, 3_500), longest_ms)

    def _is_unheard(self, speaker: Speaker) -> bool:
        return not any(turn.speaker is speaker for turn in self.turns)

    def _greeting(self, speaker: Speaker) -> str:
        person = self._sides[speaker].user
        if person is None:
            return self._rng.choice(lines.REMOTE_GREETINGS)
        greeting = self._rng.choice(lines.GREETINGS[person.group])
        return greeting.format(first_name=person.first_name)

    def _next_text(self, speaker: Speaker) -> str:
        choice = lines.OWNER_LINES if speaker is Speaker.OWNER else lines.REMOTE_LINES
        fresh = [text for text in choice if text not in self._said] or list(choice)
        text = self._rng.choice(fresh)
        self._said.add(text)
        return text


def _parties(rng: Random, *, unknown: bool, internal: bool) -> tuple[Party, Party]:
    if internal and not unknown:
        one, two = rng.sample(DEMO_PEOPLE, 2)
        return user_party(one), user_party(two)
    remote = _outsider(rng.choice(REMOTE_PARTIES))
    if unknown:
        voice = rng.choice(DEMO_PEOPLE).voice
        return Party(rng.choice(NUMBERS_OF_NOBODY), "", voice), remote
    return user_party(rng.choice(DEMO_PEOPLE)), remote


def user_party(person: DemoPerson) -> Party:
    """Return a user as a side of a call."""
    return Party(person.extension, person.full_name, person.voice, person)


def _outsider(remote: RemoteParty) -> Party:
    return Party(remote.number, remote.name, remote.voice)


def _spread(share: float, count: int, rng: Random) -> frozenset[int]:
    """Return which of `count` calls are of a kind: exactly their share, anywhere."""
    return frozenset(rng.sample(range(count), round(count * share)))


def on_frame(time_ms: int) -> int:
    """Return the beginning of the frame that a time falls in."""
    return time_ms // FRAME_MS * FRAME_MS


def users_of(scripts: Sequence[CallScript]) -> tuple[DemoPerson, ...]:
    """Return the people whose calls are to be recorded, in order of extension."""
    parties = [party for script in scripts for party in (script.owner, script.remote)]
    people = {party.user for party in parties if party.user is not None}
    return tuple(sorted(people, key=lambda person: person.extension))
