"""Which keys tell the recorder what to do with a call to a dial-in number (CAP-3, MODE-2 to 4).

A phone may tell a key by RTP and by SIP INFO, both at once: it is one key all the same.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

LONGEST_CODE = 6
MOST_IN_A_MINUTE = 20
"""Commands that are obeyed: more than fingers give, less than wears out a disk."""
PAUSE_BETWEEN_NS = 4_000_000_000
"""Keys further apart than that are no code."""
_ECHO_NS = 2_000_000_000
_MINUTE_NS = 60_000_000_000
_CODE = re.compile(r"[*#][0-9]{1,5}")


class Command(StrEnum):
    """What keys can ask for."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    KEEP = "keep"
    DROP = "drop"


class Keypad(msgspec.Struct, frozen=True):
    """The keys of each command; empty: that command has none."""

    is_on: bool = False
    start: str = "*1"
    stop: str = "*2"
    pause: str = "*3"
    resume: str = "*4"
    keep: str = "*5"
    drop: str = "*6"

    @property
    def codes(self) -> dict[str, Command]:
        """What each code asks for; none, if keys are off."""
        if not self.is_on:
            return {}
        return {code: one for one in Command if (code := getattr(self, one.value))}


Problem = Literal["form", "taken"]


def problems_of(codes: Mapping[str, str]) -> dict[str, Problem]:
    """Say of each code by its name what is wrong with it.

    `form`: it is no * or # with one to five digits; `taken`: it is another one's, or one of both
    begins with the other, which would never be heard to its end.
    """
    found: dict[str, Problem] = {}
    for name, code in codes.items():
        others = [one for other, one in codes.items() if other != name and one]
        if code and not _CODE.fullmatch(code):
            found[name] = "form"
        elif code and any(one.startswith(code) or code.startswith(one) for one in others):
            found[name] = "taken"
    return found


class KeyReader:
    """Makes commands of the keys of one call."""

    def __init__(self, keypad: Keypad) -> None:
        self._codes = keypad.codes
        self._keys = ""
        self._last_ns = 0
        self._told: dict[str, list[tuple[str, int]]] = {}  # lately, by way, without an echo yet
        self._obeyed: list[int] = []  # when, within a minute

    def press(self, key: str, *, at_ns: int, way: str) -> Command | None:
        """Take a key; return what is asked for by it and those before.

        `way`: how it was told (rtp, info): what another way told a moment ago is the same key.
        """
        if self._is_echo(key, at_ns, way):
            return None
        if at_ns - self._last_ns > PAUSE_BETWEEN_NS:
            self._keys = ""
        self._last_ns = at_ns
        self._keys = (self._keys + key)[-LONGEST_CODE:]
        command = next(
            (one for code, one in self._codes.items() if self._keys.endswith(code)), None
        )
        if command is None:
            return None
        self._keys = ""
        self._obeyed = [one for one in self._obeyed if at_ns - one < _MINUTE_NS]
        if len(self._obeyed) >= MOST_IN_A_MINUTE:
            return None
        self._obeyed.append(at_ns)
        return command

    def _is_echo(self, key: str, at_ns: int, way: str) -> bool:
        """Whether another way has told this very key; each telling is good for one echo."""
        for other, told in self._told.items():
            told[:] = [one for one in told if abs(at_ns - one[1]) < _ECHO_NS]
            place = next((n for n, one in enumerate(told) if one[0] == key), None)
            if other != way and place is not None:
                del told[: place + 1]
                return True
        self._told.setdefault(way, []).append((key, at_ns))
        return False
