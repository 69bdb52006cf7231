"""The application `audit`."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Models, pages and rules of `audit`."""

    name = "callvault.portal.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
