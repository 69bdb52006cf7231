"""Which pairs of recording calls CUCM makes of a conversation, and when. Pure and seeded."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from callvault.policy.decision import Direction
from callvault.simulator.cast import DEMO_PEOPLE, REMOTE_PARTIES
from callvault.simulator.script import (
    SHORTEST_CALL_MS,
    CallScript,
    LengthOf,
    Party,
    Speaker,
    on_frame,
    plan_turns,
    user_party,
)

CLUSTER = "Cluster-North"
OTHER_CLUSTER = "Cluster-South"
GATEWAY = "PSTN-Trunk"
BRIDGE = "CFB_North_1"
LONGEST_GAP_MS = 4_000
_MIRROR_MS = 15
_HANDOVER_MS = 120  # from the end of one pair to the INVITE of the next, where nobody waits
_PARTS = 8  # scripts of one conversation, at most


class Scene(StrEnum):
    """What happens in a conversation."""

    TALK = "talk"
    HOLD = "hold"  # the recorded user holds and resumes
    TRANSFER = "transfer"  # the recorded user asks a colleague and hands the call over
    TRANSFERRED = "transferred"  # the other party is replaced by another, in this cluster
    CONFERENCE = "conference"  # the recorded user takes a colleague into the call
    UPDATE = "update"  # the other party is replaced in another cluster
    SHARED_LINE = "shared-line"  # held on one phone, resumed on another of the same number


class Fault(StrEnum):
    """What CUCM or the network do not do."""

    NEAR_MISSING = "near-missing"
    FAR_MISSING = "far-missing"
    ONE_BYE = "one-bye"
    CAUSE_47 = "cause-47"  # no common codec


class Order(StrEnum):
    """Which of both calls comes first."""

    NEAR_FIRST = "near-first"
    FAR_FIRST = "far-first"
    MIX = "mix"


@dataclass(frozen=True, slots=True)
class CucmWishes:
    """How the pairs are to be."""

    pilot: str = "8100"
    scene: Scene = Scene.TALK
    fault: Fault | None = None
    order: Order = Order.NEAR_FIRST
    gap_ms: int = 5
    early_offer: bool = False
    is_mirrored: bool = False  # both phones are recorded
    two_clusters: bool = False  # each call twice at once, of two clusters, with equal ids


@dataclass(frozen=True, slots=True)
class End:
    """One end of a recorded call, as CUCM names it."""

    refci: int
    cluster: str
    device: str
    number: str
    is_conference: bool = False


@dataclass(frozen=True, slots=True)
class PairPlan:
    """Two recording calls of one phone. The near end is the script's owner."""

    script: CallScript
    near: End
    far: End
    session_id: str  # of the recorded call
    first: Speaker  # whose voice the first call carries
    after: int | None = None  # begins when this pair of the conversation is over; None: at once
    wait_ms: int = 0  # and then so much later
    far_later: End | None = None  # takes the far end's place in the middle of the call


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one recorded call leads to."""

    index: int
    pairs: tuple[PairPlan, ...]
    wishes: CucmWishes

    @property
    def scripts(self) -> tuple[CallScript, ...]:
        """What is said in each pair."""
        return tuple(pair.script for pair in self.pairs)


def plan_conversations(
    scripts: Iterable[CallScript],
    wishes: CucmWishes,
    *,
    seed: int,
    ids: Random,
    length_of: LengthOf,
) -> Iterator[Conversation]:
    """Make conversations of calls without holds.

    `ids`: what ids are drawn from; those of an earlier run would have its calls gone on with.
    """
    for script in scripts:
        rng = Random(f"{seed}/{script.index}/cucm")
        writer = _Writer(script, wishes, rng, ids, length_of)
        pairs = _SCENES[wishes.scene](writer)
        if wishes.is_mirrored:
            pairs = [*pairs, *writer.mirrors(pairs)]
        if wishes.two_clusters:
            pairs = [*pairs, *writer.namesakes(pairs)]
        yield Conversation(script.index, tuple(pairs), wishes)


def device_of(number: str) -> str:
    """Return the name of somebody's telephone."""
    return f"SEP0011{int(number.lstrip('+')) % 0xFFFFFFFF:08X}"


