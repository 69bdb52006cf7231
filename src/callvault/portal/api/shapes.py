"""What the API takes and gives. Times are UTC (ISO 8601), ids random, unknown fields refused."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    IPvAnyAddress,
    PlainSerializer,
)

from callvault.portal.audit.models import Action
from callvault.portal.audit.objects import OBJECTS

LevelName = Literal["record_only", "base", "group_supervisor", "administrator"]
SourceName = Literal["hand", "csv", "ldap", "webex", "catch_all"]
Direction = Literal["in", "out", "dial_in"]
ModeName = Literal["", "always_on", "on_demand", "live_keep", "never"]


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("no NUL, and no halves of surrogate pairs")
    return text


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Text = Annotated[
    str, AfterValidator(_storable), Field(json_schema_extra={"pattern": r"^[^\x00]*$"})
]
Moment = Annotated[
    datetime,
    PlainSerializer(_written, return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]

NOT_SENT: Any = None
"""Default of a field that has no value until it is sent: null is none, and is refused."""

T = TypeVar("T")


class Taken(Schema):
    """What callers send: bounded, and nothing that is not named."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Page(Schema, Generic[T]):
    """A page of a list. `next` is the cursor of the following one; null: this is the last."""

    items: list[T]
    next: UUID | None


class RecordingOut(Schema):
    """A recording, as far as the caller may know of it."""

    id: UUID
    interaction_id: UUID
    direction: Direction
    owner_id: UUID | None = Field(description="Null once the person is deleted.")
    owner_name: str
    owner_extension: str
    owner_group: str
    local_number: str
    remote_number: str = Field(description="In the normal form of the numbering plan.")
    remote_dialled: str = Field(description="The same as the phone system wrote it.")
    remote_name: str
    started_at: Moment
    ended_at: Moment
    duration_ms: int
    size_bytes: int = Field(description="Of the MP3.")
    trunk: str
    flags: list[str]
    is_preserved: bool
    preserved_at: Moment | None
    preserved_by: str
    may: list[str] = Field(description="What the caller may do with it now.")


class NoteOut(Schema):
    """A note on a recording."""

    id: UUID
    author: str
    text: str
    at_ms: int | None
    written_at: Moment
    edited_at: Moment | None
    edited_by: str
    version: int = Field(description="Send it back to change or delete what you read.")


class OwnerIn(Taken):
    """To whom a recording is to belong."""

    owner_id: UUID = Field(description="Id of a person.")


class NoteIn(Taken):
    """A new note."""

    text: Text = Field(min_length=1, max_length=4000)
    at_ms: int | None = Field(None, ge=0, le=2**53, description="From the recording's start.")


class NoteChange(Taken):
    """Another text for a note."""

    text: Text = Field(min_length=1, max_length=4000)
    version: int = Field(ge=1, le=2**31 - 1)


class RecordingQuery(Taken):
    """What a list of recordings is filtered by; as in the portal."""

    q: Text = Field("", max_length=100, description="Number or name.")
    first: date | None = Field(None, description="First day, in the system's time zone.")
    last: date | None = Field(None, description="Last day.")
    since: AwareDatetime | None = Field(None, description="Started at or after.")
    until: AwareDatetime | None = Field(None, description="Started before.")
    direction: list[Direction] = Field([], max_length=3)
    group: list[Text] = Field([], max_length=50, description="'-': of people without a group.")
    owner: UUID | None = None
    over_s: int | None = Field(None, ge=0, le=604_800)
    under_s: int | None = Field(None, ge=0, le=604_800)
    note: Text = Field("", max_length=100, description="Words in the text of a note.")
    preserved: bool | None = Field(None, description="Only those preserved, or only the others.")
    sort: Literal["start", "-start", "duration", "-duration"] = "-start"
    limit: int = Field(50, ge=1, le=100)
    after: UUID | None = Field(None, description="`next` of the page before.")


class PersonOut(Schema):
    """A person."""

    id: UUID
    username: str
    first_name: str
    last_name: str
    email: str
    extension: str
    alias: str
    pbx_username: str
    numeric_user_id: str = Field(description="Digits behind the recording pilot, theirs alone.")
    numeric_partition_id: str = Field(description="Likewise, the same for all of a partition.")
    department: str
    group: str
    additional_groups: list[str]
    mode: ModeName = Field(description="Empty: as the recording group or the trunk says.")
    level: LevelName
    is_active: bool
    source: SourceName = Field(description="Where the person comes from.")
    created_at: Moment


class PersonChange(Taken):
    """Fields of a person to change; those left out stay, null empties."""

    username: Text | None = Field(None, min_length=1, max_length=150)
    first_name: Text | None = Field(None, max_length=150)
    last_name: Text | None = Field(None, max_length=150)
    email: Text | None = Field(None, max_length=254)
    extension: Text | None = Field(None, max_length=32)
    alias: Text | None = Field(None, max_length=32)
    pbx_username: Text | None = Field(None, max_length=254)
    numeric_user_id: Text | None = Field(None, max_length=16)
    numeric_partition_id: Text | None = Field(None, max_length=16)
    department: Text | None = Field(None, max_length=150)
    group: Text | None = Field(None, max_length=100)
    additional_groups: list[Text] | None = Field(None, max_length=50)
    mode: ModeName = Field(NOT_SENT)
    level: LevelName = Field(NOT_SENT)
    is_active: bool = Field(NOT_SENT)


class PersonIn(PersonChange):
    """A new person. Without a password: an administrator gives one in the portal."""

    username: Text = Field(min_length=1, max_length=150)


class PersonQuery(Taken):
    """What a list of people is filtered by."""

    q: Text = Field("", max_length=100, description="Name, number or group.")
    active: bool | None = None
    level: LevelName | None = None
    group: Text = Field("", max_length=100, description="'-': people without a group.")
    source: SourceName | None = Field(None, description="Where they come from.")
    limit: int = Field(50, ge=1, le=100)
    after: UUID | None = Field(None, description="`next` of the page before.")


class AuditOut(Schema):
    """An entry of the audit log."""

    sequence: int = Field(description="Its place in the chain, from 1, without gaps.")
    digest: str = Field(description="SHA-256 of the chain up to here, hex.")
    at: Moment
    actor: str = Field(description="User name, as it was; empty: nobody, or Callvault itself.")
    address: str | None
    action: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]


class AuditPage(Schema):
    """Entries, and the place behind which to ask next."""

    items: list[AuditOut]
    next: int


class AuditQuery(Taken):
    """Where to go on."""

    after: int = Field(0, ge=0, le=2**63 - 1, description="`next` of the answer before.")
    limit: int = Field(100, ge=1, le=1000)


class AuditExportQuery(Taken):
    """What is exported; as on the page *Audit log*."""

    format: Literal["jsonl", "csv"] = "jsonl"
    q: Text = Field("", max_length=100, description="Text or number.")
    action: Action | None = None
    person: UUID | Literal["-"] | None = Field(None, description="'-': of nobody.")
    first: date | None = Field(None, description="First day.")
    last: date | None = Field(None, description="Last day.")
    kind: Text = Field(
        "", description="Kind of object.", json_schema_extra={"enum": ["", *sorted(OBJECTS)]}
    )
    object: Text = Field("", max_length=64, description="Number of a recording, or an id.")
    address: IPvAnyAddress | None = None


class MeOut(Schema):
    """The caller."""

    person: PersonOut
    scopes: list[str] | None = Field(description="Of the token; null for a session.")
    expires_at: Moment | None = Field(description="When the token ends.")


class ProblemOut(Schema):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    errors: list[dict[str, Any]] = Field([])
