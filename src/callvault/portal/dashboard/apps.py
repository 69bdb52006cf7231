"""The application `dashboard`."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Pages of `dashboard`; it has no rows of its own."""

    name = "callvault.portal.dashboard"
    label = "dashboard"
