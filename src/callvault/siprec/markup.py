"""Metadata bytes to an element tree: hardened, bounded, and mended where SRCs break XML.

Production SRCs send raw `<sip:…>` inside elements, bare ampersands, byte-order marks, NULs and
wrong encodings. lxml's recovering parser takes most of it; what it cannot take is mended before.
"""

import hashlib
import re
from functools import lru_cache

from lxml import etree

from callvault.errors import RemoteProtocolError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 8_000  # 200 participants with everything take half of it
MAX_TEXT = 1024
"""Characters of an attribute or an element's text; the rest is cut off."""
MAX_ATTRIBUTES = 256  # of one element: the parser compares each with all others

_NOT_XML = {number: None for number in range(32) if number not in (9, 10, 13)} | {
    0xFFFE: None,
    0xFFFF: None,
}
_DECLARATION = re.compile(r"\A<\?xml[^>]{0,200}\?>")
_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_LONG_TAG = re.compile(rf"<[^<]{{{5 * MAX_ATTRIBUTES},}}")
_VALUE = re.compile(r"=\s{0,64}[\"']")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));")
_UNQUOTED = re.compile(r"(\sxmlns(?::[\w.-]{1,64})?=)([^\s\"'<>=]{1,256})(?=[\s>/])")
_RAW_URI = re.compile(r"<((?:sips?|tel):[^<>\"']{0,1024})>", re.IGNORECASE)


def parse_markup(content: bytes) -> tuple[etree._Element, str]:
    """Return the root element, and what had to be left out ("" if nothing).

    Raises RemoteProtocolError if there is nothing to read or it passes a bound.
    """
    if len(content) > MAX_BYTES:
        raise RemoteProtocolError(f"metadata of {len(content)} bytes, at most {MAX_BYTES} are read")
    text = _mended(decoded(content))
    if _DOCTYPE.search(text):
        raise RemoteProtocolError("metadata with a document type declaration")
    if any(len(_VALUE.findall(tag)) > MAX_ATTRIBUTES for tag in _LONG_TAG.findall(text)):
        raise RemoteProtocolError(f"metadata with more than {MAX_ATTRIBUTES} attributes in one tag")
    parser = _parser()
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise RemoteProtocolError("metadata that is not XML") from None
    if root is None:
        raise RemoteProtocolError("metadata that is not XML")
    _check_bounds(root)
    return root, _damage(parser)


@lru_cache(1024)
def local_name(tag: str) -> str:
    """Name without namespace or prefix, lower case; an undeclared prefix stays in the tag."""
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


def children(element: etree._Element) -> list[tuple[str, etree._Element]]:
    """Return (local name, child) of child elements; an entity the parser left is none."""
    return [(local_name(child.tag), child) for child in element if isinstance(child.tag, str)]


def attribute(element: etree._Element, *names: str) -> str:
    """Return the first of the named attributes that is there, trimmed; names in lower case."""
    as_named = str(element.get(names[0]) or "")[:MAX_TEXT].strip()
    if as_named:  # what nearly all recording clients write; the rest is slower
        return as_named
    found = {local_name(str(name)): str(value) for name, value in element.attrib.items()}
    values = (found.get(name, "")[:MAX_TEXT].strip() for name in names)
    return next(filter(None, values), "")


def text_of(element: etree._Element) -> str:
    """Return all text inside, trimmed and cut."""
    if not len(element):
        return (element.text or "")[:MAX_TEXT].strip()
    return "".join(map(str, element.itertext()))[:MAX_TEXT].strip()


def digest(root: etree._Element) -> str:
    """SHA-256 of the canonical XML, hex. Blanks between elements went with the parsing."""
    try:
        canonical = etree.tostring(root, method="c14n")
    except (etree.C14NError, ValueError):  # a namespace that is no URI, say
        canonical = etree.tostring(root)
    return hashlib.sha256(canonical).hexdigest()


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
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _mended(text: str) -> str:
    """Take off what stands around the XML, and escape what is plainly text inside it."""
    text = text.translate(_NOT_XML).strip("\ufeff \t\r\n")
    text = _DECLARATION.sub("", text)
    text = _RAW_URI.sub(r"&lt;\1&gt;", text)  # Oracle: <apkt:request-uri><sip:…></…>
    text = _UNQUOTED.sub(r'\1"\2"', text)  # and its namespace without quotes
    return _REFERENCE.sub(_character, _BARE_AMPERSAND.sub("&amp;", text))


def _character(reference: re.Match[str]) -> str:
    """Keep a character reference that XML allows, drop any other (XML 1.0, section 2.2)."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    allowed = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE
    return reference[0] if allowed or 0x10000 <= code <= 0x10FFFF else ""


def _check_bounds(root: etree._Element) -> None:
    """Raise RemoteProtocolError for a tree that is too deep or too large."""
    depth = 0
    for count, (event, _) in enumerate(etree.iterwalk(root, events=("start", "end"))):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise RemoteProtocolError(f"metadata deeper than {MAX_DEPTH} elements")
        if count > 2 * MAX_ELEMENTS:
            raise RemoteProtocolError(f"metadata with more than {MAX_ELEMENTS} elements")
