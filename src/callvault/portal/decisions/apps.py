"""The application `decisions`."""

from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    """Models, pages and rules of `decisions`."""

    name = "callvault.portal.decisions"
    label = "decisions"
    default_auto_field = "django.db.models.BigAutoField"
