"""Each deed of the audit log, done as people do it. One small file an area.

A new action adds to the file of its area, or a new one:

    @walk(Action.PLAYED)
    def play(stage: Stage) -> None:
        stage.rita.get(f"/recordings/{stage.recording.recording_id}/audio")

The walk does the deed once, by HTTP or command; `test_walk` finds exactly one entry afterwards,
and no telephone number of the stage in any. A deed that needs a whole stage of its own, such as a
passkey, is named in `ELSEWHERE` with the tests that walk it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.test import Client

from callvault.portal.audit.models import Action
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording

PASSWORD = "a password of the tests"
NUMBERS = ("5550142", "5550199", "2014")
"""Digits of all numbers on the stage; none may stand in an entry."""


@dataclass
class Stage:
    """Who and what there is to act with."""

    rita: Client  # an administrator's browser
    ann_client: Client  # an agent's
    anybody: Client  # nobody has signed in
    rita_user: User
    ann: User
    recording: Recording  # of Ann, sealed, with the number +15550142
    data_folder: Path


Walk = Callable[[Stage], object]

WALKS: dict[Action, Walk] = {}
ELSEWHERE: dict[Action, str] = {
    # Factors, sessions and providers: with authenticators and providers of their own.
    Action.SESSION_ENDED: "access",
    Action.SESSIONS_ENDED: "access",
    Action.PERSON_UNLOCKED: "access",
    Action.IDENTITY_CONFIRMED: "access",
    Action.FACTOR_ADDED: "access",
    Action.FACTOR_REMOVED: "access",
    Action.FACTORS_RESET: "access",
    Action.RECOVERY_CODE_USED: "access",
    Action.OWN_ACCOUNT_CHANGED: "access",
    # Mail: with a mail server of their own.
    Action.MAIL_TESTED: "notifications",
    Action.RECORDING_MAILED: "notifications",
    Action.PASSWORD_RESET: "notifications",
    # Export: with a target of its own.
    Action.RECORDING_EXPORTED: "exports",
    Action.EXPORT_TESTED: "exports",
    Action.EXPORT_BACKFILLED: "exports",
    # Directories: with servers of their own.
    Action.PERSON_DELETED: "directory",
    Action.DIRECTORY_CREATED: "directory",
    Action.DIRECTORY_CHANGED: "directory",
    Action.DIRECTORY_RUN_ASKED: "directory",
    Action.DIRECTORY_SYNCED: "directory",
    Action.DIRECTORY_SYNC_STOPPED: "directory",
    # Commands: as processes, on vaults and disks of their own.
    Action.CERTIFICATE_IMPORTED: "../commands",
    Action.BACKED_UP: "../commands",
    Action.BACKUP_ASKED: "backups",
    Action.RESTORED: "../commands",
    Action.RETENTION_RESUMED: "retention",
    Action.CERTIFICATES_CHOSEN: "certificates",
    Action.CERTIFICATE_REQUESTED: "certificates",
    Action.CERTIFICATE_REQUEST_DROPPED: "certificates",
    Action.REWRAPPING_STARTED: "certificates",
    Action.REWRAPPING_STOPPED: "certificates",
    Action.REWRAPPING_ENDED: "certificates",
    Action.STORAGE_TESTED: "storage",
    Action.RELOCATION_STARTED: "storage",
    Action.RELOCATION_PAUSED: "storage",
    Action.RELOCATION_RESUMED: "storage",
    Action.RELOCATION_STOPPED: "storage",
    Action.RELOCATION_ENDED: "storage",
    Action.MOVES_RETRIED: "storage",
    Action.DECODED_AGAIN: "../commands",
    Action.RECOVERY_STARTED: "../commands",
    Action.RECOVERY_ENDED: "../commands",
    Action.SEARCH_SHARED: "searches",
    Action.SEARCH_WITHDRAWN: "searches",
    Action.TOKEN_CREATED: "api",
    Action.HOLD_PLACED: "holds",
    Action.HOLD_RELEASE_ASKED: "holds",
    Action.HOLD_RELEASE_WITHDRAWN: "holds",
    Action.HOLD_RELEASED: "holds",
    Action.CALL_RECORDS_FORGOTTEN: "completeness",
    Action.CALL_RECORDS_REDACTED: "completeness",
    Action.TOKEN_REVOKED: "api",
}
"""Folder under tests/portal whose tests walk the action and look at its entry."""


def walk(action: Action) -> Callable[[Walk], Walk]:
    """Let a function be the walk of an action."""

    def taken(function: Walk) -> Walk:
        assert action not in WALKS, f"{action.name} has a walk already"
        WALKS[action] = function
        return function

    return taken
