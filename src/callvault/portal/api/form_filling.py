"""Forms of the portal, filled by the API: one set of rules, one wording, whichever face is used.

What is not sent stays as it is. What a form says of a field comes back under the field's name.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from django.forms import BaseForm
from django.http import QueryDict

from callvault.portal.configuration.line_fields import LinesField

from .problems import Problem, invalid


def as_posted(form: BaseForm, sent: Mapping[str, Any]) -> QueryDict:
    """Return what a browser would post: the form as it is shown, with what was sent in place."""
    data = QueryDict(mutable=True)
    for name, field in form.fields.items():
        value = sent[name] if name in sent else form.get_initial_for_field(field, name)
        if isinstance(value, list | tuple):
            texts = [str(one) for one in value]
            is_lines = isinstance(field, LinesField)
            data.setlist(name, ["\n".join(texts)] if is_lines else texts)
        elif isinstance(value, bool):
            data.setlist(name, ["on"] if value else [])
        elif value is not None:
            data[name] = str(value)
    return data


def must_be_valid(form: BaseForm) -> None:
    """Raise a problem with what the form says of each field."""
    if not form.is_valid():
        raise refused(form)


def refused(form: BaseForm, *, place: str = "body") -> Problem:
    """Return what a form says of each field as a problem."""
    return invalid(list(_told(form, place)))


def _told(form: BaseForm, place: str) -> Iterator[dict[str, str]]:
    for name, texts in form.errors.items():
        pointer = f"/{name if name != '__all__' else ''}"
        for text in map(str, texts):
            yield {"in": place, "pointer": pointer, "detail": text}


def stale(message: str, version: int | str) -> Problem:
    """Return the answer to who was not quick enough, with the version to look at anew."""
    return Problem(409, "stale", message, version=version)


def stamp_of(values: Mapping[str, object]) -> str:
    """Return a version for what keeps none: the same for the same values."""
    return sha256(msgspec.json.encode(dict(values), order="sorted")).hexdigest()[:16]
