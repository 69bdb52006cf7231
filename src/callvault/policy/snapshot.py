"""What the recorder must know to judge a call: immutable, whole, and kept on disk.

The portal builds a snapshot from the catalogue; the recorder swaps the old for the new one
within two seconds of a change and keeps it in a file, so that it can start without a database.
Nothing here decides: the rules that read a snapshot stand in the other files of this folder.
"""

from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from callvault.policy.capacity import CapacityRules
from callvault.policy.dial_in_rules import DialInRules
from callvault.policy.filters import Filters
from callvault.policy.modes import Modes
from callvault.policy.modes import RecordingMode as RecordingMode
from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.ordered import Order
from callvault.policy.pilots import Pilots
from callvault.policy.prompts import OwnSounds, Prompts


class SrtpPolicy(StrEnum):
    """What becomes of encrypted audio that an SRC offers, and of audio that it offers in clear."""

    REFUSED = "refused"  # lines under RTP/SAVP are refused
    OPTIONAL = "optional"  # taken as offered
    REQUIRED = "required"  # lines in clear are refused


DIGEST_REALM = "callvault"
"""Realm of every digest challenge (RFC 7616): the hashes in the catalogue are made with it."""


class Person(msgspec.Struct, frozen=True):
    """A user whose calls may be recorded. Numbers are strings, as dialled."""

    user_id: UUID
    username: str
    full_name: str
    extension: str
    alias: str = ""  # first extension alias, the DID
    pbx_username: str = ""
    group: str = ""
    active: bool = True
    numeric_user_id: str = ""  # digits dialled behind the prefix of a recording pilot (IDENT-2)
    numeric_partition_id: str = ""  # likewise, shared by all of a partition (IDENT-3)
    mode: RecordingMode | None = None  # None: as the group, the pilot or the trunk says (MODE-1)


class Trunk(msgspec.Struct, frozen=True):
    """A named peer that may send us calls (CAP-9)."""

    trunk_id: UUID
    name: str
    peers: tuple[str, ...]  # addresses or networks, IPv4 or IPv6: "192.0.2.14", "2001:db8::/32"
    transports: tuple[Literal["udp", "tcp", "tls"], ...] = ("udp", "tcp")
    media_networks: tuple[str, ...] = ()  # where RTP may come from; empty: anywhere
    mode: RecordingMode = RecordingMode.ALWAYS_ON
    swap_channels: bool = False
    srtp: SrtpPolicy = SrtpPolicy.OPTIONAL
    strict_siprec: bool = False  # refuse what lacks `Require: siprec` or `+sip.src` (RFC 7866)
    device_zone: str = "UTC"  # zone of times that the device sends without one
    tls_names: tuple[str, ...] = ()  # of client certificates: "sbc.example.com", "*.example.com"
    digest_user: str = ""  # empty: nobody is asked for a password
    digest_realm: str = DIGEST_REALM
    # Hex of H(user:realm:password), RFC 7616, section 3.4.2: as good as the password, never logged.
    digest_ha1_md5: str = ""
    digest_ha1_sha256: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """Policy at one moment. `revision` grows with each change; 0 is the empty first one."""

    revision: int = 0
    people: tuple[Person, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    zone: str = "UTC"  # the system's time zone
    country_code: str = ""  # digits, for numbers dialled in national form; empty: none assumed
    plan: NumberingPlan = NumberingPlan()
    filters: Filters = Filters()
    pilots: Pilots = Pilots()
    modes: Modes = Modes()
    prompts: Prompts = Prompts()
    dial_in: DialInRules = DialInRules()
    sounds: OwnSounds = OwnSounds()
    orders: tuple[Order, ...] = ()  # recordings ordered of automated dial-in
    capacity: CapacityRules = CapacityRules()
    catch_all: UUID | None = None  # who owns what is nobody's; among `people`, inactive (IDENT-4)


def encode(snapshot: Snapshot) -> bytes:
    """Return the snapshot as JSON, for the file beside the spool."""
    return msgspec.json.encode(snapshot)


def decode(text: bytes) -> Snapshot:
    """Read what `encode` wrote. Raises msgspec.ValidationError if it is not a snapshot."""
    return msgspec.json.decode(text, type=Snapshot)
