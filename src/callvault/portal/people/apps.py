"""The application `people`."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Models, pages and rules of `people`."""

    name = "callvault.portal.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect sign-in and sign-out to the audit log."""
        from . import signals  # noqa: F401 - connecting is what it is imported for
