"""The application `decisions`."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from callvault.portal.tallies import Tally, put_up

TALLY = Tally(
    name="call",
    source="decisions_call",
    moment="at",
    target="decisions_calltally",
    keys=("verdict",),
    sums={"count": "1"},
    changed_by=("at", "verdict"),
)


class DecisionsConfig(AppConfig):
    """Models, pages and rules of `decisions`."""

    name = "callvault.portal.decisions"
    label = "decisions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the triggers put up after each migration."""
        post_migrate.connect(_put_up_triggers, sender=self)


def _put_up_triggers(sender: object, using: str, **kwargs: Any) -> None:
    put_up(TALLY, connections[using])
