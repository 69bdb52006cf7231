"""What allauth asks of us about the provider: its settings, whom it lets in, and refusals."""

from typing import Any, NoReturn

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from callvault.errors import VaultError
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.sealing import unseal

from .admission import admit, check_again
from .claims import Refused
from .discovery import ANSWER_S, CONNECT_S, ProviderTrouble, is_fit, read_bounded
from .models import OpenIdProvider
from .sessions import NOTE

SECRET_PURPOSE = "openid connect client secret"  # noqa: S105 - a name, not a secret
NOT_KNOWN = frozenset(
    {"unknown_person", "domain_not_allowed", "inactive", "ambiguous", "name_taken", "no_room"}
)


class BoundedSession(requests.Session):
    """Asks the provider within bounds: HTTPS, no redirects, a size, a time."""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Ask. Raises RequestException, as allauth expects."""
        if not is_fit(str(url)):
            raise requests.exceptions.InvalidURL("neither HTTPS nor on this machine")
        bounds = {"timeout": (CONNECT_S, ANSWER_S), "allow_redirects": False, "stream": True}
        answer = super().request(method, url, *args, **(kwargs | bounds))
        try:
            answer._content = read_bounded(answer)
        except ProviderTrouble as trouble:
            raise requests.exceptions.ContentDecodingError(str(trouble)) from trouble
        return answer


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """One provider, from the settings; nobody signs up, nobody is matched by allauth."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the provider in use as allauth's row, which is never saved."""
        row = OpenIdProvider.in_use()
        if row is None or provider not in (None, "openid_connect", row.provider_id):
            return []
        app = SocialApp(
            provider="openid_connect",
            provider_id=row.provider_id,
            name=str(row),
            client_id=row.client_id,
            secret=secret_of(row),
            settings={
                "server_url": row.issuer,
                "oauth_pkce_enabled": row.pkce,
                "claim": row.claim,
            },
        )
        return [app]

    def get_requests_session(self) -> requests.Session:
        """Return what asks the provider."""
        return BoundedSession()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Nobody signs up; who may be created is created before it comes to this."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let in whom the settings let in, or lead back to the sign-in with the reason."""
        provider = OpenIdProvider.in_use()
        try:
            if provider is None:
                raise Refused("unknown_person")
            if sociallogin.is_existing:
                check_again(provider, sociallogin.user, sociallogin.claims)
            else:
                sociallogin.user = admit(request, provider, sociallogin.account, sociallogin.claims)
        except Refused as refused:
            lead_back(request, refused.reason)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: BaseException | None = None,
        extra_context: Any = None,
    ) -> None:
        """Say calmly what went wrong, on the sign-in page."""
        if error == AuthError.CANCELLED:
            lead_back(request, "cancelled")
        lead_back(request, _reason(exception))


def secret_of(row: OpenIdProvider) -> str:
    """Return the client's secret; empty where there is none, or this portal cannot open it."""
    if not row.sealed_secret:
        return ""
    try:
        return unseal(row.sealed_secret, purpose=SECRET_PURPOSE)
    except VaultError:
        return ""


def lead_back(request: HttpRequest, reason: str) -> NoReturn:
    """End a sign-in with the provider, from wherever allauth is in it."""
    note_refusal(request, reason)
    raise ImmediateHttpResponse(redirect("account_login"))


def note_refusal(request: HttpRequest, reason: str) -> None:
    """Keep why nobody was signed in: an entry in the audit log, a sentence for the person."""
    if reason != "cancelled":
        record(
            request, Action.SIGN_IN_FAILED, kind="person", by="openid_connect", reason=reason[:40]
        )
    request.session[NOTE] = sentence_of(reason)


def sentence_of(reason: str) -> str:
    """Say why nobody was signed in, as far as the person can do something about it."""
    words = {
        "cancelled": _("Signing in with %(name)s was cancelled."),
        "unreachable": _("%(name)s did not answer as expected. Try again in a moment."),
        "email_not_verified": _("%(name)s has not verified your e-mail address yet."),
        "claim_missing": _("%(name)s did not say who you are. An administrator can mend that."),
        "administrator": _(
            "An administrator is recognised by a verified e-mail address only. Use your password."
        ),
        "bound_to_another": _(
            "Another %(name)s account signs in as this person. Ask an administrator."
        ),
    }
    if reason in NOT_KNOWN:
        told = _("This %(name)s account may not sign in here. An administrator can change that.")
    else:
        untrusted = _("The answer of %(name)s could not be trusted, so nobody was signed in.")
        told = words.get(reason, untrusted)
    return told % {"name": OpenIdProvider.in_use() or "OpenID Connect"}


def _reason(exception: BaseException | None) -> str:
    if exception is None:
        return "provider_error"
    if isinstance(exception, requests.RequestException):
        return "unreachable"
    told = str(exception)
    return told if told == "unreachable" or told.startswith("token_") else "provider_error"
