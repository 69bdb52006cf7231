"""The portal as a WSGI application, as granian loads it: `callvault.portal.wsgi:application`."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callvault.portal.settings")

application = get_wsgi_application()


def calm_the_collector() -> None:
    """Keep the cyclic collector from what the start has loaded: that took a sixth of a second.

    Again and again, in the middle of pages, and above all of those that read many keys.
    """
    gc.collect()
    gc.freeze()


calm_the_collector()
