"""The application `searches`."""

from django.apps import AppConfig


class SearchesConfig(AppConfig):
    """Models, pages and rules of `searches`."""

    name = "callvault.portal.searches"
    label = "searches"
    default_auto_field = "django.db.models.BigAutoField"
