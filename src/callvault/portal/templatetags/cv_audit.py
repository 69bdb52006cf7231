"""Filters of the audit log."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from callvault.portal.audit.chain import Problem

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


@register.filter
def finding_name(problem: str) -> str:
    """Return the word for what is wrong with the chain."""
    return str(FINDINGS.get(problem, problem))


@register.filter
def sentence_start(text: str) -> str:
    """Begin a text with a capital."""
    return text[:1].upper() + text[1:]
