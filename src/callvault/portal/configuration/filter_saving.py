"""Saving filters and the numbering plan: audited, told to recorders, never over another's edit.

The audit log holds no telephone numbers: of a list of patterns it says what was added and removed,
a pattern with wild cards as it is, a whole number by reference (`number_reference`).
"""

from uuid import UUID

from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from callvault.portal.audit.log import number_reference, record
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from callvault.portal.templatetags.cv_ui import ago

from .filter_forms import RULES, FilterForm
from .models import NumberingPlan, PolicyRevision, RecordingFilter

_MOST_TOLD = 100
Facts = dict[str, object]


class StaleSetting(Exception):
    """It was changed since the form was opened: a sentence, and its version now."""

    def __init__(self, message: str, version: int) -> None:
        super().__init__(message)
        self.message = message
        self.version = version

    def tell(self, form: BaseForm) -> None:
        """Say so in the form, so that what was typed can be saved over the newer values."""
        form.add_error(None, self.message)
        typed = QueryDict(mutable=True)
        typed.update(form.data)
        typed["version"] = str(self.version)
        form.data = typed


@transaction.atomic
def save_filter(request: HttpRequest, form: FilterForm) -> RecordingFilter:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    PolicyRevision.bump()  # first: whoever else saves waits here
    row = form.instance
    stored = _stored(row)
    before = facts_of(stored) if stored else {}
    _refuse_stale(form.cleaned_data.get("version"), stored, "filter", row.public_id)
    row = form.save(commit=False)
    row.version = (stored.version if stored else 0) + 1
    _audit(request, "filter", str(row.public_id), before, facts_of(row), row.version, row)
    row.save()
    return row


def _stored(row: RecordingFilter) -> RecordingFilter | None:
    if row.pk:
        return RecordingFilter.objects.select_for_update().filter(pk=row.pk).first()
    # The system's rules are made when they are first saved: two may do so at a time.
    return RecordingFilter.objects.filter(scope="system").first() if row.scope == "system" else None


@transaction.atomic
def remove_filter(request: HttpRequest, row: RecordingFilter) -> None:
    """Delete the rules of a group or a person: from then on the next wider ones hold."""
    PolicyRevision.bump()
    _audit(request, "filter", str(row.public_id), facts_of(row), {}, row.version + 1, row)
    row.delete()


@transaction.atomic
def save_plan(
    request: HttpRequest, row: NumberingPlan, before: Facts, *, opened_at: int | None
) -> None:
    """Save the plan. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    PolicyRevision.bump()
    stored = NumberingPlan.objects.select_for_update().first()
    _refuse_stale(opened_at, stored, "plan", "")
    row.version = (stored.version if stored else 0) + 1
    _audit(request, "plan", "", before, plan_facts(row), row.version, None)
    row.save()


def facts_of(row: RecordingFilter) -> Facts:
    """Return the values of a filter."""
    return {name: getattr(row, name) for name in RULES}


def plan_facts(row: NumberingPlan) -> Facts:
    """Return the values of the plan."""
    return {
        "international_prefixes": list(row.international_prefixes),
        "national_prefix": row.national_prefix,
        "outgoing_prefixes": list(row.outgoing_prefixes),
        "incoming_prefixes": list(row.incoming_prefixes),
        "internal_patterns": list(row.internal_patterns),
    }


def _refuse_stale(
    opened_at: int | None,
    stored: RecordingFilter | NumberingPlan | None,
    kind: str,
    object_id: UUID | str,
) -> None:
    if isinstance(stored, RecordingFilter):
        object_id = stored.public_id
    refuse_stale(opened_at, stored.version if stored else 0, kind, object_id)


def refuse_stale(
    opened_at: int | None, version: int, kind: str, object_id: UUID | str = ""
) -> None:
    """Raise StaleSetting, with who changed it, if `version` is not the one that was opened."""
    if (opened_at or 0) == version:
        return
    entry = (
        AuditEntry.objects.filter(object_kind=kind, object_id=str(object_id))
        .select_related("actor")
        .order_by("-at")
        .first()
    )
    told = _("Somebody changed this meanwhile.")
    if entry is not None:
        actor = entry.actor
        who = actor.get_full_name() if isinstance(actor, User) else entry.actor_name
        told = _("%(who)s changed this %(when)s.") % {
            "who": who,
            "when": strip_tags(ago(entry.at)),
        }
    kept = _("What you typed is still here; save again to put it in place of that.")
    raise StaleSetting(f"{told} {kept}", version)


def _audit(
    request: HttpRequest,
    kind: str,
    object_id: str,
    before: Facts,
    after: Facts,
    version: int,
    row: RecordingFilter | None,
) -> None:
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    detail: Facts = {
        "fields": changed,
        "old": {name: _told(name, before, after) for name in changed},
        "new": {name: _told(name, after, before) for name in changed},
        "version": version,
    }
    if row is not None:
        detail |= {"scope": row.scope, "whose": row.whose}
    record(request, Action.SETTINGS_CHANGED, kind=kind, object_id=object_id, actor=None, **detail)


def _told(name: str, values: Facts, others: Facts) -> object:
    """Return a value as the log may hold it; of patterns, those that the other state has not."""
    if name not in ("black_list", "internal_patterns"):
        return values.get(name)
    there, elsewhere = values.get(name), others.get(name)
    mine = list(there) if isinstance(there, list) else []
    known = set(elsewhere) if isinstance(elsewhere, list) else set()
    told = [one if set(one) & set(".!") else number_reference(one) for one in mine]
    only_here = [shown for one, shown in zip(mine, told, strict=True) if one not in known]
    return only_here[:_MOST_TOLD] + (["…"] if len(only_here) > _MOST_TOLD else [])
