"""Pages of the mail about recordings: settings, templates, and what became of each mail."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, linebreaks, urlize
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.policy.mail_template import TAGS, UnknownTag, filled, unknown_tags
from callvault.portal.configuration.filter_saving import StaleSetting
from callvault.portal.paging import Order, counted
from callvault.portal.people.gates import administrators_only
from callvault.portal.recordings.turning import turned

from .models import MailSettings
from .recording_forms import NewTemplateForm, RecordingMailForm, TemplateForm, departments
from .recording_mail import try_now
from .recording_models import (
    MailState,
    RecordingMail,
    RecordingMailSettings,
    RecordingMailTemplate,
)
from .recording_saving import remove_template, save_settings, save_template
from .recording_values import sample
from .recording_wording import problem_of
from .stock import STOCK, Template
from .templates_in_force import department_key, template_for

NEWEST_FIRST = Order("asked_at", "id", descending=True)
LANGUAGES = dict(settings.LANGUAGES)


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One template of the list."""

    language: str
    department: str
    is_own: bool
    url: str


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail of the list."""

    mail: RecordingMail
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A template with the values of a call that never was."""

    subject: str
    html: str
    unknown: tuple[UnknownTag, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def recording_mail(request: HttpRequest) -> HttpResponse:
    """Show and change what holds for mail about recordings, and list its templates."""
    form = RecordingMailForm(request.POST or None, row=RecordingMailSettings.load())
    if form.is_bound and form.is_valid() and _is_saved(request, form):
        messages.success(request, _("Saved. It holds for the next mail."))
        return redirect("notifications:recording_mail")
    return _settings_page(request, form, NewTemplateForm())


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def template(request: HttpRequest, language: str) -> HttpResponse:
    """Write the template of a language: for all, or with `?department=` for one department."""
    if language not in STOCK:
        raise Http404
    department = " ".join(request.GET.get("department", "").split())[:150]
    row = _row_of(language, department)
    stored = row if row.pk else None
    form = TemplateForm(
        request.POST or None,
        template=template_for(language, department),
        version=stored.version if stored else 0,
    )
    is_preview = "preview" in request.POST
    is_valid = form.is_bound and form.is_valid()
    if is_valid and not is_preview and _is_template_saved(request, form, row):
        messages.success(request, _("Saved. The next mail is written by it."))
        return redirect("notifications:recording_mail")
    limit_mb = RecordingMailSettings.load().limit_mb
    context = {
        "form": form,
        "language_name": LANGUAGES[language],
        "language": language,
        "department": row.department,
        "stored": stored,
        "preview": _preview(form.typed, language, limit_mb),
        "tags": [f"[{tag}]" for tag in TAGS],
        "is_preview": is_preview,
    }
    status = 422 if form.errors else 200
    return render(request, "notifications/template.html", context, status=status)


@require_POST
@administrators_only
def new_template(request: HttpRequest) -> HttpResponse:
    """Go to the template of a department that has none yet."""
    form = NewTemplateForm(request.POST)
    if not form.is_valid():
        settings_form = RecordingMailForm(row=RecordingMailSettings.load())
        return _settings_page(request, settings_form, form)
    chosen = form.cleaned_data
    return redirect(_template_url(chosen["language"], chosen["department"].strip()))


@require_POST
@administrators_only
def drop_template(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Remove a template that somebody wrote: what held before it holds again."""
    row = get_object_or_404(RecordingMailTemplate, public_id=template_id)
    remove_template(request, row)
    messages.success(request, _("Removed. The next mail is written by the template before it."))
    return redirect("notifications:recording_mail")


@require_safe
@never_cache
@administrators_only
def mails(request: HttpRequest) -> HttpResponse:
    """List mails about recordings, the newest first: sent, waiting, failed, and why."""
    state = request.GET.get("state", "")
    rows = RecordingMail.objects.select_related("recording__owner")
    if state in MailState.values:
        rows = rows.filter(state=state)
    turn = turned(request, rows, NEWEST_FIRST)
    context = {
        "rows": [MailRow(row, *problem_of(row)) for row in turn.page.rows],
        "states": MailState.choices,
        "state": state,
        **turn.foot,
    }
    return render(request, "notifications/mails.html", context)


@require_POST
@administrators_only
def try_mail(request: HttpRequest, mail_id: UUID) -> HttpResponse:
    """Have a mail that waits or failed tried at once."""
    open_states = (MailState.WAITING, MailState.FAILED)
    row = get_object_or_404(RecordingMail, public_id=mail_id, state__in=open_states)
    try_now(row, now=timezone.now())
    messages.success(request, _("It is tried now. Load the page again in a moment."))
    state = request.POST.get("state", "")
    query = f"?{urlencode({'state': state})}" if state in MailState.values else ""
    return redirect(reverse("notifications:mails") + query)


def _settings_page(
    request: HttpRequest, form: RecordingMailForm, new_form: NewTemplateForm
) -> HttpResponse:
    rows = RecordingMail.objects.all()
    context = {
        "form": form,
        "is_set_up": MailSettings.objects.exists(),
        "templates": _template_rows(),
        "new_form": new_form,
        "departments": departments(),
        "waiting": counted(rows.filter(state=MailState.WAITING)),
        "failed": counted(rows.filter(state=MailState.FAILED)),
    }
    status = 422 if form.errors or new_form.errors else 200
    return render(request, "notifications/recording_mail.html", context, status=status)


def _is_saved(request: HttpRequest, form: RecordingMailForm) -> bool:
    try:
        save_settings(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    return True


def _is_template_saved(
    request: HttpRequest, form: TemplateForm, row: RecordingMailTemplate
) -> bool:
    try:
        save_template(request, form, row)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    return True


def _template_rows() -> list[TemplateRow]:
    stored = list(RecordingMailTemplate.objects.order_by("department_key", "language"))
    written = {row.language for row in stored if not row.department_key}
    general = [
        TemplateRow(name, "", is_own=code in written, url=_template_url(code, ""))
        for code, name in LANGUAGES.items()
    ]
    own = [
        TemplateRow(LANGUAGES[row.language], row.department, is_own=True, url=url)
        for row in stored
        if row.department_key and (url := _template_url(row.language, row.department))
    ]
    return general + own


def _template_url(language: str, department: str) -> str:
    url = reverse("notifications:template", args=[language])
    return f"{url}?{urlencode({'department': department})}" if department else url


def _row_of(language: str, department: str) -> RecordingMailTemplate:
    key = department_key(department)
    rows = RecordingMailTemplate.objects.filter(language=language, department_key=key)
    return rows.first() or RecordingMailTemplate(
        language=language, department=department, version=0
    )


def _preview(typed: Template, language: str, limit_mb: int | None) -> Preview:
    server = MailSettings.load()
    portal_url = server.portal_url if server else "https://calls.example.com"
    values = sample(language, portal_url=portal_url, limit_mb=limit_mb)
    text = urlize(escape(filled(typed.body, values)), nofollow=True)
    return Preview(
        filled(typed.subject, values),
        mark_safe(linebreaks(text)),  # noqa: S308 - escaped above, before links are made
        unknown_tags(f"{typed.subject}\n{typed.body}"),
    )
