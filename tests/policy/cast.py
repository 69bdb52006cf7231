"""People and trunks that policy tests share; all invented."""

from uuid import UUID

from callvault.policy.snapshot import Person, Snapshot, Trunk


def person(number: int, **fields: object) -> Person:
    """Make a user whose id ends in `number`."""
    values: dict[str, object] = {
        "username": f"user{number}",
        "full_name": f"User {number}",
        "extension": f"{1000 + number}",
        "group": "Claims",
    }
    return Person(user_id=UUID(int=number), **(values | fields))  # type: ignore[arg-type]


ANN = person(1, full_name="Ann Keller", alias="+1 555 014 2001", pbx_username="ann@tenant.example")
BOB = person(2, full_name="Bob Castellani")
OTTO = person(3, full_name="Otto Away", active=False)
TRUNK = Trunk(trunk_id=UUID(int=100), name="Main", peers=("192.0.2.0/24",))
SNAPSHOT = Snapshot(revision=7, people=(ANN, BOB, OTTO), trunks=(TRUNK,), country_code="1")
