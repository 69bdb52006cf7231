"""Signing in and out enters the audit log; who is deactivated is not let in any more."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .backends import person_named
from .leaving import end_access
from .models import User


@receiver(user_logged_in)
def _signed_in(sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
    record(request, Action.SIGNED_IN, kind="person", object_id=user.public_id, actor=user)


@receiver(user_logged_out)
def _signed_out(sender: object, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        record(request, Action.SIGNED_OUT, kind="person", object_id=user.public_id, actor=user)


@receiver(user_login_failed)
def _sign_in_failed(sender: object, credentials: Any, **kwargs: Any) -> None:
    request = kwargs.get("request")
    if isinstance(request, HttpRequest):
        person = person_named(str(credentials.get("username") or credentials.get("email") or ""))
        # Only a name that exists is kept: in its place people also type their password.
        record(
            request,
            Action.SIGN_IN_FAILED,
            kind="person",
            object_id=person.public_id if person else "",
        )


@receiver(post_save, sender=User)
def _saved(sender: object, instance: User, *, created: bool, **kwargs: Any) -> None:
    if not created and not instance.is_active:
        end_access([instance.pk])
