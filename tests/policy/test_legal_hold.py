"""What standing legal holds cover."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from callvault.policy.decision import Assignment, Direction, Party
from callvault.policy.legal_hold import NOTHING_HELD, Held

ANN = UUID(int=1)
CALL = Assignment(
    recording_id=UUID(int=9),
    owner_id=ANN,
    owner_username="ann",
    owner_name="Ann Keller",
    owner_extension="2014",
    owner_group="sales",
    direction=Direction.IN,
    local=Party("2014"),
    remote=Party("+15550142"),
    owner_streams=(),
    remote_streams=(),
)


def test_a_person_is_covered() -> None:
    assert Held(users=frozenset({ANN})).covers(CALL)
    assert not Held(users=frozenset({UUID(int=2)})).covers(CALL)
    assert not NOTHING_HELD.covers(CALL)


@pytest.mark.parametrize("written", ["+15550142", "+1 555-0142", "sip:+15550142@pbx.example.com"])
def test_a_number_is_covered_however_it_came(written: str) -> None:
    held = Held(numbers=frozenset({"+15550142", "5550142"}))
    assert held.covers(replace(CALL, remote=Party(written)))
    assert not held.covers(replace(CALL, remote=Party("+15550143")))


def test_the_own_extension_is_covered() -> None:
    assert Held(numbers=frozenset({"2014"})).covers(CALL)
