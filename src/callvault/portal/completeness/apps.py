"""The application `completeness`."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from callvault.portal.tallies import Tally, put_up

TALLY = Tally(
    name="cdr",
    source="completeness_cdrcall",
    moment="began_at",
    target="completeness_cdrtally",
    keys=("verdict",),
    sums={"count": "1"},
    changed_by=("began_at", "verdict"),
)


class CompletenessConfig(AppConfig):
    """Models, pages and rules of `completeness`."""

    name = "callvault.portal.completeness"
    label = "completeness"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the triggers put up after each migration."""
        post_migrate.connect(_put_up_triggers, sender=self)


def _put_up_triggers(sender: object, using: str, **kwargs: Any) -> None:
    put_up(TALLY, connections[using])
