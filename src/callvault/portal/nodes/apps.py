"""The application `nodes`."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    """Models, pages and rules of `nodes`."""

    name = "callvault.portal.nodes"
    label = "nodes"
    default_auto_field = "django.db.models.BigAutoField"
