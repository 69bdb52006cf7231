"""What people ask of a call by phone, on its way from a recorder to the audit log.

It goes as an event of the node, so that it is on the recorder's disk at once and waits there while
the catalogue is away.
"""

from typing import Literal

import msgspec

KIND = "call_asked"
"""Of the event."""

Means = Literal["keypad", "pilot"]  # keys in a call to the recorder; a call to the live-keep pilot
Deed = Literal["pause", "resume", "start", "stop", "keep", "drop"]


class AskedByPhone(msgspec.Struct, frozen=True):
    """Values of the event. Texts, as all of them are."""

    deed: Deed
    means: Means
    owner: str  # user id of whose call it is, who asked
    username: str
    journal: str  # of the call; empty: nobody knows which call was meant
    trunk: str
    on_disk: Literal["yes", "no"] = "yes"

    def values(self) -> dict[str, str]:
        """Return them as an event has them."""
        return {name: str(value) for name, value in msgspec.structs.asdict(self).items()}


def read(values: dict[str, str]) -> AskedByPhone | None:
    """Return what the values of an event say; None: they are of another version."""
    try:
        return msgspec.convert(values, AskedByPhone)
    except msgspec.ValidationError:
        return None
