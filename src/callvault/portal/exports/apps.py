"""The application `exports`."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """Models, pages and rules of `exports`."""

    name = "callvault.portal.exports"
    label = "exports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have retention wait for exports."""
        from callvault.portal.retention import waiting

        from .kept_back import wait_limit, waiting_since

        waiting.register(waiting_since, limit=wait_limit)
