"""Entries in words: each action has its sentence. docs/reference/audit.md lists the same actions.

A new action adds its line to `SENTENCES`, its row to the page, and its walk to
tests/portal/audit/walk; tests say so where one is missing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.people.models import User

from .log import COMMAND_LINE
from .models import Action, AuditEntry
from .objects import Named

# %(who)s did it, %(object)s is what it is about.
SENTENCES: dict[Action, Promise | str] = {
    Action.SIGNED_IN: gettext_lazy("%(who)s signed in"),
    Action.SIGNED_OUT: gettext_lazy("%(who)s signed out"),
    Action.SIGN_IN_FAILED: gettext_lazy("A sign-in as %(object)s failed"),
    Action.PASSWORD_CHANGED: gettext_lazy("%(who)s changed the own password"),
    Action.PLAYED: gettext_lazy("%(who)s played %(object)s"),
    Action.DOWNLOADED: gettext_lazy("%(who)s downloaded %(object)s"),
    Action.SIGNALLING_READ: gettext_lazy("%(who)s read the signalling of %(object)s"),
    Action.PERSON_CREATED: gettext_lazy("%(who)s added %(object)s"),
    Action.PERSON_CHANGED: gettext_lazy("%(who)s changed %(object)s"),
    Action.PERSON_DELETED: gettext_lazy("%(who)s deleted %(object)s"),
    Action.PEOPLE_IMPORTED: gettext_lazy("%(who)s imported people"),
    Action.PEOPLE_EXPORTED: gettext_lazy("%(who)s exported people"),
    Action.ONE_TIME_PASSWORD_SET: gettext_lazy("%(who)s gave %(object)s a one-time password"),
    Action.TRUNK_CREATED: gettext_lazy("%(who)s added %(object)s"),
    Action.TRUNK_CHANGED: gettext_lazy("%(who)s changed %(object)s"),
    Action.TRUNK_DELETED: gettext_lazy("%(who)s removed %(object)s"),
    Action.PEER_ALLOWED: gettext_lazy("%(who)s let a source call by %(object)s"),
    Action.PEER_DISMISSED: gettext_lazy("%(who)s chose to ignore source %(object)s"),
    Action.DIRECTORY_CREATED: gettext_lazy("%(who)s added %(object)s"),
    Action.DIRECTORY_CHANGED: gettext_lazy("%(who)s changed %(object)s"),
    Action.DIRECTORY_DELETED: gettext_lazy("%(who)s removed %(object)s"),
    Action.DIRECTORY_RUN_ASKED: gettext_lazy("%(who)s asked for a run of %(object)s"),
    Action.DIRECTORY_RUN_CANCELLED: gettext_lazy("%(who)s cancelled a run of %(object)s"),
    Action.DIRECTORY_SYNCED: gettext_lazy("%(who)s synced people with %(object)s"),
    Action.DIRECTORY_SYNC_STOPPED: gettext_lazy("A sync with %(object)s was stopped for safety"),
    Action.DIRECTORY_SYNC_FAILED: gettext_lazy("A sync with %(object)s failed"),
    Action.SETTINGS_CHANGED: gettext_lazy("%(who)s changed the settings"),
    Action.CDR_IMPORTED: gettext_lazy("%(who)s imported call records"),
    Action.CALL_RECORDS_FORGOTTEN: gettext_lazy("Old call records were deleted"),
    Action.CALL_RECORDS_REDACTED: gettext_lazy(
        "%(who)s took %(object)s out of the phone system's call records"
    ),
    Action.CDR_IMPORT_UNDONE: gettext_lazy("%(who)s took back an import of call records"),
    Action.HOLD_PLACED: gettext_lazy("%(who)s placed %(object)s"),
    Action.HOLD_RELEASE_ASKED: gettext_lazy("%(who)s asked to release %(object)s"),
    Action.HOLD_RELEASE_WITHDRAWN: gettext_lazy("%(who)s took back the release of %(object)s"),
    Action.HOLD_RELEASED: gettext_lazy("%(who)s released %(object)s"),
    Action.DELETION_FORBIDDEN: gettext_lazy("%(who)s took away the right to delete, for good"),
    Action.RECORDING_ORDERED: gettext_lazy(
        "%(who)s ordered a recording of %(object)s by automated dial-in"
    ),
    Action.ORDER_WITHDRAWN: gettext_lazy(
        "%(who)s withdrew the order of a recording of %(object)s by automated dial-in"
    ),
    Action.CALL_PAUSED: gettext_lazy("%(who)s paused the recording of %(object)s"),
    Action.CALL_RESUMED: gettext_lazy("%(who)s resumed the recording of %(object)s"),
    Action.CALL_STARTED: gettext_lazy("%(who)s started the recording of %(object)s"),
    Action.CALL_STOPPED: gettext_lazy("%(who)s stopped the recording of %(object)s"),
    Action.CALL_KEPT: gettext_lazy("%(who)s marked %(object)s to be kept"),
    Action.CALL_DROPPED: gettext_lazy("%(who)s marked %(object)s not to be kept"),
    Action.CALL_LISTENED: gettext_lazy("%(who)s began to listen to %(object)s"),
    Action.CALL_LISTENING_ENDED: gettext_lazy("%(who)s stopped listening to %(object)s"),
    Action.CALL_DESTROYED: gettext_lazy(
        "The audio of %(object)s was destroyed, since nobody kept it"
    ),
    Action.REASSIGNED: gettext_lazy("%(who)s gave %(object)s to another owner"),
    Action.PRESERVED: gettext_lazy("%(who)s preserved %(object)s"),
    Action.RELEASED: gettext_lazy("%(who)s released %(object)s, which was preserved"),
    Action.DELETED: gettext_lazy("%(who)s deleted %(object)s"),
    Action.NOTE_ADDED: gettext_lazy("%(who)s wrote a note on %(object)s"),
    Action.NOTE_CHANGED: gettext_lazy("%(who)s changed a note on %(object)s"),
    Action.NOTE_DELETED: gettext_lazy("%(who)s deleted a note on %(object)s"),
    Action.MAIL_TESTED: gettext_lazy("%(who)s sent a test mail"),
    Action.RECORDING_MAILED: gettext_lazy("A mail about %(object)s went to its owner"),
    Action.RECORDING_EXPORTED: gettext_lazy("A copy of %(object)s went to the export target"),
    Action.EXPORT_TESTED: gettext_lazy("%(who)s tested access to the export target"),
    Action.EXPORT_BACKFILLED: gettext_lazy("%(who)s had recordings of past days exported"),
    Action.PASSWORD_RESET_ASKED: gettext_lazy("A link for a new password was asked for"),
    Action.PASSWORD_RESET: gettext_lazy("%(object)s got a new password by a link in a mail"),
    Action.NODE_STARTED: gettext_lazy("%(who)s had %(object)s take calls again"),
    Action.NODE_DRAINED: gettext_lazy("%(who)s had %(object)s drain: no new calls"),
    Action.NODE_STOPPED: gettext_lazy("%(who)s had %(object)s stop"),
    Action.TOKEN_CREATED: gettext_lazy("%(who)s made an access token"),
    Action.TOKEN_REVOKED: gettext_lazy("%(who)s revoked an access token"),
    Action.SESSION_ENDED: gettext_lazy("A session of %(object)s came to its end"),
    Action.SESSIONS_ENDED: gettext_lazy("%(who)s ended sessions of %(object)s"),
    Action.PERSON_UNLOCKED: gettext_lazy("%(who)s unlocked the sign-in of %(object)s"),
    Action.IDENTITY_CONFIRMED: gettext_lazy("%(who)s confirmed the own identity again"),
    Action.FACTOR_ADDED: gettext_lazy("%(who)s added a second factor"),
    Action.FACTOR_CHANGED: gettext_lazy("%(who)s changed a second factor"),
    Action.FACTOR_REMOVED: gettext_lazy("%(who)s removed a second factor"),
    Action.FACTORS_RESET: gettext_lazy("%(who)s removed all second factors of %(object)s"),
    Action.RECOVERY_CODE_USED: gettext_lazy("%(who)s signed in with a recovery code"),
    Action.PROVIDER_BOUND: gettext_lazy("%(object)s was bound to an account of the provider"),
    Action.PROVIDER_UNBOUND: gettext_lazy("%(who)s unbound %(object)s from the provider"),
    Action.OWN_ACCOUNT_CHANGED: gettext_lazy("%(who)s changed the own account"),
    Action.SEARCHED: gettext_lazy("%(who)s searched"),
    Action.SEARCH_SHARED: gettext_lazy("%(who)s shared a saved search"),
    Action.SEARCH_WITHDRAWN: gettext_lazy("%(who)s no longer shares a saved search"),
    Action.AUDIT_EXPORTED: gettext_lazy("%(who)s exported the audit log"),
    Action.AUDIT_LOSS_ACCEPTED: gettext_lazy("%(who)s accepted that the audit log lost its end"),
    Action.BACKED_UP: gettext_lazy("%(who)s made a backup"),
    Action.BACKUP_ASKED: gettext_lazy("%(who)s asked for a backup"),
    Action.RESTORED: gettext_lazy("%(who)s restored a backup"),
    Action.RETENTION_RESUMED: gettext_lazy("%(who)s had retention go on after a restore"),
    Action.CERTIFICATE_IMPORTED: gettext_lazy("%(who)s imported %(object)s"),
    Action.CERTIFICATES_CHOSEN: gettext_lazy("%(who)s chose what is sealed to"),
    Action.CERTIFICATE_REQUESTED: gettext_lazy("%(who)s made a key and a signing request"),
    Action.CERTIFICATE_REQUEST_DROPPED: gettext_lazy("%(who)s removed a signing request"),
    Action.REWRAPPING_STARTED: gettext_lazy("%(who)s had keys of recordings sealed anew"),
    Action.REWRAPPING_STOPPED: gettext_lazy("%(who)s stopped sealing keys anew"),
    Action.REWRAPPING_ENDED: gettext_lazy("Keys of recordings were sealed anew"),
    Action.STORAGE_TESTED: gettext_lazy("%(who)s tested the access to %(object)s"),
    Action.RELOCATION_STARTED: gettext_lazy("%(who)s had recordings moved to another store"),
    Action.RELOCATION_PAUSED: gettext_lazy("%(who)s paused moving recordings"),
    Action.RELOCATION_RESUMED: gettext_lazy("%(who)s went on with moving recordings"),
    Action.RELOCATION_STOPPED: gettext_lazy("%(who)s stopped moving recordings"),
    Action.RELOCATION_ENDED: gettext_lazy("Recordings were moved to another store"),
    Action.MOVES_RETRIED: gettext_lazy(
        "%(who)s had recordings tried again that could not be moved"
    ),
    Action.DECODED_AGAIN: gettext_lazy("%(who)s decoded %(object)s anew"),
    Action.RECOVERY_STARTED: gettext_lazy("%(who)s began to recover %(object)s"),
    Action.RECOVERY_ENDED: gettext_lazy("%(who)s finished recovering %(object)s"),
    Action.SUBJECT_EXPORTED: gettext_lazy("%(who)s exported what is held of %(object)s"),
    Action.ERASURE_STARTED: gettext_lazy("%(who)s asked to erase %(object)s"),
    Action.ERASURE_ENDED: gettext_lazy("%(who)s finished erasing %(object)s"),
    Action.CALL_REDACTED: gettext_lazy("%(who)s took the numbers out of %(object)s"),
}

SEARCH_PLACES: dict[str, Promise | str] = {
    "recordings": gettext_lazy("%(who)s searched recordings"),
    "decisions": gettext_lazy("%(who)s searched call decisions"),
    "filters_tried": gettext_lazy("%(who)s tried a draft of the recording filters on past calls"),
    "audit": gettext_lazy("%(who)s searched the audit log"),
    "subjects": gettext_lazy("%(who)s looked up a data subject"),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, as people know them."""

    text: str
    url: str = ""


