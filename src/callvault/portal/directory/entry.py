"""One entry of a directory, as text: the same form for LDAP and Webex. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_VALUE_BYTES = 1024
MAX_VALUES = 2000


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """What a directory says of one person. Names of attributes are in lower case."""

    external_id: str  # does not change when the person is renamed; empty: the entry has none
    reference: str  # where it stands there: its DN, or the Webex id
    attributes: Mapping[str, tuple[str, ...]]
    spoilt: frozenset[str] = field(default_factory=frozenset)
    """Attributes that hold something, but no text, or more than is taken."""

    def first(self, name: str) -> str:
        """Return the first value of an attribute; empty: there is none."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of an attribute, whatever the capitals of its name."""
        return self.attributes.get(name.lower(), ())


def text_values(raw: object) -> tuple[str, ...] | None:
    r"""Return the values of an attribute as text, without blanks around; None: it is no text.

    >>> text_values([b" Ann ", b""]), text_values([b"\xff"])
    (('Ann',), None)
    """
    if not isinstance(raw, list) or len(raw) > MAX_VALUES:
        return None
    texts = []
    for value in raw:
        text = _text(value)
        if text is None:
            return None
        texts.append(text)
    return tuple(text for text in texts if text)


def _text(value: object) -> str | None:
    if not isinstance(value, bytes) or len(value) > MAX_VALUE_BYTES:
        return None
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if any(not letter.isprintable() for letter in text) else text.strip()
