"""Says into a call what its dial-in number is to say: that it is recorded, and a tone (CAP-3).

The sounds lie beside this file in both laws of G.711, made by `tools/prompts.py`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple, Protocol

from callvault import sdp
from callvault.errors import CaptureError
from callvault.policy.prompts import Announcement, OwnSound, OwnSounds, Prompts

logger = logging.getLogger(__name__)

LAWS = {"PCMU": "ulaw", "PCMA": "alaw"}
NO_SOUNDS = OwnSounds()
_FOLDER = Path(__file__).parent / "sounds"


class SpokenLine(NamedTuple):
    """A line on which the peer takes audio of ours."""

    payload_type: int
    encoding: str  # PCMU, PCMA
    wanted: tuple[str, int] | None  # where it wants it


def spoken_line(own: sdp.LocalMedia, theirs: sdp.MediaLine) -> SpokenLine | None:
    """Return how the peer hears us on a line; None: it does not, or in no way that we speak."""
    hears = theirs.direction in (sdp.Direction.SENDRECV, sdp.Direction.RECVONLY)
    if own.direction is not sdp.Direction.SENDRECV or not hears or not (own.port and theirs.port):
        return None
    ours = {(one.encoding, one.clock_rate_hz) for one in own.codecs if one.encoding in LAWS}
    for codec in theirs.codecs:
        if (codec.encoding, codec.clock_rate_hz) in ours:
            return SpokenLine(codec.payload_type, codec.encoding, _place(theirs))
    return None


def _place(line: sdp.MediaLine) -> tuple[str, int] | None:
    """Return where audio is wanted; a name instead of an address says nothing."""
    try:
        return (str(ip_address(line.address)), line.port)
    except ValueError:
        return None


class Mouth(Protocol):
    """What a prompt needs of a stream (capture.Stream)."""

    def speak(
        self,
        payload_type: int,
        *,
        once: bytes,
        repeated: bytes,
        every_s: float,
        wanted: tuple[str, int] | None,
    ) -> None:
        """Say something. Raises CaptureError."""

    def hush(self) -> None:
        """Say nothing more."""

    def spoken(self) -> tuple[int, bool]:
        """Packets sent, and whether what is said once was said to its end."""
        ...


@cache
def sound(name: str, encoding: str) -> bytes:
    """Return a sound: a language, or beep."""
    return (_FOLDER / f"{name}.{LAWS[encoding]}").read_bytes()


def announced(language: Announcement, encoding: str, own: OwnSound) -> bytes:
    """Return an announcement; English, should the own one be gone: it may be owed by law."""
    if language is not Announcement.OWN:
        return sound(language.value, encoding)
    return _of(own, encoding) or sound(Announcement.ENGLISH.value, encoding)


def _of(own: OwnSound, encoding: str) -> bytes:
    return own.ulaw if encoding == "PCMU" else own.alaw


@dataclass(slots=True)
class Prompter:
    """What is being said on the lines of one call."""

    said: dict[int, tuple[Mouth, SpokenLine]] = field(default_factory=dict)
    announced: set[int] = field(default_factory=set)
    announcing: set[int] = field(default_factory=set)
    is_silent: bool = False  # nothing is recorded now: no tone says that it is
    _prompts: Prompts = field(default_factory=Prompts)
    _own: OwnSounds = NO_SOUNDS
    _untold: set[int] = field(default_factory=set)  # announced, and not in the news yet

    def change(
        self,
        mouths: Mapping[int, Mouth],
        lines: Mapping[int, SpokenLine],
        prompts: Prompts,
        own: OwnSounds = NO_SOUNDS,
    ) -> None:
        """Speak on the lines that take it now, and on no other; what was announced is not again."""
        self._prompts, self._own = prompts, own
        self._settle()
        for index in self.said.keys() - lines.keys():
            self.said.pop(index)[0].hush()
            self.announcing.discard(index)
        for index, line in lines.items():
            mouth = mouths.get(index)
            if mouth is None or not prompts.are_set or self.said.get(index) == (mouth, line):
                continue
            if self._say(index, mouth, line):
                self.said[index] = (mouth, line)

    def follow(self, *, is_silent: bool) -> None:
        """Stop the tones, or let them come again."""
        if is_silent == self.is_silent:
            return
        self.is_silent = is_silent
        if self._prompts.beep_every_s:
            self._say_anew()

    def confirm(self, tones: int) -> None:
        """Say so many tones, one after the other, at once."""
        self._say_anew(tones)

    def news(self) -> tuple[int, ...]:
        """Return the lines on which the announcement came to its end since the last asking."""
        self._settle()
        told, self._untold = tuple(sorted(self._untold)), set()
        return told

    def _settle(self) -> None:
        """Note which announcements were said to their end."""
        said = {index for index in self.announcing if self.said[index][0].spoken()[1]}
        self.announcing -= said
        self.announced |= said
        self._untold |= said

    def _say_anew(self, tones: int = 0) -> None:
        """Say what is to be said now instead; an announcement that is cut off by it begins anew."""
        self._settle()
        for index, (mouth, line) in self.said.items():
            self._say(index, mouth, line, tones)

    def _say(self, index: int, mouth: Mouth, line: SpokenLine, tones: int = 0) -> bool:
        """Say what is to be said on a line now; whether it can be."""
        prompts, tone = self._prompts, sound("beep", line.encoding)
        is_told = index in self.announced or not prompts.announcement
        once = b""
        if not is_told:
            once = announced(prompts.announcement, line.encoding, self._own.announcement)
        if tones:
            gap = bytes([tone[-1]]) * (len(tone) // 2)
            once = (tone + gap) * tones + once
        beeps = bool(prompts.beep_every_s) and not self.is_silent
        try:
            if once or beeps:
                mouth.speak(
                    line.payload_type,
                    once=once,
                    repeated=(_of(self._own.beep, line.encoding) or tone) if beeps else b"",
                    every_s=prompts.beep_every_s if beeps else 0,
                    wanted=line.wanted,
                )
            else:
                mouth.hush()
        except CaptureError as error:
            logger.error("prompt cannot be said: %s", error)
            return False
        if not is_told:
            self.announcing.add(index)
        return True
