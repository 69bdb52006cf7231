"""The application `api`."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Models, pages and rules of `api`."""

    name = "callvault.portal.api"
    label = "api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Watch who is deactivated."""
        from . import signals  # noqa: F401 - connecting is what it is imported for
