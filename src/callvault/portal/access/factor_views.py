"""Second factors of one's own: authenticator app and recovery codes."""

import qrcode
from allauth.mfa.adapter import get_adapter
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    clear_totp_secret,
    get_totp_secret,
)
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.people.sign_in import locked_sentence

from .codes import BLANKS, step_now, step_of
from .confirm import confirm, confirmed_first
from .duties import must_set_up_second_factor
from .guesses import count_wrong, may_guess
from .hosts import passkey_obstacle
from .models import SignInSettings
from .second_factor import (
    app_of,
    codes_left,
    codes_of,
    factors_of,
    has_second_factor,
    passkeys_of,
)


class AppForm(forms.Form):
    """The first code that the app shows: proof that it has the secret."""

    code = forms.CharField(
        label=gettext_lazy("Code that the app shows"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": ""}
        ),
    )


@require_safe
@never_cache
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show the ways to a second factor, those that are set up and those that can be."""
    person = person_of(request)
    context = {
        "app": app_of(person),
        "passkeys": passkeys_of(person),
        "codes_left": codes_left(person),
        "obstacle": passkey_obstacle(request),
        "demanded": must_set_up_second_factor(request, person, SignInSettings.load()),
    }
    return render(request, "access/second_factor.html", context)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed_first
def set_up_app(request: HttpRequest) -> HttpResponse:
    """Show the secret as a drawing and as text, and take the first code."""
    person = person_of(request)
    if app_of(person) is not None:
        return redirect("access:second_factor")
    form = AppForm(request.POST if request.method == "POST" else None)
    secret = get_totp_secret(regenerate=not form.is_bound)
    if form.is_valid() and _proves(request, person, form, secret):
        _add_app(request, person, secret)
        return redirect(after_adding(person))
    url = get_adapter().build_totp_url(person, secret)
    context = {
        "form": form,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "drawing": drawing_of(url),
        "url": url,
    }
    return render(request, "access/app.html", context, status=422 if form.is_bound else 200)


def _proves(request: HttpRequest, person: User, form: AppForm, secret: str) -> bool:
    if not may_guess(request, person):
        form.add_error("code", locked_sentence())
        return False
    now = step_now()
    if step_of(secret, BLANKS.sub("", str(form.cleaned_data["code"])), now) is None:
        count_wrong(request, person)
        form.add_error("code", _("This is not what the app shows now. Look at its clock, too."))
        return False
    return True


@transaction.atomic
def _add_app(request: HttpRequest, person: User, secret: str) -> None:
    record(request, Action.FACTOR_ADDED, kind="person", object_id=person.public_id, factor="app")
    row = TOTP.activate(person, secret).instance
    row.data["last_step"] = step_now() + 1  # the code that was just typed signs nobody in
    row.save(update_fields=["data"])
    RecoveryCodes.activate(person)
    clear_totp_secret(request)
    renew(request)


def renew(request: HttpRequest) -> None:
    """Draw a new session id: what the session is worth has changed."""
    request.session.cycle_key()
    confirm(request)


def after_adding(person: User) -> str:
    """Return where to go with a new factor: to the recovery codes while nobody saw them."""
    row = codes_of(person)
    if row is not None and not row.wrap().did_view:
        return "access:recovery_codes"
    return "access:second_factor"


@require_POST
@confirmed_first
def remove_app(request: HttpRequest) -> HttpResponse:
    """Take the authenticator app away."""
    person = person_of(request)
    with transaction.atomic():
        row = app_of(person)
        if row is not None:
            record(
                request,
                Action.FACTOR_REMOVED,
                kind="person",
                object_id=person.public_id,
                factor="app",
            )
            row.delete()
            drop_lonely_codes(person)
            renew(request)
    messages.success(request, _("The authenticator app is removed."))
    return redirect("access:second_factor")


def drop_lonely_codes(person: User) -> None:
    """Delete recovery codes that stand for no other factor."""
    if not has_second_factor(person):
        factors_of(person).delete()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed_first
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Show recovery codes once; draw new ones when asked to."""
    person = person_of(request)
    if not has_second_factor(person):
        return redirect("access:second_factor")
    if request.method == "POST":
        _draw_codes(request, person)
        return redirect("access:recovery_codes")
    row = codes_of(person)
    if row is None or row.wrap().did_view:
        return redirect("access:second_factor")
    codes = row.wrap().get_unused_codes()
    if request.method == "GET":
        row.wrap().mark_as_viewed()
    shown = [f"{code[:4]} {code[4:]}" for code in codes]
    return render(request, "access/recovery_codes.html", {"codes": shown})


@transaction.atomic
def _draw_codes(request: HttpRequest, person: User) -> None:
    record(
        request,
        Action.FACTOR_CHANGED,
        kind="person",
        object_id=person.public_id,
        factor="recovery_codes",
    )
    old = codes_of(person)
    if old is not None:
        old.delete()
    RecoveryCodes.activate(person)


def drawing_of(text: str) -> dict[str, object]:
    """Return a QR code as the path of an SVG, in units of one module, and its side.

    A path as an attribute needs no exception from the security policy, and no image of ours.
    """
    code = qrcode.QRCode(border=4)
    code.add_data(text)
    rows = code.get_matrix()
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return {"path": path, "side": len(rows)}
