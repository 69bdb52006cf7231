"""What vendors add to the metadata: kept flat, in order, with the object that it is said of.

RFC 7865 lets any element of another namespace stand anywhere; the drafts wrap it in
`extensiondata`, and draft-ram writes that beside its object and names the object as `parent`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from callvault.siprec.document import Extension
from callvault.siprec.markup import MAX_TEXT, attribute, children, text_of

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
        self, element: etree._Element, kind: str, object_id: str, known: Iterable[str]
    ) -> None:
        """Keep children that the model does not know as an extension of their object."""
        self.kinds.setdefault(object_id, kind)
        for name, child in children(element):
            if name == "extensiondata":
                self._keep_wrapped(child, kind, object_id)
            elif name not in known:
                self._keep(kind, object_id, _flattened(child, _plain(str(child.tag))))

    def _keep_wrapped(self, element: etree._Element, kind: str, object_id: str) -> None:
        parent = attribute(element, "parent")
        if parent in self.kinds:
            kind, object_id = self.kinds[parent], parent
        if not len(element):
            self._keep(kind, object_id, _flattened(element, "extensiondata"))
        for _, child in children(element):
            self._keep(kind, object_id, _flattened(child, _plain(str(child.tag))))

    def _keep(self, kind: str, object_id: str, values: Iterable[tuple[str, str]]) -> None:
        """Add values to an object's extension while there is room."""
        for path, text in values:
            self.chars_left -= len(path) + len(text)
            if self.chars_left < 0 or not self.values_left:
                return
            self.values_left -= 1
            self.kept.setdefault((kind, object_id), []).append((path, text))


def _flattened(element: etree._Element, path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of an element and all below it; bounded by the tree's own bounds.

    A leaf without text is told as well: that it is there may be all that it says.
    """
    path = path[:_MAX_PATH]
    for name, value in element.attrib.items():
        yield f"{path}@{_plain(str(name))}"[:_MAX_PATH], str(value)[:MAX_TEXT]
    below = children(element)
    text = text_of(element) if not below else (element.text or "").strip()[:MAX_TEXT]
    if text or not (below or element.attrib):
        yield path, text
    for _, child in below:
        yield from _flattened(child, f"{path}/{_plain(str(child.tag))}")


def _plain(name: str) -> str:
    """Return a name without namespace or prefix, as it is written."""
    return name.rpartition("}")[2].rpartition(":")[2]
