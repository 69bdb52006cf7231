"""The steps of a sign-in that ask for more, or for something else, than a password."""

from typing import Any

from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from allauth.account.utils import get_next_redirect_url
from allauth.core import context as allauth_context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.models import User
from callvault.portal.people.sign_in import locked_sentence

from .adapters import FactorAdapter
from .codes import take_code
from .guesses import count_wrong, may_guess
from .hosts import passkey_obstacle
from .passkey_answers import assertion_of, person_behind, refusal
from .second_factor import Type
from .sessions import NOTE
from .stages import SecondFactorStage


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or a recovery code, after the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = forms.CharField(
            label=_("Code"),
            max_length=32,
            widget=forms.TextInput(
                attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": ""}
            ),
        )

    def clean_code(self) -> str:
        """Take the code once; wrong ones count towards the lock-out of the name."""
        request: HttpRequest = allauth_context.request
        if not may_guess(request, self.user):
            raise ValidationError(locked_sentence())
        row = take_code(self.user, str(self.cleaned_data["code"]))
        if row is None:
            count_wrong(request, self.user)
            raise ValidationError(FactorAdapter.error_messages["incorrect_code"])
        self.authenticator = row
        return str(self.cleaned_data["code"])

    def save(self) -> None:
        """Note which factor it was."""
        super().save()
        if self.authenticator.type == Type.RECOVERY_CODES:
            record(
                allauth_context.request,
                Action.RECOVERY_CODE_USED,
                kind="person",
                object_id=self.user.public_id,
                actor=self.user,
            )


class PasskeyStepForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey after the password."""

    def clean_credential(self) -> Authenticator:
        """Check the answer; a broken one is refused like a wrong one."""
        return assertion_of(self.user, self.cleaned_data["credential"])


class SecondStep(AuthenticateView):  # type: ignore[misc]
    """The page between a right password and the portal."""

    template_name = "access/second_step.html"
    form_class = CodeForm
    webauthn_form_class = PasskeyStepForm

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Begin anew where the password that was right is none any more."""
        stage = LoginStageController.enter(request, SecondFactorStage.key)
        if isinstance(stage, SecondFactorStage) and not stage.still_holds():
            aborted: HttpResponse = stage.abort()
            return aborted
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Offer what the person has, and only what can work under this address."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        person: User = self.stage.login.user
        kinds = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
        context["asks_code"] = bool(kinds & {Type.TOTP, Type.RECOVERY_CODES})
        context["has_app"] = Type.TOTP in kinds
        context["obstacle"] = passkey_obstacle(self.request) if Type.WEBAUTHN in kinds else ""
        context["asks_passkey"] = Type.WEBAUTHN in kinds and not context["obstacle"]
        return context


second_step = never_cache(SecondStep.as_view())


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Give the browser a challenge, then sign in whose passkey answers it.

    The passkey must have verified its user by finger, face or PIN: it stands for both factors.
    """
    if request.method != "POST":
        return JsonResponse(webauthn.begin_authentication(None))
    try:
        row = _answered(request)
    except ValidationError:
        request.session[NOTE] = str(refusal())
        return redirect("account_login")
    login = Login(user=row.user, redirect_url=_next(request))
    response: HttpResponse = perform_passwordless_login(request, row, login)
    return response


class _Answer(forms.Form):
    credential = forms.JSONField()


def _answered(request: HttpRequest) -> Authenticator:
    form = _Answer(request.POST)
    if not form.is_valid():
        raise ValidationError(refusal())
    credential = form.cleaned_data["credential"]
    person = person_behind(credential)
    if not person.is_active:
        raise ValidationError(refusal())
    return assertion_of(person, credential)


def _next(request: HttpRequest) -> str | None:
    wanted: str | None = get_next_redirect_url(request, "next")
    return wanted
