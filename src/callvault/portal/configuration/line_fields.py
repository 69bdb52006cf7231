"""Fields that take a list, one entry a line."""

from collections.abc import Callable
from typing import Any

from django import forms


class LinesField(forms.CharField):
    """A list as lines of text; `parse` returns it in canonical form, or raises ValueError."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off"})

    def __init__(
        self, *, parse: Callable[[str], list[str]], longest: int = 16_384, **options: Any
    ) -> None:
        """`parse` tells in its error which line is wrong, and why."""
        super().__init__(max_length=longest, **options)
        self._parse = parse

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines; what was typed wrong comes back as it was typed."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Return the list in canonical form."""
        text = super().clean(value)
        try:
            return self._parse(text)
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lists, not how they were typed."""
        try:
            return self._parse(str(data or "")) != (initial or [])
        except (ValueError, forms.ValidationError):
            return True
