"""Tags that put a form's fields into the components, with names, help and errors linked."""

from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Select, Textarea, Widget
from django.utils.safestring import SafeString

register = template.Library()


def _class_of(widget: Widget) -> str:
    """Return the component's class for a widget; a checkbox is styled by its surrounding label."""
    if isinstance(widget, CheckboxInput):
        return ""
    if isinstance(widget, Select):
        return "cv-select"
    if isinstance(widget, Textarea):
        return "cv-textarea"
    return "cv-input"


@register.simple_tag
def control(field: BoundField, css: str = "", **attributes: Any) -> SafeString:
    """Draw a field's control: its class, and links to its help and to its errors.

    Further arguments become attributes, with `_` for `-`: `{% control field inputmode="tel" %}`.
    """
    if "type" in attributes:  # Django writes the widget's own; a second one would not count
        field.field.widget.input_type = attributes.pop("type")
    attrs = {name.replace("_", "-"): value for name, value in attributes.items()}
    classes = " ".join(filter(None, (_class_of(field.field.widget), css)))
    own = field.field.widget.attrs.get("class", "")
    if classes or own:
        attrs["class"] = " ".join(filter(None, (classes, own)))
    described_by = [f"{field.id_for_label}_help"] if field.help_text else []
    if field.errors:
        attrs["aria-invalid"] = "true"
        described_by.append(f"{field.id_for_label}_error")
    if described_by:
        attrs["aria-describedby"] = " ".join(described_by)
    return field.as_widget(attrs=attrs)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether a field is one checkbox, whose label stands after it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def is_select(field: BoundField) -> bool:
    """Whether a field is a list to choose from, which is drawn with an arrow."""
    return isinstance(field.field.widget, Select)
