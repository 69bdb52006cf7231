"""Metadata bytes to an element tree: hardened, bounded, and mended where SRCs break XML.

Production SRCs send raw `<sip:…>` inside elements, bare ampersands, byte-order marks, NULs and
wrong encodings. lxml's recovering parser takes most of it; what it cannot take is mended before.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn
from xml.etree import ElementTree

import msgspec
from lxml import etree

from callvault.errors import RemoteProtocolError

_Source = Any
"""An element of either parser: both have `tag`, `text`, `tail`, `items()` and their children."""

MAX_BYTES = 256 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 8_000  # 200 participants with everything take half of it
_OTHER_MARKUP = 400  # comments and the like, which begin with the same character
MAX_TEXT = 1024
"""Characters of an attribute or an element's text; the rest is cut off."""
MAX_ATTRIBUTES = 256  # of one element: lxml compares each with all others

_CONTROLS = bytes(number for number in range(32) if number not in (9, 10, 13))
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARATION = re.compile(r"\A<\?xml[^>]{0,200}\?>")
_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_LONG_TAG = re.compile(rf"<[^<]{{{5 * MAX_ATTRIBUTES},}}")
_VALUE = re.compile(r"=\s{0,64}[\"']")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));")
_UNQUOTED = re.compile(r"(\sxmlns(?::[\w.-]{1,64})?=)([^\s\"'<>=]{1,256})(?=[\s>/])")
_RAW_URI = re.compile(r"<((?:sips?|tel):[^<>\"']{0,1024})>", re.IGNORECASE)


class Element(msgspec.Struct, frozen=True):
    """One element, the same whichever parser it came from, and quick to ask again and again."""

    name: str  # without namespace or prefix, lower case
    written_name: str  # the same as it is written
    text: str  # before and between its children, as it is
    attributes: dict[str, str]  # by written name
    children: list["Element"]

    def attribute(self, *names: str) -> str:
        """Return the first of the named attributes that is there, trimmed; in lower case."""
        for name in names:
            value = self.attributes.get(name, "")[:MAX_TEXT].strip()
            if value:  # what nearly all recording clients write; the rest is slower
                return value
        lowered = {name.lower(): value for name, value in self.attributes.items()}
        values = (lowered.get(name, "")[:MAX_TEXT].strip() for name in names)
        return next(filter(None, values), "")

    def all_text(self) -> str:
        """Return all text inside, trimmed and cut."""
        if not self.children:
            return self.text[:MAX_TEXT].strip()
        inside = "".join(child.all_text() for child in self.children)
        return (self.text + inside)[:MAX_TEXT].strip()


@dataclass(frozen=True, slots=True)
class Markup:
    """What was parsed."""

    root: Element
    damage: str  # what had to be left out; empty: nothing
    digest: str  # of what it says: neither blanks nor the order of attributes count


def parse_markup(content: bytes) -> Markup:
    """Parse metadata. Raises RemoteProtocolError if nothing can be read or it passes a bound."""
    if len(content) > MAX_BYTES:
        raise RemoteProtocolError(f"metadata of {len(content)} bytes, at most {MAX_BYTES} are read")
    text = _stripped(decoded(content))
    if "<!" in text and _DOCTYPE.search(text):
        raise RemoteProtocolError("metadata with a document type declaration")
    if text.count("<") > 2 * MAX_ELEMENTS + _OTHER_MARKUP:  # before a tree of all is built
        raise RemoteProtocolError(f"metadata with more than {MAX_ELEMENTS} elements")
    source, damage = _well_formed(text), ""
    if source is None:
        source, damage = _recovered(_mended(text))
    builder = _Builder()
    return Markup(builder.build(source), damage, builder.digest())


def _well_formed(text: str) -> _Source | None:
    """Parse by expat, which costs a third; None: it must be mended first.

    Expat expands entities, but a document without a document type has none of its own.
    """
    try:
        return ElementTree.fromstring(text)  # noqa: S314
    except (ElementTree.ParseError, ValueError):
        return None


