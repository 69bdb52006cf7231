"""What a journal says besides packets: its header and the events of the dialog.

Each entry is one sealed block of JSON (docs/formats/journal.md). Entries are facts in the order
in which they happened; `at_ns` is UTC nanoseconds. Readers skip event types they do not know,
so that an older worker can finish a newer recorder's journal.
"""

from typing import Literal
from uuid import UUID

import msgspec

from callvault.policy.decision import Decision, Verdict
from callvault.spool.readable import readable_inside
from callvault.srtp import Context


class TrunkRef(msgspec.Struct, frozen=True):
    """The trunk that a call came by, as it was called then."""

    trunk_id: UUID
    name: str


class JournalHeader(msgspec.Struct, frozen=True):
    """First block of each journal: whose it is."""

    journal_id: UUID
    purpose: Literal["dialog", "node_events"]
    node: str
    opened_at_ns: int
    trunk: TrunkRef | None = None
    call_id: str = ""  # SIP Call-ID
    peer: str = ""  # "192.0.2.14:5060"
    transport: str = ""  # udp, tcp, tls
    continues: UUID | None = None  # the journal of the same dialog that a restart cut off
    device_zone: str = "UTC"  # of times that the peer's metadata give without a zone
    rest_of: UUID | None = None  # the first journal of a call that goes on here
    twin_of: UUID | None = None  # the journal that has the call's other voice, and began before


class PayloadFormat(msgspec.Struct, frozen=True):
    """What one RTP payload type means on one stream (SDP rtpmap and fmtp)."""

    payload_type: int
    encoding: str  # upper case: PCMU, G722, TELEPHONE-EVENT
    clock_rate_hz: int
    channels: int = 1
    parameters: str = ""  # fmtp, as received


class StreamDescription(msgspec.Struct, frozen=True):
    """One m-line of the recording session as negotiated."""

    index: int  # its place in the SDP, the same for the whole dialog
    label: str
    media: str  # audio, video, …
    formats: tuple[PayloadFormat, ...]
    active: bool  # False: inactive, held or refused
    port: int = 0  # ours; 0: refused
    srtp: str = ""  # the crypto suite; empty: plain RTP. Its keys are in MediaKeys
    offered: str = ""  # the peer's direction: sendonly, inactive, …; recvonly is a wrong setting
    record: str = ""  # on, off, paused: what the recorded are told (RFC 7866, section 9.1)
    record_preference: str = ""  # on, off, pause, nopreference: what they wish (section 9.2)
    rtcp_mux: bool = False  # RTCP comes to the port of RTP (RFC 5761)
    profile: str = ""  # of the peer's line, or of our offer until it answers: RTP/AVP, RTP/SAVP, …


class SignallingSeen(msgspec.Struct, frozen=True, tag="signalling"):
    """One SIP message, raw, in either direction."""

    at_ns: int
    sent: bool
    raw: bytes


class MetadataSeen(msgspec.Struct, frozen=True, tag="metadata"):
    """rs-metadata as received, kept with the recording."""

    at_ns: int
    media_type: str
    raw: bytes
    problem: str = ""  # why it could not be read whole; empty: it could


class StreamsChanged(msgspec.Struct, frozen=True, tag="streams"):
    """The streams after an offer was answered: all of them, changed or not."""

    at_ns: int
    streams: tuple[StreamDescription, ...]


class StreamKeys(msgspec.Struct, frozen=True):
    """What opens the SRTP of one stream."""

    index: int
    context: Context


class MediaKeys(msgspec.Struct, frozen=True, tag="media_keys"):
    """The keys of all streams that are sealed, from now on; the others are plain RTP.

    Only a sealed journal ever holds it: it goes into no transcript, sidecar or catalogue.
    """

    at_ns: int
    streams: tuple[StreamKeys, ...]


class TimelineEvent(msgspec.Struct, frozen=True, tag="timeline"):
    """Something that people look for on a recording's timeline.

    Kinds: answered, held, resumed (the call); paused, unpaused (the recording); started, stopped
    (on demand); kept, dropped (live keep); party_joined, party_left, transferred, ended;
    keys_in_clear (keys of SRTP came by a transport, `detail`, that anybody on the way can read);
    announced (the caller was told to the end that the call is recorded);
    key_wrong, key_right (whether the keys open what comes);
    no_media, media_came (nothing had come on a line 5 s after it was to; now it has); and sources,
    as a stream ends: so many packets (`detail`) were dropped since too many senders spoke at a
    time. `who` is a name or number; `detail` a reason.
    `streams` are the indexes concerned; empty: all.
    """

    at_ns: int
    kind: str
    who: str = ""
    detail: str = ""
    streams: tuple[int, ...] = ()


class Decided(msgspec.Struct, frozen=True, tag="decided"):
    """Policy judged the call, at the INVITE or again when more was known."""

    at_ns: int
    decision: Decision


class DialogEnded(msgspec.Struct, frozen=True, tag="ended"):
    """The last event of a dialog. A journal without it was cut off."""

    at_ns: int
    # bye, cancelled, session_timeout, ack_timeout, media_timeout, no_speech, srtp_required,
    # srtp_unusable, drained, shutdown
    reason: str
    by_us: bool = False


class CallVerdict(msgspec.Struct, frozen=True, tag="verdict"):
    """In the node's event journal: a call that left no journal of its own."""

    at_ns: int
    event_id: UUID
    verdict: Verdict
    decision: Decision
    trunk: TrunkRef | None
    peer: str
    call_id: str
    caller: str  # number or address in From
    callee: str  # in To
    sip_status: int = 0


class PeerAttempt(msgspec.Struct, frozen=True, tag="attempt"):
    """In the node's event journal: a source that no trunk allows sent us something."""

    at_ns: int
    event_id: UUID
    peer_address: str  # without port
    peer_port: int
    transport: str
    method: str
    request_uri: str
    user_agent: str = ""
    count: int = 1  # how many since the last report of this peer


class NodeEvent(msgspec.Struct, frozen=True, tag="node"):
    """In the node's event journal: what operators must know (started, stopped, buffer_small…)."""

    at_ns: int
    event_id: UUID
    kind: str
    severity: Literal["info", "warning", "error"] = "info"
    values: dict[str, str] = {}


Event = (
    SignallingSeen
    | MetadataSeen
    | StreamsChanged
    | MediaKeys
    | TimelineEvent
    | Decided
    | DialogEnded
    | CallVerdict
    | PeerAttempt
    | NodeEvent
)


def encode_entry(entry: Event | JournalHeader) -> bytes:
    """Return an entry as a journal holds it; text that is no Unicode is made readable."""
    try:
        encoded = msgspec.json.encode(entry)
    except UnicodeEncodeError:
        encoded = b"\\u0000"
    # An escaped NUL may also be a backslash before "u0000": then this costs a moment, no more.
    if b"\\u0000" in encoded:
        return msgspec.json.encode(readable_inside(msgspec.to_builtins(entry)))
    return encoded
