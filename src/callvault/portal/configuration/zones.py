"""Time zones as people type them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.utils.translation import gettext as _


def zone_name(typed: object) -> str:
    """Return an IANA time zone as typed; refuse what is none."""
    name = str(typed or "").strip()
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        message = _("“%(zone)s” is no time zone. Write it as Europe/Rome.") % {"zone": name}
        raise forms.ValidationError(message) from unknown
    return name
