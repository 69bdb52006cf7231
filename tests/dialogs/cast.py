"""Who speaks in the dialogs, and the tone by which each is told in a recording. All invented."""

from dataclasses import dataclass
from uuid import UUID

from callvault.policy.snapshot import Person, Snapshot, Trunk


@dataclass(frozen=True)
class Actor:
    """Somebody with a telephone."""

    key: str
    number: str
    name: str
    tone_hz: int
    pbx: str = ""  # the PBX username, where the dialect names people by it

    def __str__(self) -> str:
        return self.key


CAST = {
    one.key: one
    for one in (
        Actor("ann", "1001", "Ann Keller", 450, "ann.keller@tenant.example"),
        Actor("bob", "1002", "Bob Castellani", 650, "bob.castellani@tenant.example"),
        Actor("carol", "1003", "Carol Okafor", 850, "carol.okafor@tenant.example"),
        Actor("caller", "+15550142", "Dana Webb", 1150),
        Actor("erin", "+15550177", "Erin Walsh", 1450),
        Actor("frank", "+15550188", "Frank Moore", 1750),
        Actor("dummy", "ASBCE", "", 2100),
        Actor("moh", "", "", 300),
    )
}
USERS = ("ann", "bob", "carol")
PEOPLE = tuple(
    Person(
        UUID(int=number),
        key,
        CAST[key].name,
        CAST[key].number,
        alias=f"+1555014{CAST[key].number}",
        pbx_username=CAST[key].pbx,
        group="Claims",
    )
    for number, key in enumerate(USERS, 1)
)
TRUNKS = {
    "main": Trunk(UUID(int=100), "Main", ("127.0.0.1",)),
    "swapped": Trunk(UUID(int=101), "Swapped", ("127.0.0.3",), swap_channels=True),
}
SNAPSHOT = Snapshot(revision=1, people=PEOPLE, trunks=tuple(TRUNKS.values()), country_code="1")
