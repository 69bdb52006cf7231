"""Factors, providers and forgotten passwords, as far as they need no authenticator."""

from allauth.socialaccount.models import SocialAccount
from django.urls import reverse
from django.utils import timezone

from callvault.portal.access.admission import admit
from callvault.portal.access.factor_views import _draw_codes
from callvault.portal.access.models import OpenIdProvider
from callvault.portal.audit.models import Action
from callvault.portal.notifications import resets
from tests.portal.acting import request_of

from . import Stage, walk


@walk(Action.FACTOR_CHANGED)
def draw_new_recovery_codes(stage: Stage) -> None:
    _draw_codes(request_of(stage.ann), stage.ann)


@walk(Action.PROVIDER_BOUND)
def bind(stage: Stage) -> None:
    stage.ann.email = "ann@example.com"
    stage.ann.save()
    claims = {"sub": "0c6f", "email": "ann@example.com", "email_verified": True}
    account = SocialAccount(provider="openid_connect", uid="0c6f")
    admit(request_of(stage.ann), OpenIdProvider.objects.create(enabled=True), account, claims)


@walk(Action.PROVIDER_UNBOUND)
def unbind(stage: Stage) -> None:
    stage.rita.post(reverse("access:unbind", args=[stage.ann.public_id]))


@walk(Action.PASSWORD_RESET_ASKED)
def ask_for_a_new_password(stage: Stage) -> None:
    resets.ask(request_of(stage.ann), "ann", now=timezone.now())
