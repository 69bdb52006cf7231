"""The application `planning`."""

from django.apps import AppConfig


class PlanningConfig(AppConfig):
    """The page of the storage calculator."""

    name = "callvault.portal.planning"
    label = "planning"
