"""The application `recordings`."""

from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    """Models, pages and rules of `recordings`."""

    name = "callvault.portal.recordings"
    label = "recordings"
    default_auto_field = "django.db.models.BigAutoField"
