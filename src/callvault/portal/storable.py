"""Text from the wire, as every database takes it.

SIP headers and metadata are decoded byte by byte and may hold NUL or halves of surrogate pairs;
PostgreSQL refuses both, and a call must not fail for a name.
"""

import re
from typing import TypeVar

T = TypeVar("T")

REPLACEMENT = "\ufffd"
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: T) -> T:
    """Return text, or texts within lists and dicts, with a replacement for what none can store."""
    cleaned: object = value
    if isinstance(value, str):
        cleaned = _NOT_STORABLE.sub(REPLACEMENT, value)
    elif isinstance(value, dict):
        cleaned = {storable(key): storable(one) for key, one in value.items()}
    elif isinstance(value, list | tuple):
        cleaned = [storable(one) for one in value]
    return cleaned  # type: ignore[return-value]
