"""The application `access`."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Models, pages and rules of signing in."""

    name = "callvault.portal.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Begin and end sessions with sign-in and sign-out."""
        from . import signals  # noqa: F401 - connecting is what it is imported for
