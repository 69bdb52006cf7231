"""The application `holds`."""

from django.apps import AppConfig


class HoldsConfig(AppConfig):
    """Models, pages and rules of `holds`."""

    name = "callvault.portal.holds"
    label = "holds"
    default_auto_field = "django.db.models.BigAutoField"
