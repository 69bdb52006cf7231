"""One row a deed. Rows are added, never changed; telephone numbers appear by reference only.

Triggers of the database refuse changes (`triggers`); the chain over the rows (`chain`, `keeper`)
is what shows them. Rows are written by every process, and chained by one worker afterwards.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models


class Action(models.TextChoices):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name, not a password
    PLAYED = "played"
    DOWNLOADED = "downloaded"
    SIGNALLING_READ = "signalling_read"
    PERSON_CREATED = "person_created"
    PERSON_CHANGED = "person_changed"
    PERSON_DELETED = "person_deleted"
    DIRECTORY_CREATED = "directory_created"
    DIRECTORY_CHANGED = "directory_changed"
    DIRECTORY_DELETED = "directory_deleted"
    DIRECTORY_RUN_ASKED = "directory_run_asked"
    DIRECTORY_RUN_CANCELLED = "directory_run_cancelled"
    DIRECTORY_SYNCED = "directory_synced"
    DIRECTORY_SYNC_STOPPED = "directory_sync_stopped"
    DIRECTORY_SYNC_FAILED = "directory_sync_failed"
    PEOPLE_IMPORTED = "people_imported"
    PEOPLE_EXPORTED = "people_exported"
    ONE_TIME_PASSWORD_SET = "one_time_password_set"  # noqa: S105 - a name, not a password
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    PERSON_UNLOCKED = "person_unlocked"
    IDENTITY_CONFIRMED = "identity_confirmed"
    FACTOR_ADDED = "factor_added"
    FACTOR_CHANGED = "factor_changed"
    FACTOR_REMOVED = "factor_removed"
    FACTORS_RESET = "factors_reset"
    RECOVERY_CODE_USED = "recovery_code_used"
    PROVIDER_BOUND = "provider_bound"
    PROVIDER_UNBOUND = "provider_unbound"
    OWN_ACCOUNT_CHANGED = "own_account_changed"
    TRUNK_CREATED = "trunk_created"
    TRUNK_CHANGED = "trunk_changed"
    TRUNK_DELETED = "trunk_deleted"
    PEER_ALLOWED = "peer_allowed"
    PEER_DISMISSED = "peer_dismissed"
    SETTINGS_CHANGED = "settings_changed"
    SEARCHED = "searched"
    SEARCH_SHARED = "search_shared"
    SEARCH_WITHDRAWN = "search_withdrawn"
    AUDIT_EXPORTED = "audit_exported"
    AUDIT_LOSS_ACCEPTED = "audit_loss_accepted"
    BACKED_UP = "backed_up"
    BACKUP_ASKED = "backup_asked"
    RESTORED = "restored"
    RETENTION_RESUMED = "retention_resumed"
    CERTIFICATE_IMPORTED = "certificate_imported"
    CERTIFICATES_CHOSEN = "certificates_chosen"
    CERTIFICATE_REQUESTED = "certificate_requested"
    CERTIFICATE_REQUEST_DROPPED = "certificate_request_dropped"
    REWRAPPING_STARTED = "rewrapping_started"
    REWRAPPING_STOPPED = "rewrapping_stopped"
    REWRAPPING_ENDED = "rewrapping_ended"
    STORAGE_TESTED = "storage_tested"
    RELOCATION_STARTED = "relocation_started"
    RELOCATION_PAUSED = "relocation_paused"
    RELOCATION_RESUMED = "relocation_resumed"
    RELOCATION_STOPPED = "relocation_stopped"
    RELOCATION_ENDED = "relocation_ended"
    MOVES_RETRIED = "moves_retried"
    DECODED_AGAIN = "decoded_again"
    RECOVERY_STARTED = "recovery_started"
    RECOVERY_ENDED = "recovery_ended"
    SUBJECT_EXPORTED = "subject_exported"
    ERASURE_STARTED = "erasure_started"
    ERASURE_ENDED = "erasure_ended"
    CALL_REDACTED = "call_redacted"
    CALL_PAUSED = "call_paused"
    CALL_RESUMED = "call_resumed"
    CALL_STARTED = "call_started"
    CALL_STOPPED = "call_stopped"
    CALL_KEPT = "call_kept"
    CALL_DROPPED = "call_dropped"
    CALL_LISTENED = "call_listened"
    CALL_LISTENING_ENDED = "call_listening_ended"
    CALL_DESTROYED = "call_destroyed"
    RECORDING_ORDERED = "recording_ordered"
    ORDER_WITHDRAWN = "order_withdrawn"
    DELETION_FORBIDDEN = "deletion_forbidden"
    REASSIGNED = "reassigned"
    HOLD_PLACED = "hold_placed"
    HOLD_RELEASE_ASKED = "hold_release_asked"
    HOLD_RELEASE_WITHDRAWN = "hold_release_withdrawn"
    HOLD_RELEASED = "hold_released"
    PRESERVED = "preserved"
    RELEASED = "released"
    DELETED = "deleted"
    NOTE_ADDED = "note_added"
    NOTE_CHANGED = "note_changed"
    NOTE_DELETED = "note_deleted"
    MAIL_TESTED = "mail_tested"
    RECORDING_MAILED = "recording_mailed"
    RECORDING_EXPORTED = "recording_exported"
    EXPORT_TESTED = "export_tested"
    EXPORT_BACKFILLED = "export_backfilled"
    PASSWORD_RESET_ASKED = "password_reset_asked"  # noqa: S105 - a name, not a password
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name, not a password
    NODE_STARTED = "node_started"
    NODE_DRAINED = "node_drained"
    NODE_STOPPED = "node_stopped"
    CDR_IMPORTED = "cdr_imported"
    CDR_IMPORT_UNDONE = "cdr_import_undone"
    CALL_RECORDS_FORGOTTEN = "call_records_forgotten"
    CALL_RECORDS_REDACTED = "call_records_redacted"
    TOKEN_CREATED = "token_created"  # noqa: S105 - a name, not a token
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a name, not a token


def actions() -> list[tuple[str, str]]:
    """Return the choices of an entry's action; asked for, so that a new one needs no migration."""
    return list(Action.choices)


