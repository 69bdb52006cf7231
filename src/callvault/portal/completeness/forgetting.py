"""Forgetting call records that are older than they are to be kept, a bounded batch at a time."""

from datetime import datetime, timedelta

from django.db import transaction

from callvault.portal.audit.log import record_own
from callvault.portal.audit.models import Action

from .models import CdrCall, CdrImport, CompletenessSettings

BATCH = 2000


@transaction.atomic
def forget_old_records(now: datetime, *, batch: int = BATCH) -> int:
    """Delete a batch of records that are due, and imports of which nothing is left."""
    until = now - timedelta(days=CompletenessSettings.load().kept_days)
    due = CdrCall.objects.filter(began_at__lt=until).order_by("began_at", "pk")
    ids = list(due.values_list("pk", flat=True)[:batch])
    if ids:
        record_own(Action.CALL_RECORDS_FORGOTTEN, kind="cdr_import", records=len(ids))
        CdrCall.objects.filter(pk__in=ids).delete()
    CdrImport.objects.filter(at__lt=until, calls__isnull=True).delete()
    return len(ids)
