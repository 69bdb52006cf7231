"""Parties out of metadata that cannot be read as XML: better a likely owner than none.

For documents with a document type declaration, which are never parsed, and for what no parser
recovers. Entities are not expanded; nothing here follows or executes anything.
"""

import re
from html import unescape
from itertools import islice

from callvault.siprec.document import DataMode, Document, NameId, Participant, Stream
from callvault.siprec.markup import MAX_TEXT, decoded

MAX_SALVAGED = 16
_MAX_BYTES = 65_536  # looked at; all that is said of parties stands there
_RECORDING = re.compile(r"<(?:[\w.-]{1,64}:)?recording(?:_metadata)?[\s/>]", re.IGNORECASE)
_ADDRESS = re.compile(
    r"""\baor\s*=\s*(?:"([^"<>]{1,512})"|'([^'<>]{1,512})')|<(?:[\w.-]{1,64}:)?aor>([^<>]{1,512})<""",
    re.IGNORECASE,
)
_NAME = re.compile(r"<(?:[\w.-]{1,64}:)?name(?:\s[^<>]{0,64})?>([^<>]{1,512})<", re.IGNORECASE)
_LABEL = re.compile(r"<(?:[\w.-]{1,64}:)?label>([^<>]{1,128})<", re.IGNORECASE)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)[^\s;&]{1,64};")


def salvage(content: bytes, problem: str) -> Document | None:
    """Return addresses with the name that follows each, and labels, in order; None: no address.

    The result takes nothing away and says nothing of who speaks where: order decides.
    """
    text = decoded(content[:_MAX_BYTES])
    if not _RECORDING.search(text):
        return None
    found = list(islice(_ADDRESS.finditer(text), MAX_SALVAGED))
    if not found:
        return None
    ends = [match.start() for match in found[1:]] + [len(text)]
    participants: dict[str, Participant] = {}
    for place, (match, end) in enumerate(zip(found, ends, strict=True), 1):
        aor = _plain(match[1] or match[2] or match[3])
        name = _NAME.search(text, match.end(), min(end, match.end() + 1024))
        identity = NameId(aor, _plain(name[1]) if name else "")
        participants.setdefault(aor, Participant(f"#{place}", (identity,)))
    labelled = islice(_LABEL.finditer(text), MAX_SALVAGED)
    labels = dict.fromkeys(one[1].strip() for one in labelled)
    streams = (Stream(f"#{place}", label=one) for place, one in enumerate(labels, 1))
    return Document(
        mode=DataMode.PARTIAL,
        participants=tuple(participants.values()),
        streams=tuple(streams),
        problem=problem,
    )


def _plain(text: str) -> str:
    """Return text with XML's own references resolved and all others taken out."""
    return unescape(_ENTITY.sub("", text))[:MAX_TEXT].strip()
