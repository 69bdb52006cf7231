"""The application `directory`."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """Models, pages and rules of `directory`."""

    name = "callvault.portal.directory"
    label = "directory"
    default_auto_field = "django.db.models.BigAutoField"
