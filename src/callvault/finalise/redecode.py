"""Makes the sound of a recording anew from its kept packets, once they can be decoded (CAP-5).

Parties, times and timeline stay as they were listed. Order, always: the new audio durable, the new
waveform durable, the new sidecar, then the catalogue; a run that died in between is done again,
since the catalogue still says that something was not decoded. Packets and transcript stay.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

import msgspec

from callvault.config.sections import FinaliseConfig
from callvault.errors import SealBroken
from callvault.finalise import quality, recording
from callvault.finalise.catalogue import RecordingFacts, object_facts
from callvault.finalise.evidence import merged, read_packets, read_transcript
from callvault.finalise.plan import SIDES, RecordingPlan, plan
from callvault.finalise.reading import Item, Piece, read_pieces
from callvault.finalise.survey import CallSurvey, survey
from callvault.finalise.window import window_of
from callvault.spool.entries import Event, JournalHeader
from callvault.vault import Keyring, ObjectKind, RecordingObjects, SealedReader

LARGEST_TRANSCRIPT_BYTES = 268_435_456
_OF_CAPTURE = ("sources", "restart", "cut_off", "damaged")  # flags that decoding does not change


class DecodeOutcome(StrEnum):
    """What became of a recording."""

    DECODED = "decoded"
    NOTHING_NEW = "still not decodable"
    LOCKED = "encrypted by its sender"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a recording, and its new facts if there are any."""

    outcome: DecodeOutcome
    facts: RecordingFacts | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was sealed beside a recording, open."""

    header: JournalHeader
    events: list[Event]
    raw: SealedReader

    def items(self, ports: Mapping[int, int]) -> Iterator[Item]:
        """Read it as the journal was read."""
        blocks = merged(self.events, read_packets(self.raw, ports))
        return read_pieces([Piece(self.header.opened_at_ns, blocks)])


def decode_again(
    recording_id: UUID, objects: RecordingObjects, keyring: Keyring, config: FinaliseConfig
) -> Decoded:
    """Decode a recording's packets with the decoders of this machine, and seal the sound.

    Raises KeyUnavailable, ObjectMissing, SealBroken or VaultError; then nothing was replaced that
    another run would not replace again.
    """
    sidecar = objects.read_sidecar(recording_id, keyring)
    before = msgspec.json.decode(sidecar, type=RecordingFacts)
    sides = (before.quality.owner, before.quality.remote)
    if any(one.undecrypted_packets for one in sides):
        return Decoded(DecodeOutcome.LOCKED)
    with _kept(recording_id, objects, keyring) as kept:
        ports = _ports(kept.events)
        found = survey(kept.items(ports), g726_is_aal2=config.g726_is_aal2)
        planned = _planned(before, found, kept.header)
        left = sum(planned.undecodable(side) for side in SIDES)
        if left >= sum(one.undecodable_packets for one in sides):
            return Decoded(DecodeOutcome.NOTHING_NEW)
        resealer = objects.reseal(recording_id, (ObjectKind.AUDIO, ObjectKind.PEAKS), keyring)
        heard = recording.write(
            planned, kept.items(ports), resealer, header=kept.header, ports=ports, config=config
        )
    facts = _facts(before, planned, found, heard)
    sealed = resealer.finish(msgspec.json.encode(facts))
    fingerprints = tuple(one.fingerprint for one in sealed.certificates)
    changed = msgspec.structs.replace(
        facts, objects=object_facts(sealed), envelope_certificates=fingerprints
    )
    return Decoded(DecodeOutcome.DECODED, changed)


@contextmanager
def _kept(recording_id: UUID, objects: RecordingObjects, keyring: Keyring) -> Iterator[_Kept]:
    with objects.open(recording_id, ObjectKind.METADATA, keyring) as reader:
        if reader.size > LARGEST_TRANSCRIPT_BYTES:
            raise SealBroken(f"a transcript of {reader.size} bytes", object_id="metadata")
        header, events = read_transcript(reader.read(0, reader.size))
    with objects.open(recording_id, ObjectKind.RAW, keyring) as raw:
        yield _Kept(header, events, raw)


def _ports(events: list[Event]) -> dict[int, int]:
    """Return our port of each stream, as the packets were written with them."""
    found = CallSurvey()
    for event in events:
        found.take(event)
    return found.ports


def _planned(before: RecordingFacts, found: CallSurvey, header: JournalHeader) -> RecordingPlan:
    """Plan the recording for the very span that is listed: its length never changes."""
    window = window_of(found, opened_at_ns=header.opened_at_ns)
    if window is None:
        raise SealBroken("the packets of the call are gone", object_id="raw")
    window = replace(
        window,
        start_ns=before.started_at_ns,
        end_ns=before.ended_at_ns,
        signalled_ms=before.quality.signalled_ms,
    )
    return plan(before.assignment, window, found)


def _facts(
    before: RecordingFacts, planned: RecordingPlan, found: CallSurvey, heard: recording.Heard
) -> RecordingFacts:
    report = quality.report(
        planned,
        heard.meters,
        found.timeline,
        unreadable=heard.damaged,
        recovered=heard.recovered,
        cut_off=False,
        damaged=False,
    )
    kept = [one for one in before.quality.flags if one in _OF_CAPTURE]
    flags = tuple(dict.fromkeys((*report.flags, *kept)))
    return msgspec.structs.replace(
        before,
        objects=(),
        sample_rate_hz=planned.sample_rate_hz,
        quality=msgspec.structs.replace(report, flags=flags),
    )
