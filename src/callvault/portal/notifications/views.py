"""The page of the mail server in the global settings: change it, and try it with a mail."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.stamps import is_saved, refuse_newer
from callvault.portal.people.gates import administrators_only, person_of

from .faults import MailFault, explained
from .forms import MailSettingsForm
from .models import MailSettings
from .sending import language_of, mail_for, send


@dataclass(frozen=True, slots=True)
class Tried:
    """How a test mail went."""

    tone: str
    strong: str
    text: str
    said: str = ""  # the server's own words


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password")
@administrators_only
def mail(request: HttpRequest) -> HttpResponse:
    """Show, change and try the mail server."""
    stored = MailSettings.load()
    person = person_of(request)
    initial = {"test_to": person.email}
    if stored is None:
        initial["portal_url"] = f"{request.scheme}://{request.get_host()}"
    form = MailSettingsForm(request.POST or None, instance=stored, initial=initial)
    context: dict[str, Any] = {"form": form, "is_set_up": stored is not None}
    if request.method == "POST" and form.is_valid():
        if "test" in request.POST:
            context["tried"] = try_mail(request, form)
            return render(request, "notifications/mail.html", context)
        if is_saved(form, save_mail, request):
            messages.success(request, _("Saved. Mail goes this way from now on."))
            return redirect("notifications:mail")
    status = 422 if form.is_bound else 200
    return render(request, "notifications/mail.html", context, status=status)


@require_http_methods(["POST"])
@administrators_only
def forget_mail(request: HttpRequest) -> HttpResponse:
    """Remove the mail server: no mail is sent any more."""
    remove_mail(request)
    messages.success(request, _("Removed. No mail is sent any more."))
    return redirect("notifications:mail")


@transaction.atomic
def remove_mail(request: HttpRequest) -> None:
    """Remove the mail server."""
    record(request, Action.SETTINGS_CHANGED, kind="mail", fields=["removed"])
    MailSettings.objects.all().delete()


@transaction.atomic
def save_mail(request: HttpRequest, form: MailSettingsForm) -> None:
    """Save how mail goes out. Raises SettingsChanged if somebody was quicker."""
    refuse_newer(form)
    old, new = form.changes()
    secrets = [name for name in form.changed_data if name == "password"]  # only that it changed
    record(
        request, Action.SETTINGS_CHANGED, kind="mail", fields=sorted([*new, *secrets]),
        old=old, new=new,
    )  # fmt: skip
    form.as_typed().save()


def try_mail(request: HttpRequest, form: MailSettingsForm) -> Tried:
    """Send a test mail through the server as typed; the audit entry says that it was tried."""
    to = form.cleaned_data.get("test_to")
    if not to:
        return Tried("amber", _("No test mail was sent."), _("Name an address to send it to."))
    typed = form.as_typed()
    record(request, Action.MAIL_TESTED, kind="mail", host=typed.host)
    language = language_of(person_of(request), django_settings.LANGUAGE_CODE)
    portal = urlsplit(typed.portal_url).netloc
    try:
        send(mail_for("test", to, language=language, portal=portal), through=typed)
    except MailFault as fault:
        what, remedy = explained(fault, host=typed.host, port=typed.port)
        return Tried("red", what, remedy, fault.said)
    taken = _("%(host)s took the mail to %(to)s.") % {"host": typed.host, "to": to}
    return Tried("green", taken, _("Look whether it arrives. Save to keep these settings."))