def _recovered(text: str) -> tuple[_Source, str]:
    """Parse as far as it goes; return what had to be left out, too."""
    if any(len(_VALUE.findall(tag)) > MAX_ATTRIBUTES for tag in _LONG_TAG.findall(text)):
        _refuse_attributes()
    parser = _parser()
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise RemoteProtocolError("metadata that is not XML") from None
    if root is None:
        raise RemoteProtocolError("metadata that is not XML")
    return root, _damage(parser)


@lru_cache(1024)
def _names(tag: str) -> tuple[str, str]:
    """Return a name in lower case and as written, without namespace or undeclared prefix."""
    plain = tag.rpartition("}")[2].rpartition(":")[2]
    return plain.lower(), plain


class _Builder:
    """Copies a tree, within its bounds, and notes what makes it the same as another."""

    def __init__(self) -> None:
        self._room = MAX_ELEMENTS
        self._seen: list[str] = []

    def build(self, source: _Source, depth: int = 1) -> Element:
        """Copy an element and all below it. Raises RemoteProtocolError if they are too many."""
        self._room -= 1
        if depth > MAX_DEPTH:
            raise RemoteProtocolError(f"metadata deeper than {MAX_DEPTH} elements")
        if self._room < 0:
            raise RemoteProtocolError(f"metadata with more than {MAX_ELEMENTS} elements")
        tag, text, seen = str(source.tag), source.text or "", self._seen
        attributes: dict[str, str] = {}
        seen.append(tag)
        given = source.items()
        if len(given) > MAX_ATTRIBUTES:
            _refuse_attributes()
        for name, value in sorted(given):
            attributes[_names(name)[1]] = value
            seen.append(f"{name}={value}")
        seen.append(text.strip())
        children = []
        for child in source:
            if isinstance(child.tag, str):
                children.append(self.build(child, depth + 1))
            else:  # an entity that lxml left
                text += child.tail or ""
        seen.append("/")
        name, written = _names(tag)
        return Element(name, written, text, attributes, children)

    def digest(self) -> str:
        """SHA-256 of all names, attributes in order of their names, and texts; hex."""
        seen = "\0".join(self._seen)
        return hashlib.sha256(seen.encode("utf-8", "surrogatepass")).hexdigest()


def _refuse_attributes() -> NoReturn:
    raise RemoteProtocolError(f"metadata with more than {MAX_ATTRIBUTES} attributes in one tag")


def _damage(parser: etree.XMLParser) -> str:
    """Say where the parser first had to recover. An odd namespace loses nothing."""
    for entry in parser.error_log.filter_from_errors():
        if entry.domain_name != "NAMESPACE":
            return f"not well-formed at line {entry.line}, column {entry.column}"
    return ""


def _parser() -> etree.XMLParser:
    """Return a parser that follows no reference and builds no huge tree."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_blank_text=True,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )


def decoded(content: bytes) -> str:
    """Decode by byte-order mark, else UTF-8, else cp1252; the declared encoding is often wrong."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    content = content.translate(None, _CONTROLS)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _stripped(text: str) -> str:
    """Take off what stands around the XML."""
    text = text.strip("\ufeff \t\r\n")
    return _DECLARATION.sub("", text) if text.startswith("<?xml") else text


def _mended(text: str) -> str:
    """Escape what is plainly text inside the XML, and take out what no XML may hold."""
    text = _NOT_XML.sub("", text)
    text = _RAW_URI.sub(r"&lt;\1&gt;", text)  # Oracle: <apkt:request-uri><sip:…></…>
    text = _UNQUOTED.sub(r'\1"\2"', text)  # and its namespace without quotes
    return _REFERENCE.sub(_character, _BARE_AMPERSAND.sub("&amp;", text))


def _character(reference: re.Match[str]) -> str:
    """Keep a character reference that XML allows, drop any other (XML 1.0, section 2.2)."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    allowed = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE
    return reference[0] if allowed or 0x10000 <= code <= 0x10FFFF else ""
