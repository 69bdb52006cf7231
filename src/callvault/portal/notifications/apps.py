"""The application `notifications`."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Models, pages and rules of `notifications`."""

    name = "callvault.portal.notifications"
    label = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
