"""The application `recordings`."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from callvault.portal.tallies import Tally, put_up

_FLAGGED = "CASE WHEN {row}.is_flagged THEN 1 ELSE 0 END"
GROUP_TALLY = Tally(
    name="recording_group",
    source="recordings_recording",
    moment="started_at",
    target="recordings_grouptally",
    keys=("owner_group",),
    sums={"count": "1", "flagged": _FLAGGED},
    changed_by=("started_at", "is_flagged", "owner_group"),
)
TALLY = Tally(
    name="recording",
    source="recordings_recording",
    moment="started_at",
    target="recordings_recordingtally",
    keys=(),
    sums={
        "count": "1",
        "flagged": _FLAGGED,
        "size_bytes": "{row}.size_bytes",
    },
    changed_by=("started_at", "is_flagged", "size_bytes"),
)


class RecordingsConfig(AppConfig):
    """Models, pages and rules of `recordings`."""

    name = "callvault.portal.recordings"
    label = "recordings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep the indexes of text and the tally, whatever migrations did to the tables."""
        from .text_search import install_indexes

        post_migrate.connect(install_indexes, sender=self, dispatch_uid="text_search")
        post_migrate.connect(_put_up_triggers, sender=self)


def _put_up_triggers(sender: object, using: str, **kwargs: Any) -> None:
    put_up(TALLY, connections[using])
    put_up(GROUP_TALLY, connections[using])
