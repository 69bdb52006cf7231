"""The sign-in form, and what happens after too many tries (django-axes counts them)."""

from datetime import timedelta
from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from callvault.portal.access.bindings import must_use_provider
from callvault.portal.access.models import OpenIdProvider, SignInSettings

from .backends import person_named


class SignInForm(LoginForm):  # type: ignore[misc]
    """User name or e-mail, and password. One message for every reason of refusal."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label=_("User name or e-mail"),
            max_length=254,
            widget=forms.TextInput(
                attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
            ),
        )
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.order_fields(["login", "password"])

    def clean(self) -> dict[str, Any]:
        """Ask the back ends; word what they say."""
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError as refused:
            raise forms.ValidationError(self._reason()) from refused
        if self.user is not None and must_use_provider(self.user):
            told = gettext("Sign in with %(name)s.") % {"name": OpenIdProvider.load()}
            raise forms.ValidationError(told)
        return cleaned

    def _reason(self) -> str:
        if is_locked(self.request):
            return locked_sentence()
        if getattr(self.request, "directory_away", False):  # set by directory.backends
            return gettext(
                "The directory that checks passwords is not reachable now. Try again in a minute; "
                "passwords kept here work."
            )
        return gettext("The user name or the password is not right.")


def is_locked(request: HttpRequest) -> bool:
    """Whether a password was just refused unread, after too many tries."""
    return bool(getattr(request, "axes_locked_out", False))


def locked_sentence() -> str:
    """Say that a name is locked, and for how long; the same for names that nobody has."""
    told = gettext("Too many attempts. Try again in %(minutes)s min.")
    return told % {"minutes": SignInSettings.load().lock_minutes}


def lock_out_time(request: HttpRequest | None = None) -> timedelta:
    """How long a name stays locked after too many tries."""
    return timedelta(minutes=SignInSettings.load().lock_minutes)


def lock_out_count(request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
    """After how many tries a name is locked."""
    return SignInSettings.load().lock_attempts


def name_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Under which name tries are counted: a person's user name, however they were called.

    Neither capitals nor the e-mail address start a new count, for a person or for nobody.
    """
    name = str((credentials or {}).get("username") or request.POST.get("login") or "").strip()
    person = person_named(name)
    return (person.username if person else name).casefold()[:254]


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Answer a locked name with the sign-in page that says so, as 429."""
    answer = response if response is not None else HttpResponse()
    answer.status_code = 429
    answer["Retry-After"] = str(SignInSettings.load().lock_minutes * 60)
    return answer


def not_named(*client: object) -> str:
    """Return what the technical log says instead of a name, in whose place passwords get typed."""
    return "(not named)"
