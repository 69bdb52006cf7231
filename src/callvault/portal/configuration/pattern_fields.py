"""Fields for patterns of numbers and for prefixes, one a line; each wrong line is named."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from callvault.policy.pattern import MOST_PATTERNS, LineInvalid, read_list

from .line_fields import LinesField

_MOST_TOLD = 10
_MOST_PREFIXES = 20
_LONGEST_PREFIX = 8


def parse_patterns(text: str) -> list[str]:
    """Read patterns, each once. Raises ValidationError with every wrong line."""
    good, wrong = read_list(text)
    if wrong:
        told = [_line_told(one) for one in wrong[:_MOST_TOLD]]
        if len(wrong) > _MOST_TOLD:
            told.append(_("And %(count)s more lines.") % {"count": len(wrong) - _MOST_TOLD})
        raise forms.ValidationError(told)
    return good


def _line_told(wrong: LineInvalid) -> str:
    told = {
        "too_long": _("Line %(line)s: too long for a number."),
        "end_mark": _("Line %(line)s: “%(text)s”: ! may only stand at the end."),
        "character": _("Line %(line)s: “%(text)s”: “%(character)s” may not stand in a pattern."),
        "too_many": _("Line %(line)s: more than %(most)s patterns."),
    }[wrong.reason]
    return told % {
        "line": wrong.line,
        "text": wrong.text,
        "character": wrong.character,
        "most": MOST_PATTERNS,
    }


def parse_prefixes(text: str) -> list[str]:
    """Read prefixes: digits, `*` and `#`. Raises ValidationError with the line that is wrong."""
    prefixes: dict[str, None] = {}
    for line, written in enumerate(text.splitlines(), start=1):
        prefix = written.strip()
        if not prefix:
            continue
        if not is_prefix(prefix):
            told = _("Line %(line)s: “%(text)s”: a prefix is up to 8 digits, * or #.")
            raise forms.ValidationError(told % {"line": line, "text": prefix[:64]})
        prefixes[prefix] = None
    if len(prefixes) > _MOST_PREFIXES:
        raise forms.ValidationError(_("At most %(most)s prefixes.") % {"most": _MOST_PREFIXES})
    return list(prefixes)


def is_prefix(text: str) -> bool:
    """Whether a text can be dialled before a number."""
    return 0 < len(text) <= _LONGEST_PREFIX and set(text) <= set("0123456789*#")


class PatternsField(LinesField):
    """Patterns of numbers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            parse=parse_patterns, longest=MOST_PATTERNS * 66, required=False, **options
        )


class PrefixesField(LinesField):
    """Prefixes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parse=parse_prefixes, required=False, **options)
