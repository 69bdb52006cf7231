"""Calls, people, trunks and filters of every sort, for properties that hold for all of them."""

from uuid import UUID

from hypothesis import strategies as st
from msgspec.structs import replace

from callvault.policy import CallSeen, PeopleIndex, decide
from callvault.policy.decision import Decision
from callvault.policy.filters import Directions, FilterJudge, FilterRules, Filters, Traffic
from callvault.policy.mode_judge import ModeJudge
from callvault.policy.modes import Modes
from callvault.policy.numbering_plan import NumberingPlan, PlanReader
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Person, RecordingMode, Snapshot
from callvault.policy.wishes import Mark, Piece, Wishes
from callvault.siprec import Hints, NameId, OwnerHint, Participant, SessionRoster, Speaker
from tests.policy.cast import ANN, BOB, OTTO, TRUNK, person

NUMBERS = (
    *("1001", "1002", "1003", "4711", "+15550142001", "+15550142999", "0015550142001"),
    *("ann@tenant.example", "anonymous", "unknown", "x7", ""),
)
PEOPLE = (
    *(ANN, BOB, OTTO, person(9, extension="1001"), person(10, extension="1003", group="")),
    *(person(11, extension="1001", numeric_user_id="5"), person(12, numeric_partition_id="6")),
)
PILOTS = Pilots(recording_prefix="8400", live_keep_prefix="8500")


def _pieces(times: list[int]) -> tuple[Piece, ...]:
    """Return pieces from these moments, each to the next one; the last goes on."""
    times = sorted(times)
    return tuple(Piece(*times[at : at + 2]) for at in range(0, len(times), 2))


numbers = st.sampled_from(NUMBERS)
moments = st.sampled_from([0, 10, 20, 30])
lines = st.lists(st.integers(0, 3), max_size=3, unique=True).map(tuple)
people = st.just(PEOPLE[:3]) | st.lists(st.sampled_from(PEOPLE), unique=True).map(tuple)
people_with_modes = st.tuples(people, st.lists(st.none() | st.sampled_from(RecordingMode))).map(
    lambda drawn: tuple(
        replace(one, mode=mode)
        for one, mode in zip(drawn[0], [*drawn[1], *[None] * len(drawn[0])], strict=False)
    )
)
trunks = st.builds(
    lambda mode, swap: replace(TRUNK, mode=mode, swap_channels=swap),
    st.just(RecordingMode.ALWAYS_ON) | st.sampled_from(RecordingMode),
    st.booleans(),
)
rules = st.builds(
    FilterRules,
    st.sampled_from(Directions),
    st.sampled_from(Traffic),
    st.sampled_from([(), ("1!",), ("+1!", "4711")]),
)
filters = st.builds(
    Filters,
    rules,
    st.just({}) | st.builds(dict, Claims=rules),
    st.just({}) | rules.map(lambda one: {ANN.user_id: one}),
)
hints = st.builds(
    Hints,
    st.lists(
        st.builds(
            OwnerHint,
            st.sampled_from(["userID", "recordedParty"]),
            numbers.map(lambda number: (number,)),
            st.sampled_from(["", "p0", "p1", "gone"]),
            st.sampled_from(["", "in", "out"]),
        ),
        max_size=2,
    ).map(tuple),
    st.sampled_from(["", "p0", "gone"]),
    numbers,
    numbers,
)


pieces = st.lists(st.sampled_from([5, 12, 22, 30]), max_size=4, unique=True).map(_pieces)
owners = st.sampled_from([one.user_id for one in PEOPLE])
wishes = st.just(Wishes()) | st.builds(
    Wishes,
    st.dictionaries(owners, pieces, max_size=3),
    st.dictionaries(owners, st.sampled_from(Mark), max_size=3),
)


@st.composite
def speakers(draw: st.DrawFn, place: int) -> Speaker:
    """Draw one party of a session."""
    number, name = draw(numbers), draw(st.sampled_from(["", "Zoe", "1001"]))
    identities = (NameId(f"sip:{number}@h" if number else "", name),)
    return Speaker(
        Participant(f"p{place}", identities[: draw(st.sampled_from([1, 1, 1, 0]))]),
        draw(lines),
        draw(st.booleans()),
        place,
        draw(moments),
        draw(moments),
    )


@st.composite
def sessions(draw: st.DrawFn, key: str) -> SessionRoster:
    """Draw one communication session."""
    count = draw(st.sampled_from([2, 1, 3, 0]))
    return SessionRoster(
        key,
        tuple(draw(speakers(place)) for place in range(count)),
        draw(lines),
        draw(st.booleans()),
        draw(hints),
        draw(moments),
        draw(moments),
    )


@st.composite
def calls(draw: st.DrawFn) -> CallSeen:
    """Draw a call as it is judged."""
    keys = ["", "b"][: draw(st.sampled_from([1, 2, 0]))]
    return CallSeen(
        draw(trunks),
        "192.0.2.14",
        draw(st.integers(0, 500)),
        tuple(draw(sessions(key)) for key in keys),
        draw(moments),
        draw(st.booleans()),
        draw(st.sampled_from(["", "", "srs", "8400", "84005", "84006", "840005", "840099"])),
        wishes=draw(wishes),
    )


_NONE = Modes()
modes_of_groups = st.just(_NONE) | st.sampled_from(RecordingMode).map(
    lambda mode: Modes(by_group={"Claims": mode})
)


def judged(
    call: CallSeen, those: tuple[Person, ...], rules: Filters, of_groups: Modes = _NONE
) -> Decision:
    """Judge a call as a recorder does."""
    snapshot = Snapshot(7, those, country_code="1", filters=rules, modes=of_groups, pilots=PILOTS)
    index = PeopleIndex.of(snapshot)
    reader = PlanReader(NumberingPlan(country_code="1"))
    return decide(
        call,
        index,
        revision=snapshot.revision,
        recording_id=lambda key, owner: UUID(int=owner.int + 1000 * (1 + len(key))),
        filters=FilterJudge(rules, reader, is_known=index.knows),
        modes=ModeJudge.of(snapshot),
    )
