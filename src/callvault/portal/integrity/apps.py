"""The application `integrity`."""

from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    """Models, pages and rules of `integrity`."""

    name = "callvault.portal.integrity"
    label = "integrity"
    default_auto_field = "django.db.models.BigAutoField"