def actor_of(entry: AuditEntry, people: Mapping[int, User]) -> Actor:
    """Return who did it: a person, a user of the system at the command line, or Callvault."""
    person = people.get(entry.actor_id) if entry.actor_id is not None else None
    if person is not None:
        return Actor(person.get_full_name(), reverse("people:person", args=[person.public_id]))
    if entry.detail.get(COMMAND_LINE):
        return Actor(_("%(user)s at the command line") % {"user": entry.actor_name})
    if entry.actor_name:
        return Actor(entry.actor_name)
    return Actor(_("Somebody") if entry.address else "Callvault")


def template_of(entry: AuditEntry) -> str:
    """Return the sentence of an action, with `%(who)s` and `%(object)s` still in it."""
    if entry.action == Action.SEARCHED and entry.detail.get("where") in SEARCH_PLACES:
        return str(SEARCH_PLACES[entry.detail["where"]])
    try:
        return str(SENTENCES[Action(entry.action)])
    except (KeyError, ValueError):  # of a later version
        return "%(who)s: " + entry.action.replace("_", " ").replace("%", "%%") + " %(object)s"


def sentence(entry: AuditEntry, actor: Actor, about: Named) -> SafeString:
    """Write an entry as a sentence whose names lead to their pages."""
    template = conditional_escape(template_of(entry))
    told = {"who": _linked(actor.text, actor.url), "object": _linked(about.text, about.url)}
    return mark_safe(template % told)  # noqa: S308 - template and names are escaped


