"""Your account: what one chose, how one signs in, and where one is signed in."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User

from .account_forms import OwnAccountForm, own_choices, zones
from .bindings import bound_provider
from .devices import PHONES, browser_and_system
from .models import OpenSession, SignInSettings
from .password_rules import judged
from .second_factor import app_of, codes_left, passkeys_of
from .sessions import end_all_but, row_of

MAX_PASSWORD = 1000


@dataclass(frozen=True, slots=True)
class Device:
    """An open session as the page shows it."""

    row: OpenSession
    browser: str
    system: str
    here: bool

    @property
    def on_phone(self) -> bool:
        """Whether it is a telephone or a tablet."""
        return self.system in PHONES


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Show and change one's own account."""
    person = person_of(request)
    form = OwnAccountForm(person, request.POST if request.method == "POST" else None)
    if form.is_valid():
        with transaction.atomic():
            record(
                request,
                Action.OWN_ACCOUNT_CHANGED,
                kind="person",
                object_id=person.public_id,
                fields=sorted(form.changed_data),
            )
            form.save()
        messages.success(request, _("Saved."))
        return redirect("access:account")
    context = {
        "form": form,
        "zones": zones(),
        "password_set_at": own_choices(person).password_set_at,
        "app": app_of(person),
        "passkeys": passkeys_of(person),
        "codes_left": codes_left(person),
        "provider": bound_provider(person),
        "devices": devices_of(request, person),
        "rules": SignInSettings.load(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "access/account.html", context, status=status)


def devices_of(request: HttpRequest, person: User) -> list[Device]:
    """Return where the person is signed in: here first, then the one last used."""
    own = row_of(request)
    here = own.pk if own is not None and own.person_id == person.pk else None
    rows = OpenSession.objects.filter(person=person)
    now, rules = timezone.now(), SignInSettings.load()
    devices = [
        Device(row, *browser_and_system(row.agent), here=row.pk == here)
        for row in rows
        if not row.is_over(rules, now)
    ]
    return sorted(devices, key=lambda device: not device.here)


@require_POST
def end_session(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End one session of one's own, wherever it is."""
    person = person_of(request)
    with transaction.atomic():
        rows = OpenSession.objects.filter(person=person, public_id=public_id)
        record(request, Action.SESSIONS_ENDED, kind="person", object_id=person.public_id, count=1)
        rows.delete()
    messages.success(request, _("The session is ended."))
    return redirect("access:account")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all sessions of one's own but this one."""
    person = person_of(request)
    count = ended_by_somebody(request, person, keep_own=True)
    told = ngettext("%(count)s session is ended.", "%(count)s sessions are ended.", count)
    messages.success(request, told % {"count": count})
    return redirect("access:account")


@transaction.atomic
def ended_by_somebody(request: HttpRequest, person: User, *, keep_own: bool) -> int:
    """End sessions of a person, with its entry in the audit log; return how many."""
    count = OpenSession.objects.filter(person=person).count()
    record(request, Action.SESSIONS_ENDED, kind="person", object_id=person.public_id, count=count)
    return end_all_but(person, request if keep_own else None)


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_POST
def judge_password(request: HttpRequest) -> HttpResponse:
    """Say which rules a password keeps, while it is typed. Nothing of it is stored."""
    typed = request.POST.get("new_password1", "")[:MAX_PASSWORD]
    person = request.user if isinstance(request.user, User) else None
    settings = SignInSettings.load()
    context = {"password_rules": judged(typed, person, settings), "typed": bool(typed)}
    return render(request, "access/_password_rules.html", context)
