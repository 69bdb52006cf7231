"""Where a person's row came from."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Source(TextChoices):
    """Who made the person. Whoever changes a row later leaves it as it is."""

    HAND = "hand", _("By hand")
    CSV = "csv", _("CSV")
    LDAP = "ldap", _("LDAP")
    WEBEX = "webex", _("Webex")
    CATCH_ALL = "catch_all", _("Catch-all user")  # of Settings, Capacity: nobody in person


def sources() -> list[tuple[str, str]]:
    """Return the choices of a person's source; asked for, so that a new one needs no migration."""
    return [(source.value, str(source.label)) for source in Source]
