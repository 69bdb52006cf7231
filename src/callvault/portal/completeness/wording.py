"""Call records in words: verdicts, why, and what is wrong with a line."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.policy.completeness import CdrVerdict, Why
from callvault.portal.decisions import sentences
from callvault.portal.recordings.phrases import number_shown

from .cdr_reading import Wrong
from .models import CdrCall

TITLES: dict[str, Promise | str] = {
    CdrVerdict.RECORDED: gettext_lazy("Recorded"),
    CdrVerdict.MISSING: gettext_lazy("Missing"),
    CdrVerdict.FAILED: gettext_lazy("Failed"),
    CdrVerdict.REFUSED: gettext_lazy("Refused"),
    CdrVerdict.LEFT_OUT: gettext_lazy("Left out by a rule"),
    CdrVerdict.NOT_OURS: gettext_lazy("Nobody of ours"),
    CdrVerdict.NOT_ANSWERED: gettext_lazy("Not answered"),
}
WRONG: dict[str, Promise | str] = {
    Wrong.CELLS: gettext_lazy("It has more cells than the first line, or cannot be read."),
    Wrong.START: gettext_lazy("The start is no moment in this format."),
    Wrong.END: gettext_lazy("The end is no moment in this format, or not after the start."),
    Wrong.LENGTH: gettext_lazy("The duration is neither seconds nor hours, minutes and seconds."),
    Wrong.LONG: gettext_lazy("A number or the call id is too long."),
}
DATE_FORMATS: dict[str, Promise | str] = {
    "iso": gettext_lazy("2026-11-27 14:05:09 (ISO 8601)"),
    "epoch": gettext_lazy("1795788309 (seconds since 1970)"),
    "epoch_ms": gettext_lazy("1795788309000 (milliseconds since 1970)"),
    "dmy": "27/11/2026 14:05:09",
    "mdy": "11/27/2026 14:05:09",
    "dmy_dots": "27.11.2026 14:05:09",
    "compact": "20261127140509",
    "audiocodes": gettext_lazy("14:05:09.123 UTC Fri Nov 27 2026 (AudioCodes)"),
}


def title_of(verdict: str) -> str:
    """Return the one word for what became of a record; empty verdict: not judged yet."""
    return str(TITLES.get(verdict) or _("Waiting"))


REASONS: dict[str, Promise | str] = {
    Why.BY_ID: gettext_lazy("Found by its call id."),
    Why.BY_NUMBERS: gettext_lazy("Found by numbers and time."),
    Why.NEVER_REACHED: gettext_lazy(
        "No recorder heard of it. It would have been a call of %(name)s."
    ),
    Why.SHARED: gettext_lazy("No recorder heard of it, and several people share its number."),
    Why.MODE: gettext_lazy("No recorder heard of it. The mode of %(name)s does not ask for it."),
    Why.FILTER: gettext_lazy(
        "No recorder heard of it. A filter of %(name)s would have left it out."
    ),
    Why.NOBODY: gettext_lazy("No number of it is anybody's under People."),
    Why.UNANSWERED: gettext_lazy("Nobody was connected."),
}


def sentence_of(row: CdrCall) -> str:
    """Say in one line what the verdict rests on."""
    if not row.why:
        return _("A worker looks at it within seconds.")
    if row.call is not None and row.verdict != CdrVerdict.RECORDED:
        return sentences.verdict_sentence(row.call)
    return str(REASONS.get(row.why, row.why)) % {"name": row.username}


def parties_of(row: CdrCall) -> str:
    """Name both sides, and whom the caller dialled if somebody else answered."""
    told = {"caller": number_shown(row.caller), "callee": number_shown(row.callee)}
    if row.dialled and row.dialled != row.callee:
        told["dialled"] = number_shown(row.dialled)
        return _("%(caller)s → %(callee)s, dialled %(dialled)s") % told
    return _("%(caller)s → %(callee)s") % told
