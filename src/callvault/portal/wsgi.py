"""The portal as a WSGI application, as granian loads it: `callvault.portal.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callvault.portal.settings")

application = get_wsgi_application()
