"""The application `live`."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Pages and rules of `live`."""

    name = "callvault.portal.live"
    label = "live"
