"""Who may download and who may delete (USER-7): what is in force, and changing it.

Every check of these rights reads `rights_in_force`, and every change goes through `change_rights`,
whatever face it comes from.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists
from django.http import HttpRequest
from django.utils.translation import gettext as _

from callvault.policy.permissions import GlobalRights
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.retention.rule import is_preserve_on

from .deletion_ban import forbid_deletion, is_marked_here, write_markers
from .models import DeletionBan, LowestLevel, SystemSettings


class RightsRefused(ValueError):
    """The change was not made; the message says why, in the reader's language."""


@dataclass(frozen=True, slots=True)
class LowestLevels:
    """Who may, as the settings name it."""

    download: LowestLevel
    delete: LowestLevel

    @property
    def facts(self) -> dict[str, str]:
        """The same for the audit log."""
        return {"download": self.download.name.lower(), "delete": self.delete.name.lower()}


def levels_in_force() -> LowestLevels:
    """Return what is set; the stricter where the settings and what cannot be undone disagree."""
    banned = Exists(DeletionBan.objects.all())
    row = SystemSettings.objects.annotate(banned=banned).first()
    settings = row or SystemSettings()
    is_banned = row.banned if row is not None else DeletionBan.objects.exists()
    never = is_banned or is_marked_here()
    delete = LowestLevel.NOBODY_MAY if never else LowestLevel(settings.delete_level)
    return LowestLevels(LowestLevel(settings.download_level), delete)


def rights_in_force() -> GlobalRights:
    """Return the same for the rules. Retention switches preserve on and off."""
    levels = levels_in_force()
    return GlobalRights(levels.download, levels.delete, is_preserve_on=is_preserve_on())


def phrase_to_type() -> str:
    """Return what is to be typed before nobody may delete any more."""
    return _("Nobody may ever delete")


def is_typed(phrase: str) -> bool:
    """Whether somebody typed it; capitals and blanks make no difference."""
    return " ".join(phrase.split()).casefold() == phrase_to_type().casefold()


def change_rights(
    request: HttpRequest, wanted: LowestLevels, *, seen: LowestLevels, phrase: str = ""
) -> None:
    """Put other levels in force.

    `seen` is what was in force when they were chosen. Raises RightsRefused when somebody changed
    it meanwhile, when nobody may delete any more, or when that is wanted without the `phrase`.
    """
    with transaction.atomic():
        row = SystemSettings.objects.select_for_update().first() or SystemSettings.load()
        before = levels_in_force()
        _refuse(wanted, before, seen, phrase)
        record(
            request, Action.SETTINGS_CHANGED, kind="settings",
            fields=["download_level", "delete_level"], before=before.facts, after=wanted.facts,
        )  # fmt: skip
        row.download_level = wanted.download
        row.delete_level = wanted.delete
        row.save()
        if wanted.delete == LowestLevel.NOBODY_MAY != before.delete:
            forbid_deletion(request)
            transaction.on_commit(write_markers)


def _refuse(wanted: LowestLevels, now: LowestLevels, seen: LowestLevels, phrase: str) -> None:
    never = LowestLevel.NOBODY_MAY
    if now.delete == never != wanted.delete:
        raise RightsRefused(_("Nobody may delete recordings, and nobody can change that."))
    if now != seen:
        raise RightsRefused(_("Somebody changed these rights meanwhile. They are shown anew."))
    if wanted.delete == never != now.delete and not is_typed(phrase):
        raise RightsRefused(_("Type the phrase as it is shown."))
