"""Global settings of sign-in, and what administrators do for people at the door."""

from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from axes.utils import reset
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.stamps import is_saved, refuse_newer
from callvault.portal.people.gates import administrators_only
from callvault.portal.people.models import User

from .account_views import ended_by_somebody
from .confirm import confirmed_first
from .models import OpenIdProvider, SignInSettings
from .provider_check import findings_of
from .second_factor import factors_of
from .settings_forms import ProviderForm, RulesForm


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show and change the rules of passwords, second factors, sessions and lock-out."""
    data = request.POST if request.method == "POST" else None
    form = RulesForm(data, instance=SignInSettings.load())
    if form.is_valid() and is_saved(form, save_settings, request):
        messages.success(request, _("Saved. In force now."))
        return redirect("access:settings")
    context = {"form": form, "provider": OpenIdProvider.load()}
    return render(request, "access/settings.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("secret")
@administrators_only
@confirmed_first
def provider(request: HttpRequest) -> HttpResponse:
    """Show and change the OpenID Connect provider."""
    data = request.POST if request.method == "POST" else None
    row = OpenIdProvider.load()
    form = ProviderForm(data, instance=row)
    if form.is_valid() and is_saved(form, save_settings, request):
        messages.success(request, _("Saved. In force now."))
        return redirect("access:provider")
    return _provider_page(request, form)


@require_POST
@never_cache
@administrators_only
def test_provider(request: HttpRequest) -> HttpResponse:
    """Ask the provider that is saved what a sign-in would ask, and show what came of it."""
    row = OpenIdProvider.load()
    found = findings_of(row.issuer) if row.issuer else []
    return _provider_page(request, ProviderForm(instance=row), findings=found)


def _provider_page(
    request: HttpRequest, form: ProviderForm, findings: object = None
) -> HttpResponse:
    saved = OpenIdProvider.load()
    context = {
        "form": form,
        "saved": saved,
        "findings": findings,
        "redirect_uri": request.build_absolute_uri("/sign-in/provider/back"),
        "bound": SocialAccount.objects.filter(provider=saved.provider_id).count(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "access/provider.html", context, status=status)


@transaction.atomic
def save_settings(request: HttpRequest, form: RulesForm | ProviderForm) -> None:
    """Save one of the pages of sign-in. Raises SettingsChanged if somebody was quicker."""
    refuse_newer(form)
    old, new = form.changes()
    secrets = [name for name in form.changed_data if name == "secret"]  # only that it changed
    page = "sign_in" if isinstance(form, RulesForm) else "openid_connect"
    record(
        request,
        Action.SETTINGS_CHANGED,
        kind="settings",
        object_id=page,
        fields=sorted([*new, *secrets]),
        old=old,
        new=new,
    )
    form.save()


@require_POST
@administrators_only
def unlock(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let a person try again before the lock-out ends by itself."""
    person = get_object_or_404(User, public_id=public_id)
    unlock_person(request, person)
    told = {"name": person.get_full_name()}
    messages.success(request, _("%(name)s may try again.") % told)
    return redirect("people:person", public_id)


@transaction.atomic
def unlock_person(request: HttpRequest, person: User) -> None:
    """End the lock-out of a person's name."""
    record(request, Action.PERSON_UNLOCKED, kind="person", object_id=person.public_id)
    reset(username=person.username.casefold())


@require_POST
@administrators_only
@confirmed_first
def reset_factors(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take a person's second factors away, for who lost them; their sessions end."""
    person = get_object_or_404(User, public_id=public_id)
    with transaction.atomic():
        record(request, Action.FACTORS_RESET, kind="person", object_id=public_id)
        factors_of(person).delete()
        ended_by_somebody(request, person, keep_own=person == request.user)
    told = _("%(name)s signs in without a second factor until one is set up.")
    messages.success(request, told % {"name": person.get_full_name()})
    return redirect("people:person", public_id)


@require_POST
@administrators_only
def end_sessions(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sign a person out everywhere; of oneself, everywhere else."""
    person = get_object_or_404(User, public_id=public_id)
    count = ended_by_somebody(request, person, keep_own=person == request.user)
    told = ngettext("%(count)s session is ended.", "%(count)s sessions are ended.", count)
    messages.success(request, told % {"count": count})
    return redirect("people:person", public_id)


@require_POST
@administrators_only
def unbind(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Forget which account of the provider is the person's: the next sign-in binds anew."""
    person = get_object_or_404(User, public_id=public_id)
    with transaction.atomic():
        record(request, Action.PROVIDER_UNBOUND, kind="person", object_id=public_id)
        SocialAccount.objects.filter(user=person).delete()
    messages.success(request, _("The next sign-in with the provider decides anew."))
    return redirect("people:person", public_id)
