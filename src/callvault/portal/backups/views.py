"""The page *Backup*: the last one, the daily one, and one now (DATA-6)."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from callvault.policy.backup_schedule import is_old
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.filter_saving import StaleSetting
from callvault.portal.configuration.row_saving import save_row
from callvault.portal.people.gates import administrators_only
from callvault.portal.retention.rule import system_zone

from .forms import BackupForm
from .models import BackupRun, BackupSettings, Origin
from .standing import last_good

KIND = "backup"
SHOWN = 10


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def backups(request: HttpRequest) -> HttpResponse:
    """Show the backups, and change the daily one."""
    row = BackupSettings.load()
    form = BackupForm(request.POST or None, instance=row, initial={"version": row.version})
    if form.is_bound and form.is_valid() and _is_saved(request, form):
        messages.success(request, _("Saved. In force now."))
        return redirect("backups:index")
    shown = BackupSettings.load()
    last = last_good()
    runs = list(BackupRun.objects.all()[:SHOWN])
    context = {
        "form": form,
        "settings": shown,
        "last": last,
        "is_old": is_old(last.ended_at if last else None, timezone.now(), days=shown.warn_days),
        "failed": runs[0] if runs and runs[0].problem else None,
        "is_busy": any(run.ended_at is None for run in runs),
        "runs": runs,
        "zone": system_zone().key,
    }
    return render(request, "backups/index.html", context, status=422 if form.is_bound else 200)


@require_POST
@administrators_only
@transaction.atomic
def make_one(request: HttpRequest) -> HttpResponse:
    """Have a worker make a backup now; one that waits already is enough."""
    if not BackupSettings.load().folder:
        messages.error(request, _("Say first where the backups go."))
    elif BackupRun.objects.filter(ended_at=None, origin=Origin.ASKED).exists():
        messages.warning(request, _("One is asked for already."))
    else:
        run = BackupRun.objects.create(origin=Origin.ASKED, asked_at=timezone.now())
        record(request, Action.BACKUP_ASKED, kind="backup", object_id=run.public_id)
        messages.success(request, _("A worker makes it: that begins within seconds."))
    return redirect("backups:index")


def _is_saved(request: HttpRequest, form: BackupForm) -> bool:
    values = {name: form.cleaned_data[name] for name in form._meta.fields or ()}

    def fill(row: BackupSettings) -> None:
        for name, value in values.items():
            setattr(row, name, value)

    try:
        version = form.cleaned_data.get("version")
        save_row(request, KIND, BackupSettings, opened_at=version, facts_of=facts_of, fill=fill)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    return True


def facts_of(row: BackupSettings) -> dict[str, object]:
    """Return the values of the row, as the audit log shows them."""
    return {
        "enabled": row.enabled,
        "folder": row.folder,
        "at": f"{row.at:%H:%M}",
        "keep": row.keep,
        "with_recordings": row.with_recordings,
        "warn_days": row.warn_days,
    }
