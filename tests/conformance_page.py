"""Write the conformance page from the tests: `python -m tests.conformance_page`.

Phone systems by scenarios come from the dialog files (tests/corpus/dialogs), all of which are
played at a running recorder; the lists below them are the names of the tests that hold each row.
A pure test fails when the committed page tells of dialogs or tests that are not there, or leaves a
dialog out.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

from tests.dialogs.script import Script, read_all

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "conformance.md"
SCENARIOS = {
    "Basic": ("Basic call",),
    "Hold": ("Hold",),
    "Pause": ("Pause",),
    "Transfer": ("Blind transfer", "Attended transfer", "Transfer"),
    "Conference": ("Conference",),
    "Streams, codecs": ("Stream", "Codec", "Four lines", "Recording required"),
    "Sessions": ("Several sessions", "A second session", "Recording session without"),
    "Order": ("Late", "Metadata only", "re-INVITE", "INVITE without", "Session refresh", "Dummy"),
    "Two of it": ("The same call", "Both users", "Two calls"),
    "Ends": ("SRC crash", "Media stop", "Session timer", "Long hold", "Call that was never"),
    "Labels": ("Labels",),
}
"""Columns of the table, and how the scenarios of each begin. A file that fits none is a fault."""
SECTIONS = {
    "Media": ("tests/audio/test_render.py", "tests/audio/test_timeline.py"),
    "Codecs": ("tests/audio/test_codecs.py", "tests/audio/test_opus.py"),
    "RTCP reports": ("tests/capture/test_reports.py", "tests/flows/test_recorder_reports.py"),
    "SRTP": (
        "tests/flows/test_srtp.py",
        "tests/flows/test_srtp_node.py",
        "tests/sdp/test_crypto.py",
    ),
    "Transports and transactions": (
        "tests/flows/test_sip_drivers.py",
        "tests/flows/test_sip_tls.py",
        "tests/flows/test_recorder_tls.py",
        "tests/flows/test_recorder_ipv6.py",
        "tests/flows/test_sip_sipp.py",
    ),
    "Hostile input": ("tests/flows/test_hostile.py",),
}
"""Further rows: the tests of these files, by what they say."""
SHORT = (
    *("sip", "rtp", "srtp", "srtcp", "rtcp", "tls", "tcp", "udp", "sdp", "sdes", "dtls", "mki"),
    *("invite", "bye", "ack", "cancel", "options", "ssrc", "ipv4", "ipv6"),
)
MESSAGES = ROOT / "tests" / "corpus" / "siprec" / "messages"

HEAD = """# Conformance: phone systems and scenarios

Each number counts dialog files of `tests/corpus/dialogs` that are played, message by message and
packet by packet, at a running recorder: every answer is checked against the offer, every recording
for its owner, parties, direction, length (40 ms), timeline and who is heard on which channel, and
for what it is linked with. All of them pass, or the tests do not. The messages are of our own
making in each system's form; no equipment of these makers was at hand, and none of them has
certified anything.

Made by `python -m tests.conformance_page`; a test fails when it is not what the tests say.
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD, dialogs(), _messages()]
    parts += [_section(title, files) for title, files in SECTIONS.items()]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def dialogs() -> str:
    """Return what the page says of the dialogs that are played."""
    scripts = read_all()
    return f"{_table(scripts)}\n\n{_scenarios(scripts)}"


def lines_of_tests() -> set[str]:
    """Return each line of the page that names a test."""
    return {
        f"* {sentence}"
        for files in SECTIONS.values()
        for name in files
        for sentence in _sentences(ROOT / name)
    }


def column_of(scenario: str) -> str:
    """Return the column of a scenario. Raises KeyError for one without."""
    for column, beginnings in SCENARIOS.items():
        if scenario.startswith(beginnings):
            return column
    raise KeyError(scenario)


def _table(scripts: list[Script]) -> str:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in scripts:
        counts[one.heads["vendor"]][column_of(one.heads["scenario"])] += 1
    lines = [
        f"| Phone system | {' | '.join(SCENARIOS)} |",
        f"|---|{'---|' * len(SCENARIOS)}",
    ]
    for vendor in sorted(counts, key=str.casefold):
        cells = [str(counts[vendor][column] or "") for column in SCENARIOS]
        lines.append(f"| {vendor} | {' | '.join(cells)} |")
    return "\n".join(["## At a glance", "", *lines])


def _scenarios(scripts: list[Script]) -> str:
    lines = [
        "## Dialogs that are played",
        "",
        "| Phone system | Scenario | What is peculiar | Becomes |",
        "|---|---|---|---|",
    ]
    ordered = sorted(scripts, key=lambda one: (one.heads["vendor"].casefold(), one.name))
    for one in ordered:
        heads = one.heads
        transport = ", UDP" if heads.get("transport") == "udp" else ""
        cells = (heads["vendor"], heads["scenario"] + transport, heads.get("note", ""))
        lines.append(f"| {' | '.join(cells)} | {_outcome(one)} |")
    return "\n".join(lines)


def _outcome(script: Script) -> str:
    count = len(script.expected)
    if not count:
        return ", ".join(sorted(set(script.verdicts.values())))
    told = "1 recording" if count == 1 else f"{count} recordings"
    if count > 1:
        told += " of one interaction" if script.interactions == 1 else ""
        told += f" of {script.interactions} interactions" if script.interactions > 1 else ""
    return told


def _messages() -> str:
    names = sorted(
        {path.name.split(".")[0] for path in MESSAGES.glob("*.sip")}
        - {path.name.split(".")[0] for path in MESSAGES.glob("*_invalid*.sip")}
    )
    told = ", ".join(name.replace("_", " ") for name in names)
    return "\n".join(
        [
            "## Messages that are understood",
            "",
            f"{len(names)} further dialogs of whole messages, each with what is understood after",
            "each of them (`tests/corpus/siprec/messages`): " + told + ".",
        ]
    )


def _section(title: str, files: tuple[str, ...]) -> str:
    lines = [f"## {title}", ""]
    for name in files:
        lines += [f"* {sentence}" for sentence in _sentences(ROOT / name)]
    return "\n".join(lines)


def _sentences(path: Path) -> list[str]:
    """Return what the tests of a file say, in their order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [node.name for node in ast.walk(tree) if isinstance(node, functions)]
    return [_sentence(name) for name in names if name.startswith("test_")]


def _sentence(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ")
    for short in SHORT:
        words = re.sub(rf"\b{short}\b", short.upper().replace("IPV", "IPv"), words)
    return words[0].upper() + words[1:]


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