class _Writer:
    """Writes the pairs of one conversation."""

    def __init__(
        self,
        script: CallScript,
        wishes: CucmWishes,
        rng: Random,
        ids: Random,
        length_of: LengthOf,
    ) -> None:
        self.script = script
        self._wishes = wishes
        self._rng, self._ids = rng, ids
        self._length_of = length_of
        self._written = 0
        self._refci = ids.randrange(20_000_000, 80_000_000)
        self.near, self.far = self._ends(script)
        self.session_id = self._new_session_id()

    def part(self, share: float, *, remote: Party | None = None, out: bool = False) -> CallScript:
        """Return a stretch of the conversation as a script, with its own words."""
        stretch = replace(
            self.script,
            length_ms=on_frame(max(SHORTEST_CALL_MS, round(self.script.length_ms * share))),
            direction=Direction.OUT if out else self.script.direction,
        )
        return self._said_by(stretch, self.script.owner, remote or self.script.remote)

    def pair(
        self,
        script: CallScript,
        *,
        near: End | None = None,
        far: End | None = None,
        after: int | None = None,
        wait_ms: int = 0,
        is_other_call: bool = False,
        far_later: End | None = None,
    ) -> PairPlan:
        """Return a pair of calls; `after` and `wait_ms` say when."""
        return PairPlan(
            script=self._numbered(script),
            near=near or self.near,
            far=far or self.far,
            session_id=self._new_session_id() if is_other_call else self.session_id,
            first=self._first(),
            after=after,
            wait_ms=wait_ms,
            far_later=far_later,
        )

    def consultation(self, colleague: Party, share: float, *, after: int) -> PairPlan:
        """Return the pair of a call that the owner makes to a colleague meanwhile."""
        script = self.part(share, remote=colleague, out=True)
        near, far = self._ends(script)
        return self.pair(
            script, near=near, far=far, after=after, wait_ms=_HANDOVER_MS, is_other_call=True
        )

    def colleague(self) -> Party:
        """Return somebody of the company who is not yet in the call."""
        taken = (self.script.owner.number, self.script.remote.number)
        free = [person for person in DEMO_PEOPLE if person.extension not in taken]
        return user_party(self._rng.choice(free))

    def outsider(self) -> Party:
        """Return somebody else outside."""
        free = [one for one in REMOTE_PARTIES if one.number != self.script.remote.number]
        other = self._rng.choice(free)
        return Party(other.number, other.name, other.voice)

    def other_far(self, party: Party) -> End:
        """Return the far end when this party has taken the place of the first."""
        self._refci += 1
        return self._end(party, self._refci)

    def hold_ms(self) -> int:
        """Draw how long somebody waits."""
        return self._rng.randint(400, max(500, min(self.script.length_ms // 5, 20_000)))

    def mirrors(self, pairs: Sequence[PairPlan]) -> Iterator[PairPlan]:
        """Yield the pairs of the other phones: near and far change places."""
        for pair in pairs:
            yield replace(
                pair,
                script=self._numbered(mirrored(pair.script)),
                near=pair.far,
                far=pair.near,
                first=self._first(),
                after=_moved(pair.after, len(pairs)),
                wait_ms=pair.wait_ms + _MIRROR_MS,
            )

    def namesakes(self, pairs: Sequence[PairPlan]) -> Iterator[PairPlan]:
        """Yield pairs of another cluster with the same ids and device, of another user."""
        colleague, other = self.colleague(), self.outsider()
        for pair in pairs:
            yield replace(
                pair,
                script=self._numbered(self._said_by(pair.script, colleague, other)),
                near=replace(pair.near, cluster=OTHER_CLUSTER, number=colleague.number),
                far=replace(pair.far, cluster=OTHER_CLUSTER, number=other.number),
                session_id=self._new_session_id(),
                first=self._first(),
                after=_moved(pair.after, len(pairs)),
            )

    def _said_by(self, script: CallScript, owner: Party, remote: Party) -> CallScript:
        turns = plan_turns(
            self._rng,
            owner,
            remote,
            direction=script.direction,
            hold=None,
            length_ms=script.length_ms,
            length_of=self._length_of,
        )
        return replace(script, owner=owner, remote=remote, turns=turns)

    def _ends(self, script: CallScript) -> tuple[End, End]:
        """Return near and far end; the caller's id is allocated first, and so is lower."""
        self._refci += 2
        is_in = script.direction is Direction.IN
        near = self._end(script.owner, self._refci + is_in)
        far = self._end(script.remote, self._refci + (not is_in))
        self._refci += 1
        return near, far

    def _end(self, party: Party, refci: int) -> End:
        device = device_of(party.number) if party.number.isdigit() else GATEWAY
        return End(refci, CLUSTER, device, party.number)

    def _first(self) -> Speaker:
        order = self._wishes.order
        if order is Order.MIX:
            return self._rng.choice(tuple(Speaker))
        return Speaker.OWNER if order is Order.NEAR_FIRST else Speaker.REMOTE

    def _numbered(self, script: CallScript) -> CallScript:
        self._written += 1
        return replace(script, index=self.script.index * _PARTS + self._written - 1)

    def _new_session_id(self) -> str:
        return f"{self._ids.getrandbits(128):032x}"


def _moved(place: int | None, by: int) -> int | None:
    return None if place is None else place + by


def mirrored(script: CallScript) -> CallScript:
    """Return the same call as the other phone sees it."""
    is_in = script.direction is Direction.IN
    return replace(
        script,
        owner=script.remote,
        remote=script.owner,
        direction=Direction.OUT if is_in else Direction.IN,
        turns=tuple(replace(turn, speaker=turn.speaker.other) for turn in script.turns),
    )


def _talk(writer: _Writer) -> list[PairPlan]:
    return [writer.pair(writer.script)]


def _hold(writer: _Writer) -> list[PairPlan]:
    resumed = writer.pair(writer.part(0.4), after=0, wait_ms=writer.hold_ms())
    return [writer.pair(writer.part(0.5)), resumed]


def _transfer(writer: _Writer) -> list[PairPlan]:
    first = writer.pair(writer.part(0.6))
    return [first, writer.consultation(writer.colleague(), 0.3, after=0)]


def _transferred(writer: _Writer) -> list[PairPlan]:
    other = writer.outsider()
    later = writer.pair(
        writer.part(0.4, remote=other),
        far=writer.other_far(other),
        after=0,
        wait_ms=_HANDOVER_MS,
    )
    return [writer.pair(writer.part(0.5)), later]


def _conference(writer: _Writer) -> list[PairPlan]:
    first = writer.pair(writer.part(0.4))
    asked = writer.consultation(writer.colleague(), 0.2, after=0)
    number = f"b00{writer.near.refci % 1_000_000_000:09d}"
    bridge = replace(
        writer.other_far(writer.script.remote), device=BRIDGE, number=number, is_conference=True
    )
    together = writer.pair(writer.part(0.3), far=bridge, after=1, wait_ms=_HANDOVER_MS)
    return [first, asked, together]


def _update(writer: _Writer) -> list[PairPlan]:
    return [writer.pair(writer.script, far_later=writer.other_far(writer.outsider()))]


def _shared_line(writer: _Writer) -> list[PairPlan]:
    elsewhere = replace(
        writer.near,
        refci=writer.other_far(writer.script.owner).refci,
        device=device_of(f"7{writer.near.number}"),
    )
    resumed = writer.pair(writer.part(0.4), near=elsewhere, after=0, wait_ms=writer.hold_ms())
    return [writer.pair(writer.part(0.5)), resumed]


_SCENES: dict[Scene, Callable[[_Writer], list[PairPlan]]] = {
    Scene.TALK: _talk,
    Scene.HOLD: _hold,
    Scene.TRANSFER: _transfer,
    Scene.TRANSFERRED: _transferred,
    Scene.CONFERENCE: _conference,
    Scene.UPDATE: _update,
    Scene.SHARED_LINE: _shared_line,
}
