"""Trunks in words: their fields by the names of the form, and who changed what meanwhile."""

from collections.abc import Sequence

from django.utils.html import strip_tags
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from callvault.portal.templatetags.cv_ui import ago

from .trunk_changes import Change
from .trunk_form import TrunkForm


def stale_sentence(changes: Sequence[Change]) -> str:
    """Say who changed what while the form was open, and what saving again does."""
    told = " ".join(_change_told(change) for change in reversed(changes))
    told = told or _("Somebody changed this trunk meanwhile.")
    kept = _("What you typed is still here; save again to put it in place of that.")
    return f"{told} {kept}"


def _change_told(change: Change) -> str:
    told = {
        "who": change.who,
        "what": get_text_list([field_label(name) for name in change.fields], _("and")),
        "when": strip_tags(ago(change.entry.at)),
    }
    return _("%(who)s changed this trunk %(when)s: %(what)s.") % told


def field_label(name: str) -> str:
    """Return what the form calls a field."""
    if name == "password":
        return _("Digest password")
    field = TrunkForm.base_fields.get(name)
    return str(field.label if field is not None and field.label else name)
