"""A request of somebody who is signed in, for functions that want to know who acts."""

from django.http import HttpRequest
from django.test import RequestFactory

from callvault.portal.people.models import User


def request_of(user: User) -> HttpRequest:
    """Return a request that this person sent from 192.0.2.77."""
    request = RequestFactory(REMOTE_ADDR="192.0.2.77").post("/")
    request.user = user
    return request
