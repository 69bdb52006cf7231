"""What a recorder says to those who call it (CAP-3): that it records, and a tone as it goes on."""

from enum import StrEnum

import msgspec

SHORTEST_BEEP_S = 5
LONGEST_BEEP_S = 300


class Announcement(StrEnum):
    """In which language a call is told that it is recorded."""

    NONE = ""
    ENGLISH = "en"
    ITALIAN = "it"
    FRENCH = "fr"


class Prompts(msgspec.Struct, frozen=True):
    """What is said in calls to dial-in numbers."""

    announcement: Announcement = Announcement.NONE  # as soon as the call is answered
    beep_every_s: int = 0  # 0: never
    confirms_keys: bool = False  # a tone tells what came of a command by keys

    @property
    def are_set(self) -> bool:
        """Whether anything may be said."""
        return bool(self.announcement or self.beep_every_s or self.confirms_keys)