def plain_sentence(entry: AuditEntry, actor: Actor, about: Named) -> str:
    """Write an entry as plain text."""
    return template_of(entry) % {"who": actor.text, "object": about.text}


def _linked(text: str, url: str) -> SafeString:
    if not url:
        return format_html('<span class="cv-strong">{}</span>', text)
    return format_html('<a class="cv-name" href="{}">{}</a>', url, text)


def action_choices() -> Iterator[tuple[str, str]]:
    """Yield each action with a short name for the filter, by name."""
    names = {action.value: _short(action) for action in Action}
    yield from sorted(names.items(), key=lambda pair: pair[1].casefold())


def _short(action: Action) -> str:
    """Return the sentence of an action without who did it, and what it is about left open."""
    about = {
        "person": _("a person"),
        "trunk": _("a trunk"),
        "directory": _("a directory"),
        "node": _("a node"),
    }
    told = about.get(action.value.partition("_")[0], "…")
    text = (str(SENTENCES[action]) % {"who": "", "object": told}).strip(" …,").replace("  ", " ")
    return text[:1].upper() + text[1:]


ICONS: dict[str, str] = {
    "signed_in": "user-circle",
    "signed_out": "logout",
    "sign_in_failed": "circle-x",
    "password_changed": "key",
    "one_time_password_set": "key",
    "played": "player-play",
    "downloaded": "download",
    "signalling_read": "file-text",
    "person_created": "user-plus",
    "trunk_created": "plug-connected",
    "peer_allowed": "plug-connected",
    "peer_dismissed": "eye-off",
    "searched": "search",
    "audit_exported": "download",
    "call_paused": "player-pause",
    "call_resumed": "player-play",
    "call_started": "circle",
    "call_stopped": "microphone-off",
    "call_kept": "lock",
    "call_dropped": "trash",
    "call_listened": "volume",
    "call_listening_ended": "volume-off",
    "preserved": "lock",
    "deletion_forbidden": "ban",
    "note_added": "file-text",
    "note_changed": "file-text",
    "subject_exported": "archive",
    "backed_up": "archive",
    "restored": "archive",
    "node_started": "player-play",
    "node_drained": "player-pause",
    "node_stopped": "microphone-off",
}
_ICON_OF_ENDING = {
    "deleted": "trash",
    "erased": "trash",
    "created": "plus",
    "added": "plus",
    "changed": "pencil",
    "exported": "download",
    "preserved": "lock",
}


