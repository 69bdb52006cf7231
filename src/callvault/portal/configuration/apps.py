"""The application `configuration`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ConfigurationConfig(AppConfig):
    """Models, pages and rules of `configuration`."""

    name = "callvault.portal.configuration"
    label = "configuration"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the database keep what cannot be undone, whatever migrations did to its tables."""
        from .deletion_ban import install_triggers

        post_migrate.connect(install_triggers, sender=self, dispatch_uid="deletion_ban")
