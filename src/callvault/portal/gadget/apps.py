"""The application `gadget`."""

from django.apps import AppConfig


class GadgetConfig(AppConfig):
    """The embedded page, and who may embed it."""

    name = "callvault.portal.gadget"
    label = "gadget"