class AuditEntry(models.Model):
    """Who did what, when and from where."""

    at = models.DateTimeField(auto_now_add=True)
    # No constraint, and nothing done on deletion: an entry is never changed, not even to forget
    # whom it is about.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        db_index=False,  # audit_by_actor begins with it
    )
    actor_name = models.CharField(max_length=150)  # user name, as it was; kept when the person goes
    address = models.GenericIPAddressField(null=True)  # null: this machine's command line
    action = models.CharField(max_length=32, choices=actions)
    object_kind = models.CharField(max_length=32, blank=True)  # recording, person, trunk, …
    object_id = models.CharField(max_length=64, blank=True)  # as in addresses of pages
    detail = models.JSONField(default=dict, blank=True)  # names of changed fields, never numbers

    class Meta:
        """Walked by time, alone or within one person, action, address, kind or object."""

        indexes = (
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["actor", "action", "-at", "-id"], name="audit_by_deed"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["address", "-at", "-id"], name="audit_by_address"),
            models.Index(fields=["object_kind", "-at", "-id"], name="audit_by_kind"),
            models.Index(fields=["object_kind", "object_id", "-at", "-id"], name="audit_by_object"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action} {self.object_id}"


class Unchained(models.Model):
    """An entry that waits for its place in the chain; put here by a trigger with the entry.

    By such rows and not by ids: an id that becomes visible after later ones still waits here.
    """

    entry = models.OneToOneField(
        AuditEntry,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="unchained",
    )

    def __str__(self) -> str:
        return str(self.pk)


class ChainLink(models.Model):
    """The place of an entry in the chain; what the digests are over is said in `chain`."""

    sequence = models.BigIntegerField(primary_key=True)  # from 1, without gaps
    entry = models.OneToOneField(
        AuditEntry, on_delete=models.DO_NOTHING, db_constraint=False, related_name="link"
    )
    content = models.BinaryField(max_length=32)  # digest of the entry
    digest = models.BinaryField(max_length=32)  # of this place

    def __str__(self) -> str:
        return f"{self.sequence}: entry {self.entry_id}"


class ChainStatement(models.Model):
    """What the system signed of a place in its chain (`chain.Statement`)."""

    kind = models.CharField(max_length=8)  # genesis, head, cut
    chain = models.CharField(max_length=36)
    sequence = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)
    at = models.CharField(max_length=20)  # as it was signed
    key = models.CharField(max_length=64)
    signature = models.BinaryField(max_length=64)

    class Meta:
        """Walked along the chain."""

        indexes = (models.Index(fields=["sequence", "id"], name="statement_by_place"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.sequence}"


class ChainState(models.Model):
    """The one row on how the chain is kept: whose turn it is, and how far it is checked again."""

    chain = models.UUIDField(default=uuid4)
    holder = models.CharField(max_length=100, blank=True)  # worker that chains now
    held_until = models.DateTimeField(null=True)
    round_began_at = models.DateTimeField(null=True)  # of the check under way; null: none is
    round_sequence = models.BigIntegerField(default=0)  # place reached
    round_digest = models.BinaryField(max_length=32, default=bytes)
    round_entry_id = models.BigIntegerField(default=0)  # entries looked at for their link
    checked_at = models.DateTimeField(null=True)  # end of the last whole check
    checked_entries = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"chain {self.chain}"


class ChainFinding(models.Model):
    """Something wrong with the chain; gone when a whole check no longer finds it."""

    problem = models.CharField(max_length=16)  # chain.Problem
    sequence = models.BigIntegerField(null=True)
    entry_number = models.BigIntegerField(null=True)  # id of the entry, which may be gone
    text = models.CharField(max_length=300)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        """Once each, along the chain."""

        ordering = ("sequence", "id")
        constraints = (
            models.UniqueConstraint(fields=["problem", "text"], name="chain_finding_once"),
        )

    def __str__(self) -> str:
        return self.text
