"""From a catalogue row to the page that shows it (`page.RecordingPage`)."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from callvault.errors import KeyUnavailable, ObjectMissing, SealBroken, VaultError
from callvault.policy.decision import Direction, Verdict
from callvault.policy.numbering_plan import PlanReader
from callvault.policy.permissions import Deed
from callvault.portal import wording
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.configuration.rights import rights_in_force
from callvault.portal.decisions.sentences import verdict_sentence, verdict_title
from callvault.portal.exports.status import line_of
from callvault.portal.integrity.standing import standing_of
from callvault.portal.people.models import User
from callvault.portal.retention.fate import fate_of
from callvault.portal.storage.places import PlaceUnreachable
from callvault.vault import CertificateInfo, ObjectKind

from . import phrases
from .added import NoteDraft, added_to, with_notes
from .interaction_page import interaction_view
from .keys_pressed import keys_of
from .models import Recording
from .page import (
    Fact,
    Marker,
    MissingCertificate,
    Party,
    PlayerData,
    PlayState,
    RecordingPage,
    Region,
    TimelineEntry,
    VerdictLine,
)
from .permissions import may_read_signalling, refusal_of
from .phone_system import phone_system
from .remote import remote_of
from .vault_access import open_object, other_node_with

# Regions show these, or the strips' own ends do.
WITHOUT_MARKER = {"answered", "ended", "held", "resumed", "paused", "unpaused", "lost"}
MOST_MARKERS = 200
REGION_KINDS = {"held": "hold", "paused": "pause", "lost": "lost"}


def page_of_recording(
    user: User,
    recording: Recording,
    *,
    start_at_ms: int,
    back: tuple[str, str],
    draft: NoteDraft | None = None,
) -> RecordingPage:
    """Build the whole page for a recording that the gate let through."""
    rights = rights_in_force()
    added = added_to(user, recording, rights, draft or NoteDraft())
    state, missing, away = _state_of(recording)
    owner, remote = _parties(recording, reader := plan_reader())
    timeline = with_notes(_timeline(recording), added.notes)
    player = _player(user, recording, (owner, remote), timeline, start_at_ms)
    may_download = refusal_of(user, recording, Deed.DOWNLOAD, rights=rights) is None
    return RecordingPage(
        recording_id=recording.recording_id,
        record_number=f"{recording.record_number:06}",
        title=_title(recording, owner, remote),
        short_title=_short_title(recording, owner, remote),
        direction=Direction(recording.direction),
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        duration_ms=recording.duration_ms,
        group=recording.owner_group,
        owner=owner,
        remote=remote,
        back_url=back[0],
        back_label=back[1],
        state=state,
        away=away,
        may_download=may_download,
        audio_url=player.audio_url,
        peaks_url=player.peaks_url,
        download_url=_Addresses(recording)("download"),
        metadata_url=_metadata_url(user, recording),
        verdict=_verdict(user, recording),
        timeline=timeline,
        facts=_facts(recording, owner, remote),
        phone_system=phone_system(recording) if may_read_signalling(user) else (),
        added=added,
        standing=standing_of(recording),
        fate=fate_of(recording, now=timezone.now()),
        export=line_of(user, recording) if may_download else None,
        interaction=interaction_view(user, recording, reader),
        missing=missing,
        player=player,
        player_json=_camel_case(asdict(player)),
    )


def _timeline(recording: Recording) -> tuple[TimelineEntry, ...]:
    keys = keys_of(recording)
    return tuple(
        phrases.timeline_entry(item, key=keys.get(index, ""))
        for index, item in enumerate(recording.timeline)
    )


def _state_of(recording: Recording) -> tuple[PlayState, tuple[MissingCertificate, ...], str]:
    """Try to open the audio: reads the envelope and one segment."""
    try:
        open_object(recording, ObjectKind.AUDIO).close()
    except KeyUnavailable as locked:
        return "key_missing", _missing(recording, locked), ""
    except SealBroken:
        return "broken", (), ""
    except ObjectMissing:
        node = other_node_with(recording)
        return ("unavailable", (), node) if node else ("missing", (), "")
    except PlaceUnreachable as away:
        return "unavailable", (), away.place
    except VaultError:
        return "unavailable", (), ""
    return "playable", (), ""


def _missing(recording: Recording, locked: KeyUnavailable) -> tuple[MissingCertificate, ...]:
    """Return the certificates as the envelope tells them; else what the catalogue kept."""
    told = [one for one in locked.certificates if isinstance(one, CertificateInfo)]
    if told:
        return tuple(
            MissingCertificate(one.subject, one.fingerprint, one.not_before, one.not_after)
            for one in told
        )
    return tuple(
        MissingCertificate("", _fingerprint(digest), None, None)
        for digest in recording.envelope_certificates
    )


def _fingerprint(digest: str) -> str:
    """Write a fingerprint as people compare it, upper case with colons."""
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2)).upper()


def _parties(recording: Recording, reader: PlanReader) -> tuple[Party, Party]:
    owner = Party(
        name=recording.owner_name,
        number=recording.owner_extension,
        number_plain=recording.owner_extension,
        role="owner",
    )
    remote = remote_of(recording, reader)
    return owner, remote


def _title(recording: Recording, owner: Party, remote: Party) -> str:
    between = {"owner": owner.label, "remote": remote.label}
    if recording.direction == Direction.IN:
        return _("Incoming call, %(remote)s to %(owner)s") % between
    if recording.direction == Direction.OUT:
        return _("Outgoing call, %(owner)s to %(remote)s") % between
    return _("Dial-in of %(owner)s") % between


def _short_title(recording: Recording, owner: Party, remote: Party) -> str:
    if recording.direction == Direction.IN:
        return _("%(caller)s to %(callee)s") % {"caller": remote.label, "callee": owner.label}
    if recording.direction == Direction.OUT:
        return _("%(caller)s to %(callee)s") % {"caller": owner.label, "callee": remote.label}
    return _("Dial-in of %(owner)s") % {"owner": owner.label}


class _Addresses:
    """Addresses of one recording's pages, by their names."""

    def __init__(self, recording: Recording) -> None:
        self._recording_id: UUID = recording.recording_id

    def __call__(self, name: str) -> str:
        return reverse(f"recordings:{name}", args=[self._recording_id])


