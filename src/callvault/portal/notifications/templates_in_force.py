"""Which template a mail about a recording is written by: department, then language, then stock."""

from django.conf import settings

from .recording_models import RecordingMailTemplate
from .stock import STOCK, Template


def department_key(department: str) -> str:
    """Return a department as departments are compared: case and outer blanks do not count."""
    return department.strip().casefold()[:150]


def template_for(language: str, department: str = "") -> Template:
    """Return the department's template in a language, else that of all, else the stock one."""
    if language not in STOCK:
        language = settings.LANGUAGE_CODE
    keys = {"", department_key(department)}
    rows = RecordingMailTemplate.objects.filter(language=language, department_key__in=keys)
    row = rows.order_by("-department_key").first()  # "" comes last
    return STOCK[language] if row is None else Template(row.subject, row.body)
