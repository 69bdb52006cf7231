"""Whole dialogs as text: what an SRC says, step by step, and which recordings must come of it.

The language is told in tests/corpus/dialogs/README.md. Nothing is sent here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "corpus" / "dialogs"
HEADS = {"vendor", "scenario", "form", "transport", "trunk", "note"}
VERBS = {
    *("cs", "cs-end", "party", "leave", "mute", "unmute", "line", "set", "source", "dialog"),
    *("send", "talk", "unheard", "wait", "crash", "expect-bye", "mark"),
}


class ScriptError(Exception):
    """A dialog file says what the language does not know."""


@dataclass(frozen=True)
class Step:
    """One line: a verb, its words, and its values (`line=2`)."""

    verb: str
    words: tuple[str, ...]
    values: dict[str, str]
    number: int  # of the line, for messages


@dataclass
class Expected:
    """A recording that must come of it."""

    owner: str  # of the cast
    dialog: str
    direction: str = "in"
    remote: str = ""
    name: str = ""
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    begins: str = ""  # the mark at which it does; empty: with the call
    ends: str = ""
    flags: tuple[str, ...] = ()


@dataclass
class Script:
    """One dialog file."""

    name: str
    heads: dict[str, str]
    steps: list[Step]
    expected: list[Expected] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)  # by dialog; else recorded
    interactions: int = 1  # how many the recordings form

    @property
    def dialogs(self) -> list[str]:
        """Names of the SIP dialogs in it, in order."""
        named = [one.words[0] for one in self.steps if one.verb == "dialog"]
        return list(dict.fromkeys(named)) or ["a"]


def read_all(folder: Path = FOLDER) -> list[Script]:
    """Read every dialog file."""
    return [
        read(path.read_text(), path.relative_to(folder).with_suffix("").as_posix())
        for path in sorted(folder.glob("*/*.dialog"))
    ]


def read(text: str, name: str) -> Script:
    """Read one dialog file. Raises ScriptError with the line that it does not know."""
    lines = list(_lines(text))
    heads = {key: value for _, key, value in _heads(lines)}
    script = Script(name, heads, [])
    rest = lines[len(heads) :]
    divider = next((i for i, (_, line) in enumerate(rest) if line.strip() == "---"), len(rest))
    script.steps = [_step(number, line) for number, line in rest[:divider]]
    for number, line in rest[divider + 1 :]:
        _expect(script, number, line.split())
    return script


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition(" # ")[0].rstrip()
        if line.strip() and not line.startswith("#"):
            yield number, line


def _heads(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for number, line in lines:
        key, colon, value = line.partition(":")
        if not colon or key not in HEADS:
            return
        yield number, key, value.strip()


def _step(number: int, line: str) -> Step:
    verb, *rest = line.split()
    if verb not in VERBS:
        raise ScriptError(f"line {number}: {verb}?")
    words = tuple(word for word in rest if "=" not in word)
    values = dict(word.split("=", 1) for word in rest if "=" in word)
    return Step(verb, words, values, number)


def _expect(script: Script, number: int, words: list[str]) -> None:
    match words:
        case ["recording", owner, *dialog]:
            script.expected.append(Expected(owner, dialog[0] if dialog else script.dialogs[0]))
        case ["verdict", dialog, verdict]:
            script.verdicts[dialog] = verdict
        case ["interactions", count]:
            script.interactions = int(count)
        case ["left" | "right" | "events" | "flags" as key, *values] if script.expected:
            setattr(script.expected[-1], key, tuple(values))
        case ["direction" | "remote" | "begins" | "ends" as key, value] if script.expected:
            setattr(script.expected[-1], key, value)
        case ["name", *values] if script.expected:
            script.expected[-1].name = " ".join(values)
        case _:
            raise ScriptError(f"line {number}: {' '.join(words)}?")
