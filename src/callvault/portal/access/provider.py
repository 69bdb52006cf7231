"""The OpenID Connect provider as allauth drives it: what it does not check is checked here.

Allauth finds the classes in this module of an installed application. It brings state, PKCE and
the exchange of the code; the nonce, the signature and whose account it is are ours.
"""

import logging
import secrets
from typing import Any

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import (
    OpenIDConnectProvider as AllauthProvider,
)
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from .claims import Refused
from .discovery import Discovered, ProviderTrouble, discover, fetch_json, key_set
from .id_tokens import verified_claims

logger = logging.getLogger(__name__)

SCOPES = ("openid", "profile", "email")


class Exchange(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The endpoints of the provider, and what its answers are worth."""

    nonce = ""  # of this sign-in; from the session, not from the request

    @property
    def found(self) -> Discovered:
        """Return what the provider says of itself. Raises OAuth2Error, as allauth expects."""
        if not hasattr(self, "_found"):
            try:
                self._found = discover(self.get_provider().app.settings["server_url"])
            except ProviderTrouble as trouble:
                raise OAuth2Error("unreachable") from trouble
        return self._found

    @property
    def access_token_url(self) -> str:
        """Where codes are exchanged."""
        return self.found.token_endpoint

    @property
    def authorize_url(self) -> str:
        """Where people sign in."""
        return self.found.authorization_endpoint

    @property
    def basic_auth(self) -> bool:
        """Whether the client's secret goes into the header, which is the standard's own way."""
        has_secret = bool(self.get_provider().app.secret)
        return has_secret and "client_secret_basic" in self.found.token_methods

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Return where the provider leads back to: one address, whatever the issuer."""
        url: str = build_absolute_uri(request, reverse("provider_callback"))
        return url

    def complete_login(
        self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any
    ) -> Any:
        """Return the sign-in of whom the token is about. Raises OAuth2Error."""
        try:
            claims = verified_claims(
                kwargs["response"].get("id_token"),
                key_set(self.found.jwks_uri),
                issuer=self.found.issuer,
                client_id=app.client_id,
                nonce=self.nonce,
            )
            claims = self._with_userinfo(app.settings["claim"], claims, token.token)
        except ProviderTrouble as trouble:
            raise OAuth2Error("unreachable") from trouble
        except Refused as refused:
            raise OAuth2Error(refused.reason) from refused
        login = self.get_provider().sociallogin_from_response(request, {"id_token": claims})
        login.claims = claims
        return login

    def _with_userinfo(
        self, name: str, claims: dict[str, Any], access_token: str
    ) -> dict[str, Any]:
        """Ask for the claim where the token leaves it out (Core 1.0, section 5.3)."""
        if name in claims or not self.found.userinfo_endpoint:
            return claims
        told = fetch_json(self.found.userinfo_endpoint, bearer=access_token)
        if told.get("sub") != claims["sub"]:  # section 5.3.2: else it is about somebody else
            raise Refused("token_subject")
        return told | claims


class Callback(OAuth2CallbackView):  # type: ignore[misc]
    """The way back from the provider."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take the answer. What a provider says in a form that nobody expects is a refusal."""
        try:
            response: HttpResponse = super().dispatch(request, *args, **kwargs)
        except (ValueError, TypeError, KeyError, AttributeError) as broken:
            logger.warning("the OpenID Connect provider answered oddly: %s", type(broken).__name__)
            response = render_authentication_error(request, self.adapter.get_provider())
        return response

    def _get_state(self, request: HttpRequest, provider: Any) -> Any:
        state, refusal = super()._get_state(request, provider)
        if state is not None:
            self.adapter.nonce = str(state.get("nonce") or "")
        return state, refusal


class Provider(AllauthProvider):  # type: ignore[misc]
    """The one provider of the settings."""

    oauth2_adapter_class = Exchange

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        """Return where signing in with it begins."""
        return reverse("provider_sign_in")

    def get_callback_url(self) -> str:
        """Return where the provider leads back to."""
        return reverse("provider_callback")

    def get_default_scope(self) -> list[str]:
        """Ask who it is, and nothing else."""
        return list(SCOPES)

    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        """Keep nothing of what the provider tells: the binding needs the subject alone."""
        return {}

    def extract_common_fields(self, data: Any) -> dict[str, Any]:
        """Fill nobody in: who it is follows from the claims alone (`admission`)."""
        return {}

    def extract_email_addresses(self, data: Any) -> list[Any]:
        """Match nobody by an address here."""
        return []

    def begin(self, request: HttpRequest, next_url: str | None) -> HttpResponse:
        """Lead to the provider, with a state and a nonce that this session remembers."""
        nonce = secrets.token_urlsafe(24)
        response: HttpResponse = self.redirect(
            request,
            process="login",
            next_url=next_url,
            scope=list(SCOPES),
            auth_params={"nonce": nonce},
            nonce=nonce,
        )
        return response


provider_classes = [Provider]
