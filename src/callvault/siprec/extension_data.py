"""What vendors add to the metadata: kept flat, in order, with the object that it is said of.

RFC 7865 lets any element of another namespace stand anywhere; the drafts wrap it in
`extensiondata`, and draft-ram writes that beside its object and names the object as `parent`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from callvault.siprec.document import Extension
from callvault.siprec.markup import MAX_TEXT, Element

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

    def keep_unknown(
        self, element: Element, kind: str, object_id: str, known: Iterable[str]
    ) -> None:
        """Keep children that the model does not know as an extension of their object."""
        self.kinds.setdefault(object_id, kind)
        for child in element.children:
            if child.name == "extensiondata":
                self._keep_wrapped(child, kind, object_id)
            elif child.name not in known:
                self._keep(kind, object_id, child, child.written_name)

    def _keep_wrapped(self, element: Element, kind: str, object_id: str) -> None:
        parent = element.attribute("parent")
        if parent in self.kinds:
            kind, object_id = self.kinds[parent], parent
        if not element.children:
            self._keep(kind, object_id, element, "extensiondata")
        for child in element.children:
            self._keep(kind, object_id, child, child.written_name)

    def _keep(self, kind: str, object_id: str, element: Element, path: str) -> None:
        """Add an element and all below it to an object's extension, while there is room.

        A leaf without text is told as well: that it is there may be all that it says.
        """
        kept = self.kept.setdefault((kind, object_id), [])
        self._flatten(element, path[:_MAX_PATH], kept)
        if not kept:
            del self.kept[kind, object_id]

    def _flatten(self, element: Element, path: str, kept: list[tuple[str, str]]) -> None:
        for name, value in element.attributes.items():
            self._add(kept, f"{path}@{name}", value)
        text = element.text[:MAX_TEXT].strip()
        if text or not (element.children or element.attributes):
            self._add(kept, path, text)
        for child in element.children:
            self._flatten(child, f"{path}/{child.written_name}"[:_MAX_PATH], kept)

    def _add(self, kept: list[tuple[str, str]], path: str, text: str) -> None:
        path, text = path[:_MAX_PATH], text[:MAX_TEXT]
        self.chars_left -= len(path) + len(text)
        if self.chars_left < 0 or not self.values_left:
            self.chars_left = 0
            return
        self.values_left -= 1
        kept.append((path, text))
