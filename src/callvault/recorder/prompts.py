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
from callvault.policy.prompts import Prompts

logger = logging.getLogger(__name__)

LAWS = {"PCMU": "ulaw", "PCMA": "alaw"}
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


@dataclass(slots=True)
class Prompter:
    """What is being said on the lines of one call."""

    said: dict[int, tuple[Mouth, SpokenLine]] = field(default_factory=dict)
    announced: set[int] = field(default_factory=set)
    announcing: set[int] = field(default_factory=set)

    def change(
        self, mouths: Mapping[int, Mouth], lines: Mapping[int, SpokenLine], prompts: Prompts
    ) -> None:
        """Speak on the lines that take it now, and on no other; what was announced is not again."""
        for index in self.said.keys() - lines.keys():
            self.said.pop(index)[0].hush()
            self.announcing.discard(index)
        for index, line in lines.items():
            mouth = mouths.get(index)
            if mouth is None or not prompts.are_set or self.said.get(index) == (mouth, line):
                continue
            is_told = index in self.announced or not prompts.announcement
            try:
                mouth.speak(
                    line.payload_type,
                    once=b"" if is_told else sound(prompts.announcement.value, line.encoding),
                    repeated=sound("beep", line.encoding) if prompts.beep_every_s else b"",
                    every_s=prompts.beep_every_s,
                    wanted=line.wanted,
                )
            except CaptureError as error:
                logger.error("prompt cannot be said: %s", error)
            else:
                self.said[index] = (mouth, line)
                if not is_told:
                    self.announcing.add(index)

    def news(self) -> tuple[int, ...]:
        """Return the lines on which the announcement came to its end since the last asking."""
        told = tuple(index for index in self.announcing if self.said[index][0].spoken()[1])
        self.announcing.difference_update(told)
        self.announced.update(told)
        return told
