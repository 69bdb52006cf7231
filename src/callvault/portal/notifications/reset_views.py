"""A forgotten password: asking for a link by mail, and choosing another password with it."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from callvault.portal.people.models import User

from .models import MailSettings
from .resets import ask, open_link, use_link

if TYPE_CHECKING:
    PasswordForm = SetPasswordForm[User]
else:  # not generic at run time
    PasswordForm = SetPasswordForm


class ForgottenForm(forms.Form):
    """Who asks."""

    login = forms.CharField(
        label=gettext_lazy("User name or e-mail"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class NewPasswordForm(PasswordForm):
    """Twice the new password."""

    error_messages = {  # noqa: RUF012 - Django's forms declare it so
        "password_mismatch": gettext_lazy("The two new passwords differ."),
    }

    def __init__(self, user: User, data: Any) -> None:
        super().__init__(user, data)
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password1"].help_text = _(
            "A few words that belong together only for you are best."
        )
        self.fields["new_password2"].label = _("New password, again")
        self.fields["new_password2"].help_text = ""


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Take the name; answer the same whoever is named."""
    if isinstance(request.user, User):
        return redirect("account_change_password")
    if MailSettings.load() is None:
        return render(request, "account/forgotten.html", {"is_offered": False})
    form = ForgottenForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "is_offered": True}
    if request.method != "POST":
        return render(request, "account/forgotten.html", context)
    if not form.is_valid():
        return render(request, "account/forgotten.html", context, status=422)
    if not ask(request, form.cleaned_data["login"], now=timezone.now()):
        context["is_too_often"] = True
        return render(request, "account/forgotten.html", context, status=429)
    return render(request, "account/forgotten.html", {"is_asked": True, "is_offered": True})


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, secret: str) -> HttpResponse:
    """Choose another password by the link of a mail. Opening it alone uses nothing up."""
    link = open_link(secret, now=timezone.now())
    if link is None:
        return render(request, "account/reset_over.html", status=404)
    form = NewPasswordForm(link.person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not use_link(request, link, form.cleaned_data["new_password1"]):
            return render(request, "account/reset_over.html", status=404)
        request.session.flush()  # of whoever was signed in here
        return render(request, "account/reset_done.html")
    context = {"form": form, "person": link.person}
    status = 422 if form.is_bound else 200
    return render(request, "account/reset.html", context, status=status)
