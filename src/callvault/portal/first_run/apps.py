"""The application `first_run`."""

from django.apps import AppConfig


class FirstRunConfig(AppConfig):
    """The guide of the first run."""

    name = "callvault.portal.first_run"
    label = "first_run"
