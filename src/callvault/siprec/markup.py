"""Metadata bytes to an element tree: hardened, bounded, and mended where SRCs break XML.

Production SRCs send raw `<sip:…>` inside elements, bare ampersands, byte-order marks, NULs and
wrong encodings. lxml's recovering parser takes most of it; what it cannot take is mended before.
"""

import re
from itertools import islice
from typing import Any, NoReturn
from xml.etree import ElementTree

import msgspec
from lxml import etree

from callvault.errors import RemoteProtocolError

Element = ElementTree.Element

_Source = Any
"""An element of either parser: both have `tag`, `text`, `items()`, `iter()` and children."""

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


class Markup(msgspec.Struct, frozen=True):
    """What was parsed."""

    root: Element
    damage: str  # what had to be left out; empty: nothing


def parse_markup(content: bytes) -> Markup:
    """Parse metadata. Raises RemoteProtocolError if nothing can be read or it passes a bound."""
    if len(content) > MAX_BYTES:
        raise RemoteProtocolError(f"metadata of {len(content)} bytes, at most {MAX_BYTES} are read")
    text = _stripped(decoded(content))
    if "!" in text and _DOCTYPE.search(text):
        raise RemoteProtocolError("metadata with a document type declaration")
    tags = text.count("<")
    if tags > 2 * MAX_ELEMENTS + _OTHER_MARKUP:  # before a tree of all is built
        _refuse_elements()
    root = _well_formed(text)
    if root is None:
        return _recovered(_mended(text))
    # So few tags and attributes, as nearly all documents have, cannot pass a bound.
    if tags > 2 * MAX_DEPTH or text.count("=") > MAX_ATTRIBUTES:
        _check_bounds(root)
    return Markup(root, "")


def says_the_same(one: bytes, other: bytes) -> bool:
    """Whether documents that could be parsed differ in blanks and order of attributes at most."""
    return one == other or _canonical(parse_markup(one).root) == _canonical(
        parse_markup(other).root
    )


def name_of(element: Element) -> str:
    """Return the name without namespace, in lower case."""
    return element.tag.rpartition("}")[2].lower()


def written_name(element: Element) -> str:
    """Return the name without namespace, as it is written."""
    return element.tag.rpartition("}")[2]


def attribute(element: Element, *names: str) -> str:
    """Return the first of the named attributes that is there, trimmed; in lower case."""
    for name in names:
        value = element.get(name)
        if value and (trimmed := value[:MAX_TEXT].strip()):
            return trimmed  # what nearly all recording clients write; the rest is slower
    lowered = {name.lower(): value for name, value in attributes_of(element)}
    values = (lowered.get(name, "")[:MAX_TEXT].strip() for name in names)
    return next(filter(None, values), "")


def attributes_of(element: Element) -> list[tuple[str, str]]:
    """Return attributes in order of their names, these without namespace, as written."""
    given = element.items()
    return [(name.rpartition("}")[2], value) for name, value in sorted(given)] if given else []


def text_of(element: Element) -> str:
    """Return all text inside, trimmed and cut."""
    text = element.text or ""
    if len(element):
        text += "".join(map(text_of, element))
    return text[:MAX_TEXT].strip()


def _well_formed(text: str) -> Element | None:
    """Parse by expat, which costs a third; None: it must be mended first.

    Expat expands entities, but a document without a document type has none of its own.
    """
    try:
        return ElementTree.fromstring(text)  # noqa: S314
    except (ElementTree.ParseError, ValueError):
        return None


def _check_bounds(root: _Source) -> None:
    """Raise RemoteProtocolError for more or deeper elements, or more attributes, than are read."""
    elements = list(islice(root.iter(), MAX_ELEMENTS + 1))
    if len(elements) > MAX_ELEMENTS:
        _refuse_elements()
    if any(len(one.keys()) > MAX_ATTRIBUTES for one in elements):
        _refuse_attributes()
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for one in level for child in one]
    if level:
        raise RemoteProtocolError(f"metadata deeper than {MAX_DEPTH} elements")


def _canonical(element: Element) -> tuple[Any, ...]:
    children = [_canonical(child) for child in element]
    return element.tag, sorted(element.items()), (element.text or "").strip(), children


def _recovered(text: str) -> Markup:
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
    etree.strip_tags(root, etree.Entity)  # any that is left
    _check_bounds(root)
    return Markup(_copied(root), _damage(parser))


def _copied(source: _Source) -> Element:
    """Return lxml's element as one of expat's."""
    attributes = {_without_prefix(name): value for name, value in source.items()}
    element = Element(_without_prefix(source.tag), attributes)
    element.text = source.text
    element.extend(map(_copied, source))
    return element


def _without_prefix(name: str) -> str:
    """Take off a prefix that lxml left, since nobody declared it."""
    space, brace, local = name.rpartition("}")
    return f"{space}{brace}{local.rpartition(':')[2]}"


def _refuse_elements() -> NoReturn:
    raise RemoteProtocolError(f"metadata with more than {MAX_ELEMENTS} elements")


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
        return content.decode().removeprefix("\ufeff")
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
