"""How backups stand: the last one, and a line for the overview of the settings."""

from datetime import datetime

from django.utils.translation import gettext as _

from callvault.policy.backup_schedule import is_old

from .models import BackupRun, BackupSettings


def last_good() -> BackupRun | None:
    """Return the backup that was made last."""
    good = BackupRun.objects.filter(ended_at__isnull=False, problem="")
    return good.order_by("-ended_at").first()


def told(now: datetime) -> str:
    """Return what the overview of the settings says."""
    row, last = BackupSettings.load(), last_good()
    if is_old(last.ended_at if last else None, now, days=row.warn_days):
        return _("No recent backup")
    return _("Every day at %(time)s") % {"time": f"{row.at:%H:%M}"} if row.enabled else _("Off")
