"""What is wrong with an export, and what to do about it, in words for administrators."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORDS: dict[str, tuple[Promise, Promise]] = {
    "name": (
        _("The server of %(place)s is not known."),
        _("DNS has no address for this name. Look at its spelling."),
    ),
    "unreachable": (
        _("The server of %(place)s cannot be reached."),
        _("It is switched off, or a firewall is between. Recordings wait until it answers."),
    ),
    "timeout": (
        _("The server of %(place)s does not answer."),
        _("It took the connection and nothing more. Look after it; recordings wait."),
    ),
    "dropped": (
        _("The connection to %(place)s broke."),
        _("It is tried again by itself. If it stays so, look at the network and the server."),
    ),
    "encryption": (
        _("The server of %(place)s offers no encryption."),
        _("Switch encryption on there: these copies are not sent in the open."),
    ),
    "host_key": (
        _("The server of %(place)s shows another key than before."),
        _("It was set up anew, or somebody is between. Ask who runs it, then test access anew."),
    ),
    "credentials": (
        _("The server of %(place)s did not accept the user name or the password."),
        _("Type them anew. Users of a domain are written DOMAIN\\user."),
    ),
    "share": (
        _("There is no share or folder %(place)s."),
        _("Look at its spelling, or make it there."),
    ),
    "permission": (
        _("The user may not write to %(place)s."),
        _("Give the user the right to write there: of a share, in it and in its folder."),
    ),
    "rename": (
        _("The user may write to %(place)s, and may not rename what was written."),
        _("Files get their names when they are whole. Give the user the right to modify files."),
    ),
    "read_only": (
        _("%(place)s is read-only."),
        _("Allow writing on the server."),
    ),
    "space": (
        _("%(place)s is full, or the user's quota is."),
        _("Make room. Recordings wait; nothing at the target is deleted to make room."),
    ),
    "changed": (
        _("%(place)s gives back other bytes than were written."),
        _("Its disk, or something on the way, changes files. Look after the server."),
    ),
    "sealed": (
        _("The password of the export target cannot be opened on this machine."),
        _("Its portal-secret-key is another one. Type the password anew, or copy the key."),
    ),
    "in_use": (
        _("A file of this recording is open in another program at %(place)s."),
        _("It is tried again by itself."),
    ),
    "list_in_use": (
        _("The list of the day is open in another program at %(place)s."),
        _("The recording is written. Close the list there; its line is added then."),
    ),
    "name_taken": (
        _("Too many other files have the name of this recording at %(place)s."),
        _("Move them away. Another system may be exporting to the same folder."),
    ),
    "erasure": (
        _("The recording is being erased."),
        _("It is exported only if it may not be deleted after all."),
    ),
    "other_node": (
        _("The recording lies on another machine."),
        _("The worker there exports it, as soon as it is its turn."),
    ),
    "key": (
        _("No private key on this machine opens the recording."),
        _("Bring the certificate that its page names. It is tried again each hour."),
    ),
    "audio": (
        _("The recording cannot be read now."),
        _("Its store may be away. The export waits for it."),
    ),
    "audio_missing": (
        _("The sound of the recording is not in the store."),
        _("There is nothing to export. Look at the recording's page."),
    ),
    "audio_broken": (
        _("The sound of the recording is damaged, or was changed."),
        _("What does not agree with its seal is not exported. Look at the recording's page."),
    ),
    "other": (
        _("%(place)s refused it."),
        _("Its answer says why. It is tried again by itself."),
    ),
}


def explained(kind: str, *, place: str) -> tuple[str, str]:
    """Return what happened, and what to do about it; empty where nothing is wrong."""
    if not kind:
        return "", ""
    what, remedy = _WORDS.get(kind, _WORDS["other"])
    return str(what) % {"place": place}, str(remedy)
