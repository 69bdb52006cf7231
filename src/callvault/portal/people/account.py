"""Signing in and changing one's own password."""

from typing import Any

from allauth.account.views import LoginView
from django import forms
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from callvault.portal.access.duties import is_too_old
from callvault.portal.access.models import SignInSettings
from callvault.portal.access.password_rules import rules_of
from callvault.portal.access.sessions import end_all_but
from callvault.portal.access.ways_in import led_here, ways_in
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .models import User
from .sign_in import is_locked, locked_sentence


class SignInView(LoginView):  # type: ignore[misc]
    """The sign-in page: password, passkey, and the provider of the organisation."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the other ways in, and why somebody was led here."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | ways_in(self.request) | led_here(self.request)


sign_in = SignInView.as_view()


class OwnPasswordForm(PasswordChangeForm):  # not generic at run time
    """The old password, and twice the new one, which must be another.

    The old one is asked for like a sign-in: who sits down at an open session gets as few guesses.
    """

    error_messages = {  # noqa: RUF012 - Django's forms declare it so
        **PasswordChangeForm.error_messages,
        "password_mismatch": _("The two new passwords differ."),
        "password_incorrect": _("This is not your password now."),
    }

    def __init__(self, request: HttpRequest, user: User) -> None:
        super().__init__(user, request.POST or None)
        self._request = request
        self.fields["old_password"].label = _("Password now")
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password1"].help_text = ""  # the rules stand under it
        self.fields["new_password1"].widget.attrs |= {
            "aria-describedby": "password-rules",
            "data-cv-judge": reverse("access:judge_password"),
        }
        self.fields["new_password2"].label = _("New password, again")
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Refuse a wrong password, and any after too many wrong ones."""
        password = str(self.cleaned_data["old_password"])
        name = self.user.get_username()
        if authenticate(self._request, username=name, password=password) is None:
            told = locked_sentence() if is_locked(self._request) else None
            wrong = told or self.error_messages["password_incorrect"]
            raise forms.ValidationError(wrong, code="password_incorrect")
        return password

    def clean(self) -> dict[str, Any]:
        """Refuse the old password as the new one: a one-time password ends here."""
        cleaned = super().clean() or {}
        new = cleaned.get("new_password1")
        if new and new == cleaned.get("old_password"):
            self.add_error("new_password1", _("This is your password now. Choose another one."))
        return cleaned


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Let people replace their password; a one-time password must be replaced here first."""
    user = request.user
    if not isinstance(user, User):
        return redirect("account_login")
    if not user.has_usable_password():  # who signs in through a directory or a provider
        return render(request, "account/password_elsewhere.html")
    form = OwnPasswordForm(request, user)
    if request.method == "POST" and form.is_valid():
        _replace_password(request, user, form)
        return redirect("home")
    rules = SignInSettings.load()
    context = {
        "form": form,
        "password_rules": rules_of(rules),
        "too_old": not user.must_change_password and is_too_old(user, rules),
    }
    status = 422 if form.is_bound else 200
    return render(request, "account/password_change.html", context, status=status)


@transaction.atomic
def _replace_password(request: HttpRequest, user: User, form: OwnPasswordForm) -> None:
    record(request, Action.PASSWORD_CHANGED, kind="person", object_id=user.public_id)
    user.must_change_password = False
    form.save(commit=False)
    # Not the rest of the row: an administrator may have taken a right away since it was read.
    user.save(update_fields=["password", "must_change_password"])
    update_session_auth_hash(request, user)  # other sessions of this person end
    end_all_but(user, request)