def _metadata_url(user: User, recording: Recording) -> str:
    kept = recording.sealed_object(ObjectKind.METADATA.value) is not None
    return _Addresses(recording)("metadata") if kept and may_read_signalling(user) else ""


def _verdict(user: User, recording: Recording) -> VerdictLine | None:
    call = recording.call
    if call is None:
        return None
    verdict = Verdict(call.verdict)
    url = reverse("decisions:call", args=[call.event_id]) if user.is_administrator else ""
    return VerdictLine(verdict, verdict_title(verdict), verdict_sentence(call), url)


def _facts(recording: Recording, owner: Party, remote: Party) -> tuple[Fact, ...]:
    ended = wording.written_date(timezone.localtime(recording.ended_at), "time")
    facts = [
        Fact(_("Owner"), owner.name, owner.number),
        Fact(_("Remote party"), remote.label, remote.number if remote.name else ""),
        Fact(_("Direction"), _direction(recording), _direction_note(recording)),
        Fact(_("Group"), recording.owner_group),
        Fact(_("Ended"), ended, phrases.end_reason(recording.end_reason)),
        Fact(_("Trunk"), recording.trunk_name, recording.peer.rpartition(":")[0]),
        Fact(_("Audio"), _audio(recording), _channel_note(recording)),
        _quality(recording),
        Fact(_("Record no."), f"{recording.record_number:06}"),
    ]
    return tuple(fact for fact in facts if fact.value)


def _direction(recording: Recording) -> str:
    words = {"in": _("Incoming"), "out": _("Outgoing"), "dial_in": _("Dial-in")}
    return words[recording.direction]


def _direction_note(recording: Recording) -> str:
    if recording.direction_confidence == "high":
        return ""
    return _("likely: the phone system does not say who called")


def _channel_note(recording: Recording) -> str:
    if recording.channel_confidence == "high":
        return ""
    return _("likely: the phone system does not say who speaks on which channel")


def _audio(recording: Recording) -> str:
    codecs = " + ".join(phrases.codec_shown(codec) for codec in recording.codecs)
    language = wording.language_named(get_language())
    size = wording.decimal_size(recording.size_bytes, language=language)
    return ", ".join(part for part in (codecs, _("2 channels"), size) if part)


def _quality(recording: Recording) -> Fact:
    lost = _("%(share)s lost") % {"share": phrases.percent(phrases.loss_percent(recording.quality))}
    shares = [] if "loss" in recording.flags else [lost]
    recovered = phrases.recovered_percent(recording.quality)
    if recovered:
        shares.append(_("%(share)s recovered") % {"share": phrases.percent(recovered)})
    if "undecrypted" not in recording.flags and phrases.undecrypted_percent(recording.quality):
        shares.append(phrases.not_decrypted(recording.quality))
    marks = phrases.marks_of(recording.flags, recording.quality)
    if not marks:
        return Fact(_("Quality"), _("Good"), ", ".join(shares), "good")
    first, *others = [mark.text for mark in marks]
    others = [text[:1].lower() + text[1:] for text in others] + shares
    return Fact(_("Quality"), first, ", ".join(others), "attention")


def _player(
    user: User,
    recording: Recording,
    parties: tuple[Party, Party],
    timeline: tuple[TimelineEntry, ...],
    start_at_ms: int,
) -> PlayerData:
    address = _Addresses(recording)
    return PlayerData(
        audio_url=address("audio"),
        peaks_url=address("peaks"),
        integrity_url=address("integrity"),
        duration_ms=recording.duration_ms,
        start_at_ms=min(max(start_at_ms, 0), recording.duration_ms),
        owner_label=parties[0].label,
        remote_label=parties[1].label,
        regions=tuple(_regions(recording)),
        markers=_markers(timeline),
        event_offsets_ms=tuple(sorted({entry.offset_ms for entry in timeline})),
        reader=str(user.public_id),
    )


def _markers(timeline: tuple[TimelineEntry, ...]) -> tuple[Marker, ...]:
    """Mark what has a moment and no length, as far as ticks can be told apart."""
    ticks = [entry for entry in timeline if entry.kind not in WITHOUT_MARKER]
    return tuple(
        Marker(entry.offset_ms, entry.kind, f"{entry.title} {entry.text}".strip())
        for entry in ticks[:MOST_MARKERS]
    )


def _regions(recording: Recording) -> list[Region]:
    regions = []
    for item in recording.timeline:
        kind, length = REGION_KINDS.get(item["kind"]), int(item.get("length_ms") or 0)
        if kind and length:
            start = int(item["offset_ms"])
            regions.append(
                Region(
                    start_ms=start,
                    end_ms=start + length,
                    kind=kind,  # type: ignore[arg-type]  # the table above holds no other
                    label=phrases.region_label(kind, length),
                    channel=item.get("channel") or "both",
                )
            )
    return regions


def _camel_case(values: dict[str, Any]) -> dict[str, object]:
    """Turn names into those of JavaScript, inside too."""
    return {_camel(name): _camel_value(value) for name, value in values.items()}


def _camel_value(value: Any) -> object:
    if isinstance(value, dict):
        return _camel_case(value)
    if isinstance(value, list | tuple):
        return [_camel_value(one) for one in value]
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
