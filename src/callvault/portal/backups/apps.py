"""The application `backups`."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """Models, pages and deeds of `backups`."""

    name = "callvault.portal.backups"
    label = "backups"
    default_auto_field = "django.db.models.BigAutoField"
