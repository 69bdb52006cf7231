"""Text that came off the wire, made fit to be written down.

SIP headers are kept byte for byte: what is no UTF-8 stands in them as surrogates (PEP 383), which
neither JSON nor a database takes. Some senders write names in Latin-1, and some send rubbish; a
call must be lost by neither.
"""

from typing import Any


def readable(text: str) -> str:
    """Return the text with its undecodable bytes read as cp1252, and without NUL."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that no bytes were
        raw = text.encode("utf-8", "replace")
    try:
        found = raw.decode()
    except UnicodeDecodeError:
        found = raw.decode("cp1252", "replace")
    return found.replace("\0", "")


def readable_inside(value: Any) -> Any:
    """Return builtins (lists, dictionaries, plain values) with all their texts readable."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {readable_inside(key): readable_inside(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [readable_inside(one) for one in value]
    return value
