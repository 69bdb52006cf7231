"""Signing in and changing one's own password."""

from typing import Any

from allauth.account.views import LoginView
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .models import User

sign_in = LoginView.as_view()


class OwnPasswordForm(PasswordChangeForm):  # not generic at run time
    """The old password, and twice the new one."""

    error_messages = {  # noqa: RUF012 - Django's forms declare it so
        **PasswordChangeForm.error_messages,
        "password_mismatch": _("The two new passwords differ."),
        "password_incorrect": _("This is not your password now."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Password now")
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password1"].help_text = _(
            "At least 10 characters. A few words that belong together only for you are best."
        )
        self.fields["new_password2"].label = _("New password, again")
        self.fields["new_password2"].help_text = ""


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Let people replace their password; a one-time password must be replaced here first."""
    user = request.user
    if not isinstance(user, User):
        return redirect("account_login")
    form = OwnPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        _replace_password(request, user, form)
        return redirect("home")
    return render(request, "account/password_change.html", {"form": form})


@transaction.atomic
def _replace_password(request: HttpRequest, user: User, form: OwnPasswordForm) -> None:
    record(request, Action.PASSWORD_CHANGED, kind="person", object_id=user.public_id)
    user.must_change_password = False
    form.save()
    update_session_auth_hash(request, user)  # other sessions of this person end
