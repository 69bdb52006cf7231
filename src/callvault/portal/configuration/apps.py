"""The application `configuration`."""

from django.apps import AppConfig


class ConfigurationConfig(AppConfig):
    """Models, pages and rules of `configuration`."""

    name = "callvault.portal.configuration"
    label = "configuration"
    default_auto_field = "django.db.models.BigAutoField"
