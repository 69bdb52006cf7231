"""What is said of a recording: parties, marks, timeline, quality, in the reader's language.

Pure functions on the catalogue's values. An unknown kind or flag, written by a newer worker, is
shown as its own name: nothing disappears.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from callvault.portal import wording
from callvault.portal.recordings.folding import number_in

from .page import Party, TimelineEntry

BY_SRC = "recording_client"  # recorder.capturing.BY_SRC
KEYPAD = "keypad"  # recorder.key_desk.KEYPAD
AUTOMATIC = "automatic"  # recorder.pause_keeper.AUTOMATIC
WITHHELD = {"anonymous", "restricted", "private", "withheld"}  # RFC 3323 and what devices send

CODECS = {
    "PCMA": "G.711 A-law",
    "PCMU": "G.711 µ-law",
    "G722": "G.722",
    "G729": "G.729",
    "OPUS": "Opus",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark in the list: icon and word."""

    text: str
    icon: str
    tone: Literal["", "accent", "amber", "red"] = ""


def number_shown(number: str) -> str:
    """Write a number for people; say so where there is none."""
    if not number:
        return _("No number")
    if number.lower() in WITHHELD:
        return _("Number withheld")
    return wording.phone_number(number)


def number_to_copy(number: str) -> str:
    """Return a number without spaces; empty where none is known."""
    return "" if number.lower() in WITHHELD else number


def remote_party(number: str, name: str) -> Party:
    """Return the remote party as the lists and the page show it."""
    return Party(
        name=name, number=number_shown(number), number_plain=number_to_copy(number), role="remote"
    )


def codec_shown(encoding: str) -> str:
    """Write a codec's name as telephony people know it."""
    return CODECS.get(encoding.upper(), encoding)


def person_or_number(who: str) -> str:
    """Write who an event is about: a number as numbers are written, a name as it is."""
    return wording.phone_number(who) if number_in(who) else who


def loss_percent(quality: dict[str, Any]) -> float:
    """Return lost packets of both channels in per cent of those that were sent."""
    return _percent_of_sent(quality, "lost")


def recovered_percent(quality: dict[str, Any]) -> float:
    """Return those of them that are heard all the same, in per cent of those that were sent."""
    return _percent_of_sent(quality, "recovered_packets")


def _percent_of_sent(quality: dict[str, Any], name: str) -> float:
    channels = [quality.get("owner") or {}, quality.get("remote") or {}]
    counted = sum(channel.get(name, 0) for channel in channels)
    sent = sum(channel.get("packets", 0) + channel.get("lost", 0) for channel in channels)
    return 100 * counted / sent if sent else 0.0


def undecrypted_percent(quality: dict[str, Any]) -> float:
    """Return packets that could not be decrypted in per cent of all that came."""
    channels = [quality.get("owner") or {}, quality.get("remote") or {}]
    locked = sum(channel.get("undecrypted_packets", 0) for channel in channels)
    opened = sum(channel.get("packets", 0) for channel in channels)
    return 100 * locked / (locked + opened) if locked + opened else 0.0


def not_decrypted(quality: dict[str, Any]) -> str:
    """Say how much of what came no key opened."""
    return _("%(share)s not decrypted") % {"share": percent(undecrypted_percent(quality))}


def percent(share: float) -> str:
    """Write a share: whole from 1% on, one digit below it, two below a tenth."""
    decimals = 0 if share >= 0.95 or share == 0 else 1 if share >= 0.095 else 2
    language = wording.language_named(get_language())
    return wording.grouped(share, decimals=decimals, language=language) + "%"


def flag_titles() -> dict[str, str]:
    """Return what each flag of the check at close is called, the gravest first."""
    return {
        "damaged": _("Damaged"),
        "cut_off": _("Cut off"),
        "restart": _("Interrupted"),
        "undecrypted": _("Not decrypted"),
        "undecodable": _("Partly undecoded"),
        "no_media": _("No audio for a while"),
        "sources": _("Too many senders"),
        "silent": _("Silent"),
        "one_way": _("One-way audio"),
        "loss": _("Packets lost"),
        "length": _("Length differs"),
        "clipped": _("Clipped"),
        "drift": _("Clock drift"),
    }


def marks_of(flags: Sequence[str], quality: dict[str, Any]) -> list[Mark]:
    """Return the marks that a recording's flags stand for, the gravest first."""
    words = flag_titles() | {
        "undecrypted": not_decrypted(quality),
        "loss": _("%(share)s lost") % {"share": percent(loss_percent(quality))},
    }
    ordered = sorted(flags, key=lambda flag: [*words, flag].index(flag))
    return [
        Mark(words.get(flag, flag), "alert-triangle", "red" if flag == "damaged" else "amber")
        for flag in ordered
    ]


def marks_shown(marks: Sequence[Mark], *, most: int = 2) -> tuple[list[Mark], int]:
    """Return the marks that fit a row, and how many more there are."""
    return list(marks[:most]), max(len(marks) - most, 0)


_BY_SOMEBODY = (
    *("held", "resumed", "paused", "unpaused", "ended"),
    *("started", "stopped", "kept", "dropped"),
)
_ONE_SIDED = ("lost", "key_wrong", "key_right", "no_media", "media_came")
"""What is said with the party that it concerns."""


