"""What the API takes and gives of global settings. What is not sent stays as it is.

Fields of changes have no value until they are sent: null is none, and is refused.
"""

from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

from callvault.policy.filters import Directions, Traffic
from callvault.policy.pattern import MOST_PATTERNS

from .filter_shapes import Pattern, Prefix
from .shapes import NOT_SENT, Taken, Text

LowestLevelName = Literal["simple_users", "group_supervisors", "administrators", "nobody_may"]
SecondFactor = Literal["nobody", "administrators", "supervisors", "everyone"]
Version = Annotated[int, Field(ge=0, le=2**31 - 1, description="As it was read: 409 if stale.")]
Stamp = Annotated[
    str, Field(pattern=r"^[0-9a-f]{16}$", description="As it was read: 409 if stale.")
]


class SystemOut(Schema):
    """What holds for the whole system."""

    zone: str = Field(description="IANA time zone of pages, file names and day folders.")
    country_code: str = Field(description="Digits; empty: none is set.")
    show_digits: bool = Field(description="Whether pages say which keys were pressed.")
    version: str


class SystemChange(Taken):
    """Values to change."""

    zone: Text = Field(NOT_SENT, max_length=64, examples=["Europe/Rome"])
    country_code: Text = Field(NOT_SENT, max_length=4, examples=["39"])
    show_digits: bool = Field(NOT_SENT)
    version: Stamp


class PermissionsOut(Schema):
    """From which level on people may download and delete, on what they see."""

    download: LowestLevelName
    delete: LowestLevelName = Field(description="nobody_may: for ever.")
    version: str


class PermissionsChange(Taken):
    """Levels to change."""

    download: LowestLevelName = Field(NOT_SENT)
    delete: LowestLevelName = Field(NOT_SENT)
    phrase: Text = Field(
        "", max_length=100, description="Nobody may ever delete: to be typed for just that."
    )
    version: Stamp


class RulesOut(Schema):
    """Rules of a filter."""

    directions: Directions
    traffic: Traffic
    black_list: list[str]
    version: int


class RulesChange(Taken):
    """Rules to change."""

    directions: Directions = Field(NOT_SENT)
    traffic: Traffic = Field(NOT_SENT)
    black_list: list[Pattern] = Field(NOT_SENT, max_length=MOST_PATTERNS)
    version: Version


class OverrideOut(RulesOut):
    """Rules of a group or a person, which replace the system's for them."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    group: str = Field(description="Empty: a person's.")
    username: str = Field(description="Empty: a group's.")


class OverrideIn(Taken):
    """Rules for a group or a person: one of the two. What is left out is as the system's."""

    group: Text = Field("", max_length=100)
    username: Text = Field("", max_length=150)
    directions: Directions = Field(NOT_SENT)
    traffic: Traffic = Field(NOT_SENT)
    black_list: list[Pattern] = Field(NOT_SENT, max_length=MOST_PATTERNS)


class NumberingPlanOut(Schema):
    """How numbers are written here. The country code is among what holds for the system."""

    international_prefixes: list[str]
    national_prefix: str
    outgoing_prefixes: list[str]
    incoming_prefixes: list[str]
    internal_patterns: list[str]
    version: int


class NumberingPlanChange(Taken):
    """Values to change."""

    international_prefixes: list[Prefix] = Field(NOT_SENT, max_length=20)
    national_prefix: str = Field(NOT_SENT, pattern=r"^[0-9*#]{0,8}$")
    outgoing_prefixes: list[Prefix] = Field(NOT_SENT, max_length=20)
    incoming_prefixes: list[Prefix] = Field(NOT_SENT, max_length=20)
    internal_patterns: list[Pattern] = Field(NOT_SENT, max_length=MOST_PATTERNS)
    version: Version


class PilotsOut(Schema):
    """Numbers under which the recorder itself is called; empty ones are not set."""

    recording_prefix: str
    live_keep_prefix: str
    automated_prefix: str
    dial_in: list[str]
    announcement: str
    beep_every_s: int = Field(description="0: no tone.")
    keys_on: bool = Field(description="Whether keys lead calls to dial-in numbers.")
    key_start: str = Field(description="Empty, as of each key: the command has none.")
    key_stop: str
    key_pause: str
    key_resume: str
    key_keep: str
    key_drop: str
    end_silence_s: int = Field(description="Without audio; 0: as other calls.")
    end_without_speech_min: int = Field(description="0: never.")
    version: int


