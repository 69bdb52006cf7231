"""The steps of the guide."""

from enum import StrEnum


class StepName(StrEnum):
    """In the order in which a call needs them; the names stand in addresses."""

    PROTECT = "protect"
    CONNECT = "connect"
    PEOPLE = "people"
    CALL = "call"
