"""The guides of the documentation as pages of the portal; some are offered beside a trunk.

They are part of a source install; where they are not (a bare package), none is offered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

import callvault

FOLDER = Path(callvault.__file__).parents[2] / "docs" / "guide"
_RENDERER = MarkdownIt("commonmark", {"html": False}).enable("table")
_NAME = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide."""

    name: str  # its file without ".md", and its address
    title: str

    @property
    def file(self) -> Path:
        """Where it lies."""
        return FOLDER / f"{self.name}.md"


_OF_PHONE_SYSTEMS = (  # brands: never translated
    Guide("webex-calling", "Webex Calling"),
    Guide("audiocodes", "AudioCodes"),
    Guide("cisco-cube", "Cisco CUBE"),
    Guide("cisco-cucm", "Cisco CUCM"),
    Guide("oracle-sbc", "Oracle SBC"),
    Guide("opensips", "OpenSIPS"),
)


_OF_PROTOCOLS = (Guide("tls", "SIP over TLS"), Guide("srtp", "SRTP"))


def guides_beside_trunks() -> list[Guide]:
    """Return the guides that are there, of what a trunk is about."""
    return [guide for guide in (*_OF_PHONE_SYSTEMS, *_OF_PROTOCOLS) if guide.file.is_file()]


def guide_named(name: str) -> Guide | None:
    """Return any guide of the documentation, with the title in its first line."""
    guide = Guide(name, "")
    if not _NAME.fullmatch(name) or not guide.file.is_file():
        return None
    with guide.file.open(encoding="utf-8") as lines:
        return Guide(name, lines.readline().lstrip("#").strip())


def rendered(guide: Guide) -> str:
    """Return a guide's text below its title as HTML; markup within it is shown as text."""
    body = guide.file.read_text("utf-8").partition("\n")[2]
    tokens = _RENDERER.parse(body)
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _anchor(tokens[place + 1].content))
        token.children = list(_led(token.children)) if token.children else token.children
    return str(_RENDERER.renderer.render(tokens, _RENDERER.options, {}))


def _led(children: list[Token]) -> Iterator[Token]:
    """Lead links where the portal has their page; of the others only the words stay."""
    is_dead = False
    for child in children:
        if child.type == "link_open":
            address = _address(str(child.attrs.get("href", "")))
            child.attrs["href"] = address
            is_dead = not address
        if not (is_dead and child.type in ("link_open", "link_close")):
            yield child


def _anchor(heading: str) -> str:
    """Return by what name a link leads to a heading, as where the documentation is read else."""
    kept = (one for one in heading.lower() if one.isalnum() or one in " -_")
    return "".join(kept).replace(" ", "-")


def _address(written: str) -> str:
    """Return where a link leads: to another guide, or out; empty: it is not in the portal."""
    if written.startswith(("https://", "#")):
        return written
    page, hash_sign, heading = written.partition("#")
    name = page.removesuffix(".md")
    return f"{name}{hash_sign}{heading}" if _NAME.fullmatch(name) else ""