class PilotsChange(Taken):
    """Numbers to change."""

    recording_prefix: Text = Field(NOT_SENT, max_length=24)
    live_keep_prefix: Text = Field(NOT_SENT, max_length=24)
    automated_prefix: Text = Field(NOT_SENT, max_length=24)
    dial_in: list[Text] = Field(NOT_SENT, max_length=50)
    announcement: Literal["", "en", "it", "fr", "own"] = Field(
        NOT_SENT, description="own: a sound that was uploaded on the page."
    )
    beep_every_s: int = Field(NOT_SENT, ge=0, le=3600)
    keys_on: bool = Field(NOT_SENT)
    key_start: Text = Field(NOT_SENT, max_length=6)
    key_stop: Text = Field(NOT_SENT, max_length=6)
    key_pause: Text = Field(NOT_SENT, max_length=6)
    key_resume: Text = Field(NOT_SENT, max_length=6)
    key_keep: Text = Field(NOT_SENT, max_length=6)
    key_drop: Text = Field(NOT_SENT, max_length=6)
    end_silence_s: int = Field(NOT_SENT, ge=0, le=3600)
    end_without_speech_min: int = Field(NOT_SENT, ge=0, le=240)
    version: Version


class CapacityOut(Schema):
    """How much is recorded at most, and who owns what is nobody's."""

    model: Literal["unlimited", "users", "channels"]
    most_users: int | None
    most_channels: int | None
    keeps: bool = Field(description="Whether recordings without assignee are kept.")
    catch_all: str = Field(description="User name of their owner; empty: there is none.")
    version: int


class CapacityChange(Taken):
    """Limits to change."""

    model: Literal["unlimited", "users", "channels"] = Field(NOT_SENT)
    most_users: int | None = Field(None, ge=1, le=1_000_000)
    most_channels: int | None = Field(None, ge=1, le=1_000_000)
    keeps: bool = Field(NOT_SENT)
    catch_all_username: Text = Field(
        "", max_length=150, description="Of the catch-all user, until there is one."
    )
    catch_all_name: Text = Field("", max_length=150)
    version: Version


class MailOut(Schema):
    """The server that mail goes through."""

    is_set_up: bool
    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    checks_certificate: bool
    username: str
    has_password: bool
    sender_name: str
    sender_address: str
    portal_url: str
    timeout_s: int
    version: str


class MailChange(Taken):
    """Values to change; a server that is not set up needs host, sender and portal."""

    host: Text = Field(NOT_SENT, max_length=253)
    port: int = Field(NOT_SENT, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = Field(NOT_SENT)
    checks_certificate: bool = Field(NOT_SENT)
    username: Text = Field(NOT_SENT, max_length=254)
    password: Text = Field("", max_length=256, description="Empty: stays. Never given back.")
    sender_name: Text = Field(NOT_SENT, max_length=100)
    sender_address: Text = Field(NOT_SENT, max_length=254)
    portal_url: Text = Field(NOT_SENT, max_length=300)
    timeout_s: int = Field(NOT_SENT, ge=2, le=60)
    version: Stamp


class MailTestIn(Taken):
    """Where a test mail goes."""

    to: Text = Field(min_length=3, max_length=254, examples=["rita@example.com"])


class MailTested(Schema):
    """How it went."""

    was_taken: bool = Field(description="By the server; whether it arrives, see there.")
    title: str = Field(description="In the caller's language, as is `text`.")
    text: str
    said: str = Field(description="The server's own words.")


class RecordingMailOut(Schema):
    """What holds for mail to owners about their recordings."""

    sender_name: str = Field(description="Empty: the one of the mail server's settings.")
    limit_mb: int | None = Field(description="Largest attachment; null: no limit is set.")
    version: int


class RecordingMailChange(Taken):
    """Values to change."""

    sender_name: Text = Field(NOT_SENT, max_length=100)
    limit_mb: int | None = Field(None, ge=1, le=100, description="Null: none is set.")
    version: Version


class SignInOut(Schema):
    """Rules of passwords, second factors, sessions and lock-out."""

    min_length: int
    history: int
    max_age_days: int
    second_factor: SecondFactor
    session_hours: int
    idle_minutes: int
    lock_attempts: int
    lock_minutes: int
    version: str


class SignInChange(Taken):
    """Rules to change."""

    min_length: int = Field(NOT_SENT, ge=8, le=64)
    history: int = Field(NOT_SENT, ge=0, le=24)
    max_age_days: int = Field(NOT_SENT, ge=0, le=730)
    second_factor: SecondFactor = Field(NOT_SENT)
    session_hours: int = Field(NOT_SENT, ge=1, le=24)
    idle_minutes: int = Field(NOT_SENT, ge=5, le=1440)
    lock_attempts: int = Field(NOT_SENT, ge=3, le=20)
    lock_minutes: int = Field(NOT_SENT, ge=1, le=1440)
    version: Stamp
