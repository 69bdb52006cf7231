"""Signing in and out with the OpenID Connect provider."""

from urllib.parse import urlencode

from allauth.account.utils import get_next_redirect_url
from allauth.account.views import logout as allauth_logout
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from callvault.portal.people.models import User

from .discovery import ProviderTrouble, discover
from .models import OpenIdProvider
from .provider import Callback, Exchange
from .provider_adapter import note_refusal
from .second_factor import came_by_provider
from .sessions import STILL_THERE

FROM_OUTSIDE = ("cross-site", "same-site")


@require_safe
@login_not_required
@never_cache
def provider_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the provider. Another site cannot begin a sign-in here: its link ends at our page."""
    if request.headers.get("Sec-Fetch-Site") in FROM_OUTSIDE:
        return redirect("account_login")
    row = _in_use()
    provider = get_adapter().get_provider(request, row.provider_id)
    try:
        response: HttpResponse = provider.begin(request, get_next_redirect_url(request, "next"))
    except ImmediateHttpResponse as led_back:
        response = led_back.response
    except OAuth2Error:
        response = _unreachable(request)
    return response


@require_safe
@login_not_required
@never_cache
def provider_callback(request: HttpRequest) -> HttpResponse:
    """Take the provider's answer."""
    row = _in_use()
    if request.GET.get("iss", row.issuer) != row.issuer:  # RFC 9207: an answer of somebody else
        return _refused(request, "provider_error")
    exchange = Exchange(request, row.provider_id)
    try:
        response: HttpResponse = Callback.adapter_view(exchange)(request)
    except SocialApp.DoesNotExist as gone:
        raise Http404 from gone
    except OAuth2Error:
        response = _unreachable(request)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@never_cache
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out; who came by the provider is told that the provider still knows them."""
    person = request.user
    came = isinstance(person, User) and came_by_provider(request, person)
    response: HttpResponse = allauth_logout(request)
    if came and request.method == "POST":
        request.session[STILL_THERE] = True
    return response


@require_safe
@login_not_required
@never_cache
def provider_sign_out(request: HttpRequest) -> HttpResponse:
    """Lead to where the provider ends its own session (RP-Initiated Logout 1.0)."""
    row = _in_use()
    try:
        end = discover(row.issuer).end_session_endpoint
    except ProviderTrouble:
        return _unreachable(request)
    if not end:
        return redirect(row.issuer)
    back = request.build_absolute_uri(reverse("account_login"))
    asked = urlencode({"client_id": row.client_id, "post_logout_redirect_uri": back})
    return redirect(f"{end}{'&' if '?' in end else '?'}{asked}")


def _in_use() -> OpenIdProvider:
    row = OpenIdProvider.in_use()
    if row is None:
        raise Http404
    return row


def _unreachable(request: HttpRequest) -> HttpResponse:
    return _refused(request, "unreachable")


def _refused(request: HttpRequest, reason: str) -> HttpResponse:
    note_refusal(request, reason)
    return redirect("account_login")
