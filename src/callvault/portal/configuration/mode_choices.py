"""The recording modes as administrators choose them (MODE-1)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """Recording modes that work today; values as in policy.modes.RecordingMode."""

    ALWAYS_ON = "always_on", _("Every call (always-on)")
    ON_DEMAND = "on_demand", _("From a start to a stop (on-demand)")
    LIVE_KEEP = "live_keep", _("Those that are marked (live keep)")
    NEVER = "never", _("No call (never)")


def modes() -> list[tuple[str, str]]:
    """Return the choices; asked for, so that a new one needs no migration."""
    return [(one.value, str(one.label)) for one in Mode]
