"""Calls that strain the pages: long names, many parts and people, each quality mark. Pure."""

from collections.abc import Iterator

import msgspec

from callvault.finalise.catalogue import (
    ParticipantSpan,
    PhoneSystemDetail,
    RecordingFacts,
    TimelineItem,
)
from tools.demo_portal import cast

LONG_NAMED = cast.DemoUser(
    "maximiliane.von.hohenstein",
    "Maximiliane-Alexandra",
    "von Hohenstein-Albrecht",
    "20990001",
    "Private household insurance claims, north",
)
MOST_PARTS, MOST_PEOPLE, MOST_VALUES = 12, 20, 200
LENGTH_S = 40
WALKED = "+15550120"  # remote party of an interaction of many parts
SPOILT = "+15550121"  # remote party of a call that everything happened to
TRUNK = {
    "name": "Session border controllers of the south-east",
    "peers": [f"2001:db8:{number:x}:aaaa:bbbb::/80" for number in range(4096, 4104)],
    "media_networks": [],
    "transports": ["udp", "tcp", "tls"],
    "tls_names": ["very-long-name-of-a-controller.voice.south-east.northgate.example"],
    "srtp": "required",
    "swap_channels": True,
}


def calls() -> Iterator[cast.DemoCall]:
    """Yield them, the oldest last."""
    long_name = "Northgate Mutual Household Insurance Ltd"
    yield cast.DemoCall("10:30:00", LONG_NAMED.username, "in", SPOILT, "0:40", "spoilt", long_name)
    for part in reversed(range(MOST_PARTS)):
        who = (LONG_NAMED, *cast.USERS)[part % 5].username
        yield cast.DemoCall(f"10:{part:02}:05", who, "in", WALKED, "0:40", remote_name=long_name)


def strain(call: cast.DemoCall, facts: RecordingFacts) -> RecordingFacts:
    """Return the facts of one of `calls` as far as they differ from those of a calm call."""
    if call.remote == WALKED:
        return _with_many_people(facts)
    assignment = msgspec.structs.replace(
        facts.assignment, confidence="low", direction_confidence="low"
    )
    flags = ("undecrypted", "undecodable", "no_media", "sources", "loss")
    owner = msgspec.structs.replace(facts.quality.owner, undecrypted_packets=160, lost=90)
    quality = msgspec.structs.replace(facts.quality, owner=owner, flags=flags)
    return msgspec.structs.replace(
        facts,
        assignment=assignment,
        quality=quality,
        timeline=tuple(_everything(LONG_NAMED.full_name)),
        phone_system=facts.phone_system + tuple(_values()),
    )


def _with_many_people(facts: RecordingFacts) -> RecordingFacts:
    joined = (
        ParticipantSpan(f"Guest {number}", f"+1555016{number}", 1000 * number, 38_000)
        for number in range(10, 8 + MOST_PEOPLE)
    )
    return msgspec.structs.replace(facts, participants=(*facts.participants, *joined))


def _values() -> Iterator[PhoneSystemDetail]:
    for number in range(MOST_VALUES):
        name = f"vendorExtensionHeader/aRatherLongVendorElementName{number}"
        yield PhoneSystemDetail("", name, f"{number:04}-" + "a1b2c3d4" * (1 + number % 9))


def _everything(who: str) -> Iterator[TimelineItem]:
    yield TimelineItem(0, "answered", who=who)
    yield TimelineItem(1_000, "keys_in_clear", detail="udp")
    yield TimelineItem(2_000, "no_media", channel="remote")
    yield TimelineItem(5_000, "media_came", channel="remote")
    yield TimelineItem(7_000, "held", length_ms=300, who=who)
    yield TimelineItem(7_300, "resumed", who=who)
    yield TimelineItem(9_000, "key_wrong", channel="owner")
    yield TimelineItem(12_000, "key_right", channel="owner")
    yield TimelineItem(14_000, "paused", length_ms=6_000, detail="recording_client")
    yield TimelineItem(20_000, "unpaused", detail="recording_client")
    for number in range(3):
        yield TimelineItem(22_000 + number * 400, "digit")
    yield TimelineItem(30_000, "lost", length_ms=90, channel="owner")
    yield TimelineItem(33_000, "answer_missing")
    yield TimelineItem(LENGTH_S * 1000, "ended", detail="srtp_required")


def conversation_of(call: cast.DemoCall) -> str:
    """Return what tells its interaction from others."""
    return "walked" if call.remote == WALKED else call.at
