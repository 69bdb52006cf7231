"""The portal as a Django application: base templates, static files, template tags, commands."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """What all pages share; the capabilities are applications of their own."""

    name = "callvault.portal"
    label = "portal"
