"""Filters of the audit log."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from callvault.portal.audit.chain import Problem
from callvault.vault import LogProblem

register = template.Library()

FINDINGS: dict[str, Promise | str] = {
    Problem.CHANGED: _("Changed"),
    Problem.REMOVED: _("Removed"),
    Problem.INSERTED: _("Inserted"),
    Problem.REORDERED: _("Reordered"),
    Problem.REBUILT: _("Written anew"),
    Problem.CUT_OFF: _("Cut off"),
    Problem.SIGNATURE: _("Signature"),
}


LOG_PROBLEMS: dict[str, Promise | str] = {
    LogProblem.FACTS: _("Facts changed"),
    LogProblem.OBJECT: _("File changed"),
    LogProblem.GONE: _("File missing"),
    LogProblem.MISSING: _("Removed"),
    LogProblem.UNENTERED: _("Inserted"),
    LogProblem.RETURNED: _("Back again"),
    LogProblem.LINES: _("Log changed"),
    LogProblem.HEADS: _("Day missing"),
    LogProblem.SIGNATURE: _("Signature"),
    LogProblem.STAMP: _("Time stamp"),
    LogProblem.CUT_OFF: _("Cut off"),
}


@register.filter
def integrity_problem(problem: str) -> str:
    """Return the word for what is wrong with a recording or the log of recordings."""
    return str(LOG_PROBLEMS.get(problem, problem))


@register.filter
def finding_name(problem: str) -> str:
    """Return the word for what is wrong with the chain."""
    return str(FINDINGS.get(problem, problem))


@register.filter
def sentence_start(text: str) -> str:
    """Begin a text with a capital."""
    return text[:1].upper() + text[1:]
