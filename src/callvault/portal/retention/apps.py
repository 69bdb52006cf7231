"""The application `retention`."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    """Models, pages and rules of `retention`."""

    name = "callvault.portal.retention"
    label = "retention"
    default_auto_field = "django.db.models.BigAutoField"
