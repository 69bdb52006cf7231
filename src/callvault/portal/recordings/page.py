"""What the page of one recording shows: everything worded and decided, nothing left to look up.

`recording.html` gets one `RecordingPage` as `page`. Values that a template formats itself are raw
(aware datetimes, milliseconds); sentences are whole and already in the reader's language.
Building it from a row and the vault is the work of `page_builder`.

Addresses (urls.py, namespace `recordings`): `/recordings/<uuid>/` this page; `…/audio` MP3 with
ranges; `…/peaks` JSON `{"duration_s": 372.1, "peaks_per_second": 20, "channels": [[owner…],
[remote…]]}` with values 0 to 1; `…/download` the MP3 as attachment; `…/metadata` signalling as
text, for supervisors and administrators. A locked or broken object answers 409 with a JSON problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from callvault.policy.decision import Direction, Verdict

if TYPE_CHECKING:
    from callvault.portal.exports.status import ExportLine
    from callvault.portal.integrity.standing import Standing
    from callvault.portal.retention.fate import Fate

    from .added import Added
    from .interaction_page import InteractionView

PlayState = Literal["playable", "key_missing", "broken", "missing", "unavailable"]


@dataclass(frozen=True, slots=True)
class Party:
    """One channel of the player: who speaks on it."""

    name: str  # empty: nobody known; then the number stands for it
    number: str  # in its normal form with spaces, or "Number withheld"
    number_plain: str  # to copy: no spaces; empty when withheld or unknown
    role: Literal["owner", "remote"]

    @property
    def label(self) -> str:
        """The name, or else the number."""
        return self.name or self.number


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the timeline list; the accessible form of the player's regions."""

    offset_ms: int
    kind: str  # finalise.catalogue.TimelineItem.kind: answered, held, resumed, lost, …
    title: str  # "Put on hold"
    text: str  # "by Ann Keller, 49 s"; may be empty

    @property
    def seconds(self) -> int:
        """Whole seconds from the start, for the link `?t=102`."""
        return self.offset_ms // 1000


@dataclass(frozen=True, slots=True)
class Region:
    """An interval that spans the strips: hatched (hold, pause) or red-edged (lost)."""

    start_ms: int
    end_ms: int
    kind: Literal["hold", "pause", "lost"]
    label: str  # "Hold 0:49"
    channel: Literal["owner", "remote", "both"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of Details. `note` is muted, after the value; `mono`: in the small mono type."""

    label: str
    value: str
    note: str = ""
    tone: Literal["", "good", "attention"] = ""
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the phone system said of the call, or of one party."""

    about: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """Head of the side panel: what was decided, by which rule, and where each step is told."""

    verdict: Verdict
    title: str  # "Recorded"
    text: str  # "Always-on on trunk Webex."
    url: str  # page of the decision; empty: none, or not for this reader


@dataclass(frozen=True, slots=True)
class MissingCertificate:
    """A certificate whose private key would open the recording (10-error-key-missing)."""

    subject: str  # "CN=Callvault archive 1, O=Northgate Mutual"; empty: not known here
    fingerprint: str  # "4F:9A:11…", upper case, colons
    valid_from: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Marker:
    """An event without a length, as a tick over the strips."""

    at_ms: int
    kind: str  # as `TimelineEntry.kind`
    title: str


@dataclass(frozen=True, slots=True)
class PlayerData:
    """For the player's script, as JSON (`{{ page.player_json|json_script:"cv-player" }}`)."""

    audio_url: str
    peaks_url: str
    integrity_url: str  # asked when the sound breaks off
    duration_ms: int
    start_at_ms: int  # from ?t=167
    owner_label: str
    remote_label: str
    regions: tuple[Region, ...]
    markers: tuple[Marker, ...]
    event_offsets_ms: tuple[int, ...]  # for [ and ]
    reader: str  # public id: speed and volumes are remembered for each


@dataclass(frozen=True, slots=True)
class RecordingPage:
    """The whole page."""

    recording_id: UUID
    record_number: str  # "000123"
    title: str  # "Incoming call, +1 555 0142 to Ann Keller"
    short_title: str  # "+1 555 0142 to Ann Keller": phone, and the browser's title
    direction: Direction
    started_at: datetime
    ended_at: datetime
    duration_ms: int
    group: str
    owner: Party
    remote: Party
    back_url: str
    back_label: str  # "All recordings", "My recordings"
    state: PlayState
    away: str  # the store or node that cannot be reached; empty: it is not known by name
    may_download: bool  # by right; with a state other than playable the button is disabled
    audio_url: str
    peaks_url: str
    download_url: str
    metadata_url: str  # empty: not for this reader
    verdict: VerdictLine | None
    timeline: tuple[TimelineEntry, ...]
    facts: tuple[Fact, ...]
    phone_system: tuple[Said, ...]  # empty: nothing was said, or not for this reader
    added: Added  # notes, preserve flag, and what the reader may do
    standing: Standing  # unchanged since when, signed and time-stamped when
    fate: Fate  # when retention deletes it, or why it is kept
    export: ExportLine | None  # for who may download; None: it is not exported
    interaction: InteractionView | None  # None: nothing to show beyond the recording itself
    missing: tuple[MissingCertificate, ...]  # filled when state is key_missing
    player: PlayerData
    player_json: dict[str, object]  # `player` as plain values, camelCase keys
