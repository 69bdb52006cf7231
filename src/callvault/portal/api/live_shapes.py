"""What the API takes and gives of calls in progress."""

from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from callvault.monitoring.live_calls import LONGEST_DETAIL

from .shapes import Direction, Moment, Taken, Text


class LiveCallOut(Schema):
    """A call in progress, as far as the caller may know of it."""

    id: UUID = Field(description="Another one after a restart of the recorder.")
    node: str = Field(description="Name of the node that records it.")
    trunk: str
    answered_at: Moment
    owner_id: UUID | None = Field(description="Null: it is nobody's call, as far as is known.")
    owner_name: str
    owner_extension: str
    owner_group: str
    direction: Direction | None
    remote_number: str
    remote_name: str
    mode: str = Field(description="Recording mode of the owner's call; empty: it has none.")
    mark: Literal["", "kept", "dropped"] = Field(
        description="In live-keep mode: what somebody marked it as; empty: nobody did."
    )
    state: Literal["recording", "held", "paused", "not_started", "not_kept"] = Field(
        description="held: in memory alone, until it is known whether it may be kept; "
        "not_started: on demand, and nobody started it."
    )
    paused_by: str = Field(description="Empty: nobody asked for it.")
    paused_at: Moment | None
    level_dbfs: float | None = Field(
        description="Loudest of the last seconds; null: not known, as in a pause."
    )
    remote_level_dbfs: float | None


class EndedCallOut(Schema):
    """A call in live-keep mode that is over and may still be marked."""

    id: UUID = Field(description="As it had in progress.")
    node: str
    trunk: str
    answered_at: Moment
    ended_at: Moment
    marks_until: Moment
    owner_id: UUID
    owner_name: str
    owner_extension: str
    owner_group: str
    direction: Direction
    remote_number: str
    remote_name: str
    mark: Literal["", "kept", "dropped"]
    kept_unmarked: bool = Field(description="What becomes of it if nobody marks it.")


class ControlIn(Taken):
    """Why something is done with a recording."""

    reason: Annotated[Text, Field(max_length=LONGEST_DETAIL)] = ""
