"""Passkeys of one's own: add, name, remove."""

from uuid import UUID, uuid4

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User

from .confirm import confirmed_first
from .factor_views import after_adding, drop_lonely_codes, renew
from .hosts import host_of, passkey_obstacle
from .passkey_answers import attested_by
from .second_factor import Type, factors_of, passkey_of, passkeys_of

MAX_PASSKEYS = 20


class PasskeyForm(forms.Form):
    """Its name, and what the authenticator answered."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("So that you know it again, such as Office laptop."),
    )
    alone = forms.BooleanField(
        label=gettext_lazy("Sign in with it alone"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "It then asks for a finger, a face or a PIN, and stands for the password, too. Leave "
            "it off for a security key that can do neither."
        ),
    )
    credential = forms.JSONField(required=True, widget=forms.HiddenInput)


class NameForm(forms.Form):
    """Another name for a passkey."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed_first
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey of this browser, phone or security key."""
    person = person_of(request)
    obstacle = passkey_obstacle(request)
    if obstacle or len(passkeys_of(person)) >= MAX_PASSKEYS:
        if not obstacle:  # which the page tells of beside the passkeys
            messages.warning(request, _("Remove a passkey before you add another."))
        return redirect("access:second_factor")
    form = PasskeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _is_attested(form):
        _add(request, person, form)
        return redirect(after_adding(person))
    return render(
        request, "access/passkey.html", {"form": form}, status=422 if form.is_bound else 200
    )


def _is_attested(form: PasskeyForm) -> bool:
    try:
        attested_by(form.cleaned_data["credential"], must_verify=form.cleaned_data["alone"])
    except ValidationError as refused:
        form.add_error(None, refused)
        return False
    return True


@transaction.atomic
def _add(request: HttpRequest, person: User, form: PasskeyForm) -> None:
    record(
        request, Action.FACTOR_ADDED, kind="person", object_id=person.public_id, factor="passkey"
    )
    name, credential = form.cleaned_data["name"], form.cleaned_data["credential"]
    row = webauthn.WebAuthn.add(person, name, credential).instance
    row.data |= {"public_id": str(uuid4()), "host": host_of(request)}
    row.save(update_fields=["data"])
    RecoveryCodes.activate(person)
    renew(request)


@require_safe
@never_cache
@confirmed_first
def new_passkey_options(request: HttpRequest) -> HttpResponse:
    """Return what the browser hands to the authenticator, with a fresh challenge."""
    alone = request.GET.get("alone") == "1"
    return JsonResponse(webauthn.begin_registration(person_of(request), alone))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed_first
def rename_passkey(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give a passkey another name."""
    person = person_of(request)
    row = _own(person, public_id)
    known = {"name": row.data.get("name", "")}
    form = NameForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        with transaction.atomic():
            record(
                request,
                Action.FACTOR_CHANGED,
                kind="person",
                object_id=person.public_id,
                factor="passkey",
            )
            row.data["name"] = form.cleaned_data["name"]
            row.save(update_fields=["data"])
        return redirect("access:second_factor")
    context = {"form": form, "passkey": passkey_of(row)}
    status = 422 if form.is_bound else 200
    return render(request, "access/passkey_name.html", context, status=status)


@require_POST
@confirmed_first
def remove_passkey(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take a passkey away; it signs nobody in from then on."""
    person = person_of(request)
    with transaction.atomic():
        row = _own(person, public_id)
        record(
            request,
            Action.FACTOR_REMOVED,
            kind="person",
            object_id=person.public_id,
            factor="passkey",
        )
        name = str(row.data.get("name", ""))
        row.delete()
        drop_lonely_codes(person)
        renew(request)
    messages.success(request, _("The passkey %(name)s is removed.") % {"name": name})
    return redirect("access:second_factor")


def _own(person: User, public_id: UUID) -> Authenticator:
    for row in factors_of(person).filter(type=Type.WEBAUTHN):
        if row.data.get("public_id") == str(public_id):
            return row
    raise Http404
