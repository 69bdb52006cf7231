"""The application `storage`."""

from django.apps import AppConfig


class StorageConfig(AppConfig):
    """Models, pages and rules of `storage`."""

    name = "callvault.portal.storage"
    label = "storage"
    default_auto_field = "django.db.models.BigAutoField"
