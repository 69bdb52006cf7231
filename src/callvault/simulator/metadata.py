"""What an SRC says about a call: rs-metadata of RFC 7865, complete, as a whole document.

Built with the standard library alone, so that the recorder's reader is tried on the work of a
hand that is not its own.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from xml.etree import ElementTree as ET

NAMESPACE = "urn:ietf:params:xml:ns:recording:1"
MEDIA_TYPE = "application/rs-metadata+xml"  # RFC 9806


@dataclass(frozen=True, slots=True)
class ToldParty:
    """A participant and its stream, as the metadata tells them."""

    participant_id: UUID
    stream_id: UUID
    aor: str
    name: str
    label: str  # the SDP's a=label of the stream that carries this party's voice


@dataclass(frozen=True, slots=True)
class ToldCall:
    """A communication session as the metadata tells it. The caller comes first."""

    group_id: UUID
    session_id: UUID
    sip_session_id: str
    started_at: datetime
    parties: tuple[ToldParty, ...]


def build(call: ToldCall, *, now: datetime, held: bool = False) -> bytes:
    """Return the document; on hold nobody sends."""
    root = ET.Element("recording", xmlns=NAMESPACE)
    _text(root, "datamode", "complete")
    group, session = _id(call.group_id), _id(call.session_id)
    ET.SubElement(root, "group", group_id=group)
    told = ET.SubElement(root, "session", session_id=session)
    _text(told, "sipSessionID", call.sip_session_id)
    _text(told, "group-ref", group)
    _text(told, "start-time", _time(call.started_at))
    for party in call.parties:
        _participant(root, party)
    for party in call.parties:
        stream = ET.SubElement(root, "stream", stream_id=_id(party.stream_id), session_id=session)
        _text(stream, "label", party.label)
    _associations(root, call, now=now, held=held)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _participant(root: ET.Element, party: ToldParty) -> None:
    told = ET.SubElement(root, "participant", participant_id=_id(party.participant_id))
    identity = ET.SubElement(told, "nameID", aor=party.aor)
    if party.name:
        name = ET.SubElement(identity, "name", {"xml:lang": "en"})
        name.text = party.name


def _associations(root: ET.Element, call: ToldCall, *, now: datetime, held: bool) -> None:
    """Say who belongs to the call, and who is heard on which stream."""
    started = _time(call.started_at)
    session = _id(call.session_id)
    recorded = ET.SubElement(root, "sessionrecordingassoc", session_id=session)
    _text(recorded, "associate-time", started)
    for party in call.parties:
        member = ET.SubElement(
            root,
            "participantsessionassoc",
            participant_id=_id(party.participant_id),
            session_id=session,
        )
        _text(member, "associate-time", started)
    for party in call.parties:
        heard = ET.SubElement(
            root, "participantstreamassoc", participant_id=_id(party.participant_id)
        )
        if not held:
            _heard(heard, party, call.parties)
        _text(heard, "associate-time", _time(now))


def _heard(association: ET.Element, party: ToldParty, parties: Sequence[ToldParty]) -> None:
    _text(association, "send", _id(party.stream_id))
    for other in parties:
        if other is not party:
            _text(association, "recv", _id(other.stream_id))


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _id(value: UUID) -> str:
    """Return an identifier as RFC 7865 writes it: base64 of the UUID's bytes."""
    return b64encode(value.bytes).decode("ascii")


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
