"""What somebody listens to."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Place:
    """A listener's place in a call."""

    listener: UUID
    call_id: UUID
    owner: UUID | None  # whose recording; None: the call is nobody's
    trunk: str
    node: str
