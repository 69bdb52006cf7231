"""Who changes what guards the account says first who they are, unless they just did."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from urllib.parse import urlencode, urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.people.sign_in import locked_sentence

from .codes import take_code
from .guesses import count_wrong, may_guess
from .hosts import passkey_obstacle
from .passkey_answers import assertion_of, used
from .second_factor import passkeys_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

CONFIRMED: Final = "callvault_confirmed_at"
HOLDS_S = 5 * 60


def confirm(request: HttpRequest) -> None:
    """Remember that the person just said who they are: at the sign-in, or here."""
    request.session[CONFIRMED] = time.time()


def is_confirmed(request: HttpRequest, *, now_s: float | None = None) -> bool:
    """Whether that was a few minutes ago at most."""
    since = request.session.get(CONFIRMED, 0)
    now_s = time.time() if now_s is None else now_s
    return isinstance(since, int | float) and 0 <= now_s - since < HOLDS_S


def confirmed_first(view: View[P]) -> View[P]:
    """Ask who it is before the page; what was sent is asked for again afterwards."""

    @wraps(view)
    def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_confirmed(request):
            return view(request, *args, **kwargs)
        back = request.path if request.method in ("GET", "HEAD") else _page_before(request)
        return redirect(f"{reverse('access:confirm')}?{urlencode({'next': back})}")

    return gated


class ConfirmForm(forms.Form):
    """Password, code or passkey: what of these the person has."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    credential = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, request: HttpRequest, person: User) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self._request, self._person = request, person

    def clean(self) -> dict[str, object]:
        """Check the one that was filled in; wrong ones count towards the lock-out."""
        cleaned = super().clean() or {}
        if not may_guess(self._request, self._person):
            raise ValidationError(locked_sentence())
        if cleaned.get("credential"):
            row = assertion_of(self._person, cleaned["credential"])
            used(row)
        elif cleaned.get("code"):
            self._check_code(str(cleaned["code"]))
        else:
            self._check_password(str(cleaned.get("password") or ""))
        return cleaned

    def _check_code(self, code: str) -> None:
        if take_code(self._person, code) is None:
            count_wrong(self._request, self._person)
            self.add_error("code", _("This code is not right, or it was used already."))

    def _check_password(self, password: str) -> None:
        name = self._person.get_username()
        if not password or authenticate(self._request, username=name, password=password) is None:
            self.add_error("password", _("This is not your password."))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_identity(request: HttpRequest) -> HttpResponse:
    """Ask a signed-in person who they are, and lead back to what they wanted."""
    person = person_of(request)
    form = ConfirmForm(request, person)
    back = _back(request)
    if request.method == "POST" and form.is_valid():
        record(request, Action.IDENTITY_CONFIRMED, kind="person", object_id=person.public_id)
        request.session.cycle_key()
        confirm(request)
        return redirect(back)
    keys = not passkey_obstacle(request) and bool(passkeys_of(person))
    context = {
        "form": form,
        "next": back,
        "asks_password": may_have_password(person),
        "asks_code": has_app_or_codes(person),
        "asks_passkey": keys,
        "options": webauthn.begin_authentication(person) if keys else None,
    }
    status = 422 if form.is_bound else 200
    return render(request, "access/confirm.html", context, status=status)


def may_have_password(person: User) -> bool:
    """Whether a password may be asked for: one kept here, or one that a directory knows."""
    return person.has_usable_password() or getattr(person, "source", "") in ("ldap", "directory")


def has_app_or_codes(person: User) -> bool:
    """Whether the person has codes to type."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    found: bool = Authenticator.objects.filter(user=person, type__in=kinds).exists()
    return found


def _back(request: HttpRequest) -> str:
    return _if_here(request, request.POST.get("next") or request.GET.get("next") or "")


def _page_before(request: HttpRequest) -> str:
    """Return the page that a form was sent from; what it sent is not sent again by itself."""
    return urlsplit(_if_here(request, request.headers.get("Referer", ""))).path


def _if_here(request: HttpRequest, wanted: str) -> str:
    here = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if here else reverse("access:account")
