"""How much is recorded at most, as the system's capacity model says (CAP-8)."""

from enum import StrEnum

import msgspec


class CapacityModel(StrEnum):
    """What is limited: nothing, who is recorded, or how many recordings are made at a time."""

    UNLIMITED = "unlimited"
    USERS = "users"
    CHANNELS = "channels"


class CapacityRules(msgspec.Struct, frozen=True):
    """The model in force, and its number."""

    model: CapacityModel = CapacityModel.UNLIMITED
    most: int = 0  # enabled users, or recordings at a time; of no meaning if unlimited

    @property
    def most_channels(self) -> int | None:
        """Recordings at a time; None: as many as there are."""
        return self.most if self.model is CapacityModel.CHANNELS else None