def timeline_entry(item: dict[str, Any], *, key: str = "") -> TimelineEntry:
    """Word one line of the timeline (finalise.catalogue.TimelineItem as it is stored).

    `key`: which one was pressed, where that may be shown.
    """
    kind = str(item["kind"])
    titles = {
        "answered": _("Answered"),
        "announced": _("Told that it is recorded"),
        "held": _("Put on hold"),
        "resumed": _("Back from hold"),
        "paused": _("Recording paused"),
        "unpaused": _("Recording resumed"),
        "started": _("Recording started"),
        "stopped": _("Recording stopped"),
        "kept": _("Marked to be kept"),
        "dropped": _("Marked not to be kept"),
        "party_joined": _("Joined the call"),
        "party_left": _("Left the call"),
        "transferred": _("Transferred"),
        "lost": _("Audio lost"),
        "digit": _("Key %(key)s pressed") % {"key": key} if key else _("Key pressed"),
        "keys_in_clear": _("Encryption keys came unprotected"),
        "key_wrong": _("Audio cannot be decrypted"),
        "key_right": _("Audio can be decrypted again"),
        "answer_missing": _("The phone system did not say what it sends"),
        "no_media": _("No audio comes"),
        "media_came": _("Audio comes now"),
        "ended": _("Ended"),
    }
    title = titles.get(kind, kind.replace("_", " ").capitalize())
    return TimelineEntry(int(item["offset_ms"]), kind, title, _timeline_text(kind, item))


def _timeline_text(kind: str, item: dict[str, Any]) -> str:
    """Say by whom, for how long and why, as far as each is known."""
    length = int(item.get("length_ms") or 0)
    parts = [_by_whom(kind, str(item.get("who") or ""))]
    if length and kind == "paused":
        parts.append(_("%(length)s of silence, nothing was stored") % {"length": _prose(length)})
    elif length:
        parts.append(_prose(length))
    if kind in _ONE_SIDED and item.get("channel") in ("owner", "remote"):
        parts.append(_("owner") if item["channel"] == "owner" else _("remote party"))
    parts.append(_detail(kind, str(item.get("detail") or "")))
    return ", ".join(part for part in parts if part)


def _detail(kind: str, detail: str) -> str:
    if kind == "ended":
        return end_reason(detail)
    if kind == "lost" and detail == "restart":
        return _("the recorder was started again")
    if kind in ("paused", "unpaused") and detail == BY_SRC:
        return _("by the phone system")
    if kind == "unpaused" and detail == AUTOMATIC:
        return _("by itself, after the longest time of a pause")
    if kind == "paused" and detail == "split":
        return _("in the recording before")
    return _("by keypad") if detail == KEYPAD else _told_of(kind, detail)


def _told_of(kind: str, detail: str) -> str:
    if kind == "answer_missing":
        return _("perhaps no codec is common")
    if kind == "keys_in_clear":
        return _("by %(transport)s, not TLS") % {"transport": detail.upper()}
    if kind == "key_wrong":
        return _("the key that was negotiated is not the one that is used")
    if kind == "transferred" and detail:
        return _("from %(name)s") % {"name": person_or_number(detail)}
    return detail


def _prose(length_ms: int) -> str:
    """Write a length; below ten seconds with a tenth, so that no loss reads as 0 s."""
    if length_ms >= 10_000:
        return wording.duration_prose(length_ms)
    language = wording.language_named(get_language())
    seconds = wording.grouped(max(length_ms, 100) / 1000, decimals=1, language=language)
    return f"{seconds}\u00a0s"


def _by_whom(kind: str, who: str) -> str:
    if not who:
        return ""
    name = person_or_number(who)
    if kind in _BY_SOMEBODY:
        return _("by %(name)s") % {"name": name}
    if kind == "transferred":
        return _("to %(name)s") % {"name": name}
    return name


def end_reason(reason: str) -> str:
    """Say how a call ended; nothing for one that ended as calls do."""
    words = {
        "bye": "",
        "part_ended": "",
        "cancelled": _("cancelled"),
        "session_timeout": _("the phone system fell silent"),
        "ack_timeout": _("the phone system did not confirm"),
        "media_timeout": _("no audio came any more"),
        "no_speech": _("nobody spoke any more"),
        "max_length": _("at the greatest length; the call goes on in another recording"),
        "srtp_required": _("the phone system sent in clear where encryption is required"),
        "srtp_unusable": _("the phone system encrypts in a way that was not offered"),
        "drained": _("the recorder was drained"),
        "shutdown": _("the recorder was stopped"),
        "cut_off": _("cut off"),
    }
    return words.get(reason, reason.replace("_", " "))


def from_to(start_ms: int, end_ms: int) -> str:
    """Write from when to when, as places in a recording."""
    told = {"start": wording.duration(start_ms), "end": wording.duration(end_ms)}
    return _("%(start)s to %(end)s") % told


def region_label(kind: str, length_ms: int) -> str:
    """Write the label of a hatched or red-edged region of the player."""
    if kind == "lost":
        return _("Lost %(length)s") % {"length": _prose(length_ms)}
    names = {"hold": _("Hold"), "pause": _("Paused")}
    length = wording.duration(length_ms) if length_ms >= 1000 else _prose(length_ms)
    return f"{names[kind]} {length}"
