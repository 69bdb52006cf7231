"""Sessions begin and end with sign-in and sign-out, and end when a person is deactivated."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from callvault.portal.people.leaving import deactivated
from callvault.portal.people.models import User

from .confirm import confirm
from .models import OpenSession
from .sessions import begin, end_row


@receiver(user_logged_in)
def _signed_in(sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
    begin(request, user)
    confirm(request)


@receiver(user_logged_out)
def _signed_out(sender: object, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        end_row(request)


@receiver(deactivated)
def _deactivated(sender: object, people: Collection[int], **kwargs: Any) -> None:
    OpenSession.objects.filter(person__in=people).delete()
