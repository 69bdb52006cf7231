"""The two recording calls of CUCM to a pilot with an id: whose recording they are (IDENT-2, 3)."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from callvault import sip
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Person
from callvault.recorder.judge import PolicyInForce
from callvault.spool.entries import Decided
from tests.policy.cast import SNAPSHOT, person
from tests.recorder.bench import FLOW
from tests.recorder.test_cucm_calls import Cucm, decided
from tests.recorder.test_service import Wire

# The far end, 5550142, is a user, too: the recording call is never theirs.
FAR = person(30, extension="5550142", alias="")
BY_USER_ID = [person(number, extension="1001", numeric_user_id=str(number)) for number in (21, 22)]
BY_PARTITION = [
    person(number, extension="1001", numeric_partition_id=str(number)) for number in (41, 42)
]


@dataclass
class PilotWire(Wire):
    """Sends what the simulator of CUCM sends to 8500 to another number."""

    dialled: str = "8500"

    def send(self, message: bytes, flow: sip.Flow = FLOW) -> list[int]:
        """Hand a message in under the number dialled."""
        return super().send(message.replace(b"sip:8500@", f"sip:{self.dialled}@".encode()), flow)


@pytest.fixture
def wire(tmp_path: Path) -> PilotWire:
    """A recorder with people who share an extension."""
    wire = PilotWire(tmp_path)
    people: tuple[Person, ...] = (*BY_USER_ID, *BY_PARTITION, FAR)
    snapshot = msgspec.structs.replace(SNAPSHOT, people=people, pilots=Pilots("8500"))
    wire.recorder._policy.in_force = PolicyInForce.of(snapshot)
    return wire


@pytest.mark.parametrize("sides", [("near", "far"), ("far", "near")])
@pytest.mark.parametrize(
    ("dialled", "owner"),
    [("850021", "user21"), ("85000022", "user22"), ("850041", "user41"), ("850042", "user42")],
)
def test_both_calls_are_the_one_s_whose_id_was_dialled(
    wire: PilotWire, dialled: str, owner: str, sides: tuple[str, str]
) -> None:
    wire.dialled = dialled
    one, other = map(decided, Cucm(wire).call(*sides))
    assert one.recording_id == other.recording_id
    assert one.owner_username == other.owner_username == owner
    assert (one.local.number, one.remote.number) == ("1001", "5550142")


@pytest.mark.parametrize("dialled", ["8500", "850099"])
def test_without_an_id_that_somebody_has_a_shared_extension_is_nobody_s(
    wire: PilotWire, dialled: str
) -> None:
    wire.dialled = dialled
    [journal] = Cucm(wire).call("near")
    last = [one for one in journal.events if isinstance(one, Decided)][-1].decision
    assert last.assignments == ()
    (step,) = [one for one in last.steps if one.code == "owner"]
    assert step.values["reason"] == "ambiguous"
