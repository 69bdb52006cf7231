"""What every page is given beside its own context."""

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from callvault.portal.access.sessions import single_keys_act
from callvault.portal.people.models import User

from .navigation import navigation_for
from .status import recorder_status


def portal(request: HttpRequest) -> dict[str, Any]:
    """Sidebar, status of the recorder, and the name of the time zone that times are in."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or user.must_change_password:
        return {}
    return {
        "navigation": navigation_for(user, request.path),
        "recorder": recorder_status(settings.DATA_FOLDER, now_ns=time.time_ns()),
        "zone_name": timezone.get_current_timezone_name(),
        "theme": user.theme,
        "single_keys": single_keys_act(request),
    }
