"""What a token may be used for. A token never grants more than its person may do just then."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from callvault.portal.people.levels import Level


class Scope(TextChoices):
    """One kind of use; the value is what tokens keep and the API's description names."""

    RECORDINGS_READ = "recordings:read", _("List recordings, and read what is known of them")
    RECORDINGS_AUDIO = "recordings:audio", _("Download audio")
    RECORDINGS_WRITE = "recordings:write", _("Write notes, preserve and release")
    RECORDINGS_DELETE = "recordings:delete", _("Delete recordings")
    PEOPLE_READ = "people:read", _("List people")
    PEOPLE_WRITE = "people:write", _("Create, change and deactivate people")
    PEOPLE_DELETE = "people:delete", _("Delete people; their recordings stay")
    CALLS_READ = "calls:read", _("List calls, and why each was recorded or not")
    LIVE_READ = "live:read", _("List calls in progress")
    LIVE_CONTROL = (
        "live:control",
        _("Pause, resume, start, stop, keep and drop recordings of live calls"),
    )
    AUDIT_READ = "audit:read", _("Read the audit log")
    SETTINGS_READ = "settings:read", _("Read the global settings")
    SETTINGS_WRITE = "settings:write", _("Change the global settings")
    NODES_READ = "nodes:read", _("Read how the nodes are, and test them")
    NODES_CONTROL = "nodes:control", _("Start, drain and stop nodes")
    SUBJECTS_READ = "subjects:read", _("Look up data subjects, and export what is held of them")
    SUBJECTS_ERASE = "subjects:erase", _("Erase what is held of data subjects")


_LEVELS = {
    Scope.PEOPLE_READ: Level.ADMINISTRATOR,
    Scope.PEOPLE_WRITE: Level.ADMINISTRATOR,
    Scope.PEOPLE_DELETE: Level.ADMINISTRATOR,
    Scope.CALLS_READ: Level.ADMINISTRATOR,
    Scope.AUDIT_READ: Level.ADMINISTRATOR,
    Scope.SETTINGS_READ: Level.ADMINISTRATOR,
    Scope.SETTINGS_WRITE: Level.ADMINISTRATOR,
    Scope.NODES_READ: Level.ADMINISTRATOR,
    Scope.NODES_CONTROL: Level.ADMINISTRATOR,
    Scope.SUBJECTS_READ: Level.ADMINISTRATOR,
    Scope.SUBJECTS_ERASE: Level.ADMINISTRATOR,
    Scope.LIVE_READ: Level.RECORD_ONLY,
    Scope.LIVE_CONTROL: Level.RECORD_ONLY,
}


def scopes_of_level(level: int) -> list[Scope]:
    """Return the scopes that can be of use to a person of this level."""
    return [scope for scope in Scope if level >= _LEVELS.get(scope, Level.BASE)]
