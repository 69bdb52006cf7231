"""What a verification of the vault says: findings, and what was looked at."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from callvault.vault.objects import ObjectKind, SealedObject

MAX_FINDINGS = 10_000  # kept; more are counted


class Finding(StrEnum):
    """What can be wrong, and what is only said."""

    MISSING = "missing"  # listed, and not in the store
    CHANGED = "changed"  # another size or digest than was listed
    SEAL = "seal"  # does not open with the key that it was sealed with
    ENVELOPE = "envelope"  # cannot be read, or is for other certificates than listed
    SIDECAR = "sidecar"  # of another recording, or not readable
    UNLISTED_OBJECT = "unlisted_object"  # beside a recording that is listed
    UNLISTED_RECORDING = "unlisted_recording"  # whole in the store, in no row
    LOG = "log"  # the log of recordings says otherwise, or is not what was signed
    UNREADABLE = "unreadable"  # the store failed; another time may help
    UNFINISHED = "unfinished"  # begun and not complete; the worker does it again
    STRANGE = "strange"  # not a name of ours

    @property
    def is_wrong(self) -> bool:
        """Whether it needs somebody; the rest is only said."""
        return self not in (Finding.UNFINISHED, Finding.STRANGE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A recording as the catalogue lists it."""

    recording_id: UUID
    objects: tuple[SealedObject, ...]
    certificates: tuple[str, ...]  # fingerprints, hex: any of them opens it

    @property
    def size_bytes(self) -> int:
        """Length of all its objects, of the plaintext."""
        return sum(one.size_bytes for one in self.objects)

    @property
    def audio_bytes(self) -> int:
        """Length of its audio, which the catalogue can add up."""
        return sum(one.size_bytes for one in self.objects if one.kind is ObjectKind.AUDIO)


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: about an object, or a whole recording."""

    finding: Finding
    name: str  # of the object, or its folder
    problem: str
    recording_id: UUID | None = None


@dataclass(slots=True)
class Report:
    """What was looked at and what was found. Only so many findings are kept, all are counted."""

    recordings: int = 0
    objects: int = 0
    size_bytes: int = 0  # of the plaintext of the objects listed
    opened: int = 0  # recordings whose seals were opened
    locked: Counter[str] = field(default_factory=Counter)  # by the certificates that would open
    folders: int | None = None  # of the store, gone through for orphans; None: not asked for
    counts: Counter[Finding] = field(default_factory=Counter)
    findings: list[Found] = field(default_factory=list)

    def add(self, found: Found) -> None:
        """Count a finding, and keep it if there is room."""
        self.counts[found.finding] += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(found)

    @property
    def wrong(self) -> int:
        """How many findings need somebody."""
        return sum(count for finding, count in self.counts.items() if finding.is_wrong)