def icon_of(action: str) -> str:
    """Return the icon of an action; by its last word where it has none of its own."""
    ending = action.rpartition("_")[2]
    return ICONS.get(action) or _ICON_OF_ENDING.get(ending, "file-text")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of an entry's details: a value, or what it was before and is now."""

    name: str
    value: str
    before: str | None = None


def facts_of(entry: AuditEntry) -> list[Fact]:
    """Return an entry's details: changed fields with both values first, then the rest."""
    detail = dict(entry.detail)
    old = detail.pop("old", None) or _values_in(detail, "before")
    new = detail.pop("new", None) or _values_in(detail, "after")
    old, new = old or ({} if new else None), new or ({} if old else None)
    facts = []
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old | new):
            facts.append(Fact(_field(name), _shown(new.get(name)), _shown(old.get(name))))
        told = set(old | new)
        fields = detail.get("fields")
        if isinstance(fields, list):
            detail["fields"] = [name for name in fields if name not in told]
    facts += [
        Fact(_field(name), _shown(value))
        for name, value in detail.items()
        if value not in (None, "", [], {}) and name != COMMAND_LINE
    ]
    return facts


def _values_in(detail: dict[str, object], name: str) -> object:
    """Take values out of the details that some capabilities call before and after."""
    return detail.pop(name) if isinstance(detail.get(name), dict) else None


@cache
def _names_of_fields() -> dict[str, Promise]:
    """Return how forms call the fields of our models; where two differ, the first app's word."""
    return {
        field.name: field.verbose_name
        for model in reversed(apps.get_models())
        for field in model._meta.concrete_fields
        if model.__module__.startswith("callvault.") and isinstance(field.verbose_name, Promise)
    }


def _field(name: str) -> str:
    text = str(_names_of_fields().get(str(name), str(name).replace("_", " ")))
    return text[:1].upper() + text[1:]


def _shown(value: object) -> str:
    """Write a value of JSON as people read it."""
    if value is None or value == "":
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value) or _("none")
    if isinstance(value, dict):
        return "; ".join(f"{_field(name)}: {_shown(one)}" for name, one in value.items())
    return str(value)
