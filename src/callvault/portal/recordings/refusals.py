"""Why somebody may not, in the reader's language; short, to stand after a colon."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from callvault.policy.permissions import Refusal

from .models import Recording


def reason(refusal: Refusal, recording: Recording) -> str:
    """Say why a deed was refused: "preserved by Rita Marsh"."""
    told = {"name": recording.preserved_by_name}
    words = {
        Refusal.NOT_SEEN: _("not there any more"),
        Refusal.LEVEL: _("your level may not"),
        Refusal.NOBODY: _("nobody may"),
        Refusal.HELD: _("under a legal hold"),
        Refusal.PRESERVED_HIGHER: _("preserved by %(name)s") % told,
        Refusal.PRESERVED_ALREADY: _("already preserved by %(name)s") % told,
        Refusal.NOT_PRESERVED: _("not preserved"),
        Refusal.PRESERVE_OFF: _("preserve is switched off"),
        Refusal.NOTE_HIGHER: _("written by a higher level"),
        Refusal.NOTE_OF_ANOTHER: _("written by somebody else"),
    }
    return words[refusal]


def preserved_line(recordings: Iterable[Recording]) -> str:
    """Say how many of some recordings are preserved, and by whom; empty: none."""
    names = [one.preserved_by_name for one in recordings if one.preserved_level is not None]
    if not names:
        return ""
    told = ngettext(
        "%(count)s of them is preserved, by %(names)s.",
        "%(count)s of them are preserved, by %(names)s.",
        len(names),
    )
    return told % {"count": len(names), "names": ", ".join(sorted(set(names)))}
