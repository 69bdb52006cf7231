"""Saving settings and templates of mail about recordings: audited, never over an edit beside."""

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from callvault.portal.audit.changes import record_change
from callvault.portal.configuration.filter_saving import StaleSetting, refuse_stale
from callvault.portal.configuration.row_saving import save_row

from .recording_forms import RecordingMailForm, TemplateForm
from .recording_models import RecordingMailSettings, RecordingMailTemplate
from .templates_in_force import department_key

SETTINGS, TEMPLATE = "recording_mail", "recording_mail_template"


def save_settings(request: HttpRequest, form: RecordingMailForm) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    version = form.cleaned_data.get("version")
    save_row(
        request, SETTINGS, RecordingMailSettings,
        opened_at=version, facts_of=_settings_facts, fill=form.fill,
    )  # fmt: skip


def save_template(request: HttpRequest, form: TemplateForm, row: RecordingMailTemplate) -> None:
    """Save a template, new or known. Raises StaleSetting if somebody was quicker."""
    try:
        with transaction.atomic():
            _save_template(request, form, row)
    except IntegrityError:  # both made the first one for this language and department
        known = RecordingMailTemplate.objects.get(
            language=row.language, department_key=department_key(row.department)
        )
        told = _("Somebody else wrote this template meanwhile. Save again to replace it.")
        raise StaleSetting(told, known.version) from None


def _save_template(request: HttpRequest, form: TemplateForm, row: RecordingMailTemplate) -> None:
    rows = RecordingMailTemplate.objects.select_for_update()
    key = department_key(row.department)
    known = rows.filter(language=row.language, department_key=key).first()
    version = known.version if known else 0
    refuse_stale(form.cleaned_data.get("version"), version, TEMPLATE)
    before = _template_facts(known) if known else {}
    stored = known or row
    stored.department_key = key
    stored.subject, stored.body = form.cleaned_data["subject"], form.cleaned_data["body"]
    record_change(request, TEMPLATE, before, _template_facts(stored), version=version + 1)
    stored.version = version + 1
    stored.save()


@transaction.atomic
def remove_template(request: HttpRequest, row: RecordingMailTemplate) -> None:
    """Go back to the template that holds without this one."""
    record_change(request, TEMPLATE, _template_facts(row), {}, version=row.version)
    row.delete()


def _settings_facts(row: RecordingMailSettings) -> dict[str, object]:
    return {"sender_name": row.sender_name, "limit_mb": row.limit_mb}


def _template_facts(row: RecordingMailTemplate) -> dict[str, object]:
    return {
        "language": row.language,
        "department": row.department,
        "subject": row.subject,
        "body": row.body,
    }
