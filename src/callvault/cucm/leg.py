"""One recording call as its From describes it: which voice, of which phone, in which call.

Names and case as in Cisco's recording design guides. The parameters are those of the From URI;
a From without brackets has them in the header, and a proxy may have left them in the Contact
alone. Reading never fails: what is missing is empty, what is too long to be an id is none.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from callvault.sip import Address

MAX_ID = 64
"""A longer id is no id: were it cut, two that differ behind the cut would be one."""
MAX_TEXT = 256
"""Numbers and device names are cut here, since nothing is found by what is behind."""
MAX_OTHERS = 16
"""Parameters of names unknown here that are kept, the first ones."""
MAX_READ = 64
"""Parameters that are looked at; CUCM writes up to 16."""

_NEAR, _FAR = "x-nearend", "x-farend"
_BRIDGE_NUMBER = re.compile(r"b[0-9]+", re.IGNORECASE)
_BRIDGE_DEVICE = "cfb"
_KNOWN = frozenset(
    {
        _NEAR,
        _FAR,
        "x-refci",
        "x-nearendclusterid",
        "x-nearenddevice",
        "x-nearendaddr",
        "x-nearendguid",
        "x-farendrefci",
        "x-farendclusterid",
        "x-farenddevice",
        "x-farendaddr",
        "x-farendguid",
        "x-sessionid",
    }
)


class Side(StrEnum):
    """Whose voice a recording call carries."""

    NEAR = "near"  # of the recorded user
    FAR = "far"  # of the other party
    UNSAID = "unsaid"  # neither flag is there, or both are

    @property
    def other(self) -> "Side":
        """The side that the twin carries; of a side that is not said, none is."""
        return _OTHER[self]


_OTHER = {Side.NEAR: Side.FAR, Side.FAR: Side.NEAR, Side.UNSAID: Side.UNSAID}


@dataclass(frozen=True, slots=True)
class End:
    """One end of the recorded call; every field may be empty."""

    refci: str = ""  # id of this end's leg in the recorded call
    cluster_id: str = ""
    device: str = ""  # as written: SEP…, CSF…, CFB…, or the name of a trunk
    number: str = ""
    guid: str = ""  # Cisco-Guid of a gateway's leg, when the gateway forks


@dataclass(frozen=True, slots=True)
class RecordingLeg:
    """What the From of a recording call says: side, both ends, and what else it tells."""

    side: Side
    near: End
    far: End
    from_user: str = ""
    is_far_focus: bool = False  # `isfocus` of the From URI; on a Contact it says nothing
    session_id: str = ""  # of the recorded call (RFC 7989)
    others: tuple[tuple[str, str], ...] = ()  # x-… of unknown names, lower case
    is_guess: bool = False  # the side is told by the order of the two calls alone
    has_called: bool | None = None  # the near end, as the first piece of its call had it

    @property
    def recorded_number(self) -> str:
        """Number of the recorded user.

        The From user is the far number when a gateway forks, so it counts only where CUCM is too
        old to write x-nearendaddr.
        """
        return self.near.number or self.from_user

    @property
    def is_conference(self) -> bool:
        """Whether the other end is a conference: by its focus, its bridge, or a b-number."""
        return (
            self.is_far_focus
            or self.far.device.lower().startswith(_BRIDGE_DEVICE)
            or _BRIDGE_NUMBER.fullmatch(self.far.number) is not None
        )


def read_leg(sender: Address, contact: Address | None = None) -> RecordingLeg | None:
    """Read the leg that From, else Contact, describes; None where neither names a recorded call.

    Names are of any case and the first of two counts, in the URI before those behind it. A call
    is a leg by either flag, or by x-refci where a sender leaves the flags out.
    """
    for address in (sender, contact):
        found = _parameters(address) if address is not None else {}
        if _NEAR in found or _FAR in found or found.get("x-refci"):
            is_focus = address is sender and "isfocus" in found
            return _leg_of(found, _readable(sender.uri.user), is_focus=is_focus)
    return None


def _leg_of(found: dict[str, str], from_user: str, *, is_focus: bool) -> RecordingLeg:
    return RecordingLeg(
        side=_side_of(found),
        near=_end_of(found, "x-nearend", refci="x-refci"),
        far=_end_of(found, "x-farend", refci="x-farendrefci"),
        from_user=from_user[:MAX_TEXT],
        is_far_focus=is_focus,
        session_id=found.get("x-sessionid", "")[:MAX_TEXT],
        others=tuple(
            (name, value[:MAX_TEXT])
            for name, value in found.items()
            if name.startswith("x-") and name not in _KNOWN and len(name) <= MAX_ID
        )[:MAX_OTHERS],
    )


def _side_of(found: dict[str, str]) -> Side:
    is_near, is_far = _NEAR in found, _FAR in found
    if is_near == is_far:
        return Side.UNSAID
    return Side.NEAR if is_near else Side.FAR


def _end_of(found: dict[str, str], end: str, *, refci: str) -> End:
    return End(
        refci=_id(found, refci),
        cluster_id=_id(found, f"{end}clusterid"),
        device=found.get(f"{end}device", "")[:MAX_TEXT],
        number=found.get(f"{end}addr", "")[:MAX_TEXT],
        guid=_id(found, f"{end}guid"),
    )


def _id(found: dict[str, str], name: str) -> str:
    value = found.get(name, "")
    return value if len(value) <= MAX_ID else ""


def _parameters(address: Address) -> dict[str, str]:
    """Return the first value of each name, names in lower case, values decoded."""
    found: dict[str, str] = {}
    for name, value in (*address.uri.parameters, *address.parameters)[:MAX_READ]:
        found.setdefault(name.lower(), _readable(unquote(value)))
    return found


def _readable(text: str) -> str:
    """Return a text without what no number or name holds: line ends, NUL, broken characters."""
    return "".join(filter(str.isprintable, text)).strip()
