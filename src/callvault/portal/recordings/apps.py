"""The application `recordings`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RecordingsConfig(AppConfig):
    """Models, pages and rules of `recordings`."""

    name = "callvault.portal.recordings"
    label = "recordings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep the index of notes, whatever migrations did to their table."""
        from .note_search import install_index

        post_migrate.connect(install_index, sender=self, dispatch_uid="note_search")
