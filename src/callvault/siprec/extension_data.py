"""What vendors add to the metadata: kept flat, in order, with the object that it is said of.

RFC 7865 lets any element of another namespace stand anywhere; the drafts wrap it in
`extensiondata`, and draft-ram writes that beside its object and names the object as `parent`.
"""

from collections.abc import Set
from dataclasses import dataclass, field

from callvault.siprec.document import Extension
from callvault.siprec.markup import (
    MAX_TEXT,
    Element,
    attribute,
    attributes_of,
    name_of,
    written_name,
)

_MAX_VALUES = 256
_MAX_CHARS = 32_768
_MAX_PATH = 256


@dataclass(slots=True)
class ExtensionData:
    """Collects the extensions of one document."""

    values_left: int = _MAX_VALUES
    chars_left: int = _MAX_CHARS
    kinds: dict[str, str] = field(default_factory=dict)  # of the objects, by id
    kept: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)

    def extensions(self) -> tuple[Extension, ...]:
        """Return what was kept, by object."""
        return tuple(
            Extension(kind, object_id, tuple(values))
            for (kind, object_id), values in self.kept.items()
        )

    def name(self, kind: str, object_id: str) -> None:
        """Note an object, so that what is said of it elsewhere finds it."""
        self.kinds.setdefault(object_id, kind)

    def keep_unknown(self, element: Element, kind: str, object_id: str, known: Set[str]) -> None:
        """Keep children that the model does not know as an extension of their object."""
        for child in element:
            name = name_of(child)
            if name == "extensiondata":
                self._keep_wrapped(child, kind, object_id)
            elif name not in known:
                self._keep(kind, object_id, child, written_name(child))

    def _keep_wrapped(self, element: Element, kind: str, object_id: str) -> None:
        parent = attribute(element, "parent")
        if parent in self.kinds:
            kind, object_id = self.kinds[parent], parent
        if not len(element):
            self._keep(kind, object_id, element, "extensiondata")
        for child in element:
            self._keep(kind, object_id, child, written_name(child))

    def _keep(self, kind: str, object_id: str, element: Element, path: str) -> None:
        """Add an element and all below it to an object's extension, while there is room.

        A leaf without text is told as well: that it is there may be all that it says.
        """
        found: list[tuple[str, str]] = []
        _flatten(element, path[:_MAX_PATH], found)
        if found and self.values_left:
            self._add(self.kept.setdefault((kind, object_id), []), found)

    def _add(self, kept: list[tuple[str, str]], found: list[tuple[str, str]]) -> None:
        for one in found[: self.values_left]:
            self.chars_left -= len(one[0]) + len(one[1])
            if self.chars_left < 0:
                self.values_left = 0
                return
            kept.append(one)
        self.values_left -= min(len(found), self.values_left)


def _flatten(element: Element, path: str, found: list[tuple[str, str]]) -> None:
    """Add what an element says and all below it, till there is more than can be kept."""
    if len(found) > _MAX_VALUES:
        return
    given = attributes_of(element) if element.keys() else ()
    for name, value in given:
        found.append((f"{path}@{name}"[:_MAX_PATH], value[:MAX_TEXT]))
    text = (element.text or "")[:MAX_TEXT].strip()
    if text or not (given or len(element)):
        found.append((path, text))
    for child in element:
        inner = f"{path}/{child.tag.rpartition('}')[2]}"[:_MAX_PATH]
        if len(child) or child.keys():
            _flatten(child, inner, found)
        else:  # as most are
            found.append((inner, (child.text or "")[:MAX_TEXT].strip()))
