"""The page *Retention*: the rule, what it would delete, and the one that waits (DATA-4)."""

from datetime import datetime
from typing import Any

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from callvault.policy.retention import RetentionRule, shortens, takes_effect_at
from callvault.portal.configuration.filter_saving import StaleSetting
from callvault.portal.people.gates import administrators_only

from .forms import RetentionForm
from .models import RetentionSettings, RetentionSweep
from .preview import preview
from .rule import is_preserve_on, rules_of, system_zone
from .saving import resume_after_restore, save_rule, take_back
from .wording import rule_told


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def retention(request: HttpRequest) -> HttpResponse:
    """Show the rule; show what another would delete; save that other."""
    row, now = RetentionSettings.objects.first(), timezone.now()
    rules, version = rules_of(row), row.version if row else 0
    shown = rules.waiting(now) or rules.in_force(now)
    form = RetentionForm(request.POST or None, rule=shown, version=version)
    context: dict[str, Any] = {}
    if form.is_bound and form.is_valid():
        if request.POST.get("previewed") == _mark(form.rule) and _is_saved(request, form):
            return redirect("retention:rule")
        if not form.errors:
            context = _looked_at(form.rule, rules.in_force(now), now)
    if "dry_run" in request.GET:
        context["dry_run"] = preview(rules.in_force(now), at=now)
    context |= {
        "form": form,
        "is_set": row is not None,
        "version": version,
        "in_force": rule_told(rules.in_force(now)),
        "waiting": rule_told(waiting) if (waiting := rules.waiting(now)) else "",
        "waiting_at": rules.coming_at,
        "is_preserve_on": is_preserve_on(),
        "sweep": RetentionSweep.objects.first(),
        "zone": system_zone().key,
    }
    status = 422 if form.errors else 200
    return render(request, "retention/rule.html", context, status=status)


@require_POST
@administrators_only
def keep_rule(request: HttpRequest) -> HttpResponse:
    """Take back a rule that waits."""
    sent = request.POST.get("version", "")
    try:
        is_taken = take_back(request, opened_at=int(sent) if sent.isdecimal() else None)
    except StaleSetting as stale:
        messages.error(request, stale.message)
    else:
        if is_taken:
            messages.success(request, _("Taken back. The rule stays as it is."))
        else:
            messages.warning(request, _("It is in force already."))
    return redirect("retention:rule")


@require_POST
@administrators_only
def resume_sweeping(request: HttpRequest) -> HttpResponse:
    """Let retention delete again, which a restore had suspended."""
    if resume_after_restore(request):
        messages.success(request, _("Retention goes on: the next sweep comes within a minute."))
    return redirect("retention:rule")


def _looked_at(rule: RetentionRule, old: RetentionRule, now: datetime) -> dict[str, Any]:
    zone = system_zone()
    waits = shortens(rule, old, zone=zone)
    at = takes_effect_at(now, zone=zone) if waits else now
    return {
        "preview": preview(rule, at=at),
        "previewed": _mark(rule),
        "new_rule": rule_told(rule),
        "waits_until": at if waits else None,
    }


def _is_saved(request: HttpRequest, form: RetentionForm) -> bool:
    try:
        rules = save_rule(request, form.rule, opened_at=form.cleaned_data["version"])
    except StaleSetting as stale:
        stale.tell(form)
        return False
    if rules.coming is None:
        messages.success(request, _("Saved. In force now."))
    else:
        messages.success(request, _("Saved. Not in force yet: it can be taken back until then."))
    return True


def _mark(rule: RetentionRule) -> str:
    """Return what says which rule was looked at: one that was changed since is shown first."""
    return msgspec.json.encode(rule).decode()
