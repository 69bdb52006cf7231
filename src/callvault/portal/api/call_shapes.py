"""What the API takes and gives of calls: verdicts, and the steps that led to them."""

from datetime import date
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from callvault.policy.decision import Outcome, Verdict

from .shapes import Moment, Taken, Text


class StepOut(Schema):
    """One rule that was asked."""

    code: str = Field(description="For programs; new ones may be added.")
    outcome: Outcome = Field(description="stopped: this step decided.")
    values: dict[str, str]
    title: str = Field(description="In the caller's language, as is `text`.")
    text: str


class CallOut(Schema):
    """A call that reached Callvault, and its one verdict."""

    id: UUID
    at: Moment = Field(description="When it reached us.")
    verdict: Verdict
    verdict_title: str = Field(description="In the caller's language.")
    reason: str = Field(description="What decided, in the caller's language.")
    caller: str
    callee: str
    trunk: str = Field(description="As it was called then.")
    node: str
    peer: str
    duration_ms: int
    sip_status: int = Field(description="Of a refused call; else 0.")
    sip_call_id: str
    recording_ids: list[UUID] = Field(description="Those that the caller may see.")


class CallDetailOut(CallOut):
    """A call with the steps that led to its verdict, in order of evaluation."""

    steps: list[StepOut]
    policy_revision: int = Field(description="Of the settings by which it was judged; 0: none.")


class CallQuery(Taken):
    """What a list of calls is filtered by; as in the portal."""

    verdict: list[Verdict] = Field([], max_length=len(Verdict))
    q: Text = Field("", max_length=100, description="Number or address of either party.")
    first: date | None = Field(None, description="First day, in the system's time zone.")
    last: date | None = Field(None, description="Last day.")
    since: AwareDatetime | None = Field(None, description="Reached us at or after.")
    until: AwareDatetime | None = Field(None, description="Reached us before.")
    trunk: Text = Field("", max_length=64, description="Its name, whole.")
    username: Text = Field("", max_length=150, description="Of a user whose call it was.")
    sort: Literal["at", "-at"] = "-at"
    limit: int = Field(50, ge=1, le=100)
    after: UUID | None = Field(None, description="`next` of the page before.")
