"""What a recorder says to those who call it (CAP-3): that it records, and a tone as it goes on."""

from enum import StrEnum

import msgspec

SHORTEST_SOUND_S = 0.05
LONGEST_ANNOUNCEMENT_S, LONGEST_TONE_S = 15, 2
SHORTEST_BEEP_S = 5
LONGEST_BEEP_S = 300


class Announcement(StrEnum):
    """In which language a call is told that it is recorded."""

    NONE = ""
    ENGLISH = "en"
    ITALIAN = "it"
    FRENCH = "fr"
    OWN = "own"  # a sound that an administrator brought


class OwnSound(msgspec.Struct, frozen=True):
    """A sound that an administrator brought, in both laws of G.711; empty: there is none."""

    ulaw: bytes = b""
    alaw: bytes = b""


class OwnSounds(msgspec.Struct, frozen=True):
    """What is said instead of the sounds that a recorder comes with."""

    announcement: OwnSound = OwnSound()
    beep: OwnSound = OwnSound()


class Prompts(msgspec.Struct, frozen=True):
    """What is said in calls to dial-in numbers."""

    announcement: Announcement = Announcement.NONE  # as soon as the call is answered
    beep_every_s: int = 0  # 0: never
    confirms_keys: bool = False  # a tone tells what came of a command by keys

    @property
    def are_set(self) -> bool:
        """Whether anything may be said."""
        return bool(self.announcement or self.beep_every_s or self.confirms_keys)
