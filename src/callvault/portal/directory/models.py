"""Directories, whom they know, and what came of each look into them."""

from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from callvault.portal.people.levels import Level


class Kind(models.TextChoices):
    """What a directory is asked by."""

    LDAP = "ldap", _("LDAP or Active Directory")
    WEBEX = "webex", _("Webex people")


class SecurityChoice(models.TextChoices):
    """How the connection is kept from being read; values as in ldap_channel.Security."""

    LDAPS = "ldaps", _("TLS from the start (LDAPS)")
    STARTTLS = "starttls", _("TLS by StartTLS")
    PLAIN = "plain", _("None: passwords travel in clear")


class Gone(models.TextChoices):
    """What becomes of people whom the directory has no longer. Their recordings stay."""

    DELETE = "delete", _("Delete them; their recordings stay")
    DEACTIVATE = "deactivate", _("Deactivate them")
    KEEP = "keep", _("Leave them as they are")


class Rhythm(models.TextChoices):
    """When a directory is looked into by itself."""

    OFF = "off", _("Only when asked")
    EVERY = "every", _("Every so many minutes")
    DAILY = "daily", _("Once a day")


class GroupBy(models.TextChoices):
    """Where groups come from; values as in mapping.By."""

    HAND = "hand", _("As edited by hand")
    ATTRIBUTE = "attribute", _("From an attribute")
    MEMBERSHIP = "membership", _("From memberships")


class WebexAccess(models.TextChoices):
    """What Webex knows us by."""

    APP = "app", _("Service app or integration")
    TOKEN = "token", _("Access token (bot or personal)")


class DirectorySource(models.Model):
    """A directory whose people are people here. Lists are stored one entry an element."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    uris = models.JSONField(_("servers"), default=list, blank=True)
    security = models.CharField(
        _("security"), max_length=8, choices=SecurityChoice.choices, default=SecurityChoice.LDAPS
    )
    ca_pem = models.TextField(_("certificates of the authority"), blank=True)
    bind_dn = models.CharField(_("account that reads"), max_length=500, blank=True)
    base_dns = models.JSONField(_("search below"), default=list, blank=True)
    search_filter = models.CharField(_("filter"), max_length=2000, blank=True)
    id_attribute = models.CharField(_("identity"), max_length=100, blank=True)
    signs_in = models.BooleanField(_("sign-in with the directory's password"), default=True)

    api_url = models.URLField(
        _("address of the API"), max_length=200, default="https://webexapis.com/v1", blank=True
    )
    webex_access = models.CharField(
        _("access"), max_length=8, choices=WebexAccess.choices, default=WebexAccess.APP
    )
    client_id = models.CharField(_("client ID"), max_length=200, blank=True)
    location_ids = models.JSONField(_("locations"), default=list, blank=True)
    calling_only = models.BooleanField(_("only people with Webex Calling"), default=True)

    # Sealed JSON of `credentials.Credentials`: never shown, never logged, never audited.
    sealed = models.TextField(blank=True, editable=False)

    mapping = models.JSONField(default=dict, blank=True)  # field: [attribute, …]
    active_attribute = models.CharField(_("active"), max_length=100, blank=True)
    membership_attribute = models.CharField(
        _("memberships"), max_length=100, default="memberOf", blank=True
    )
    group_by = models.CharField(
        _("recording group"), max_length=12, choices=GroupBy.choices, default=GroupBy.HAND
    )
    additional_groups_by = models.CharField(
        _("additional groups"), max_length=12, choices=GroupBy.choices, default=GroupBy.HAND
    )
    group_rules = models.JSONField(_("groups"), default=list, blank=True)  # [[directory, ours], …]

    new_level = models.PositiveSmallIntegerField(
        _("level of new people"), choices=Level.choices, default=Level.BASE
    )
    adopts = models.BooleanField(_("adopt people with the same user name"), default=True)
    gone = models.CharField(
        _("people who are gone"), max_length=12, choices=Gone.choices, default=Gone.DELETE
    )
    max_removed_percent = models.PositiveSmallIntegerField(_("safety stop"), default=10)

    rhythm = models.CharField(
        _("schedule"), max_length=8, choices=Rhythm.choices, default=Rhythm.OFF
    )
    every_minutes = models.PositiveIntegerField(_("minutes"), default=60)
    daily_at = models.TimeField(_("time of day"), null=True, blank=True)
    next_run_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        """By name, as people look for them."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_ldap(self) -> bool:
        """Whether it is asked by LDAP, and so may check passwords."""
        return self.kind == Kind.LDAP


class DirectoryPerson(models.Model):
    """Who a person is in a directory: the same through every change of name."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="directory_person"
    )
    source = models.ForeignKey(DirectorySource, on_delete=models.CASCADE, related_name="people")
    external_id = models.CharField(max_length=255)
    reference = models.CharField(max_length=1000, blank=True)  # DN or address, as last seen
    is_gone = models.BooleanField(default=False)  # deactivated for being gone: active on return

    class Meta:
        """One person an identity."""

        constraints = (
            models.UniqueConstraint(
                fields=["source", "external_id"], name="directory_person_unique"
            ),
        )

    def __str__(self) -> str:
        return self.reference or self.external_id


class Purpose(models.TextChoices):
    """Why a directory is looked into."""

    PREVIEW = "preview", _("Preview")
    SYNC = "sync", _("Sync")


class RunState(models.TextChoices):
    """How far a run is."""

    WAITING = "waiting", _("Waiting for a worker")
    READING = "reading", _("Reading the directory")
    APPLYING = "applying", _("Changing people")
    PREVIEWED = "previewed", _("Preview")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped for safety")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_STATES = (RunState.WAITING, RunState.READING, RunState.APPLYING)
_OPEN = Q(state__in=[state.value for state in OPEN_STATES])


class DirectoryRun(models.Model):
    """One look into a directory. A worker claims it, and keeps its claim while it works."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    source = models.ForeignKey(DirectorySource, on_delete=models.CASCADE, related_name="runs")
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.WAITING)
    asked_by = models.ForeignKey(  # null: the schedule
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_scheduled = models.BooleanField(default=False)
    approved = models.JSONField(default=list, blank=True)  # public ids that may be removed
    asked_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    read_count = models.PositiveIntegerField(default=0)
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True)  # planning.RowKind: how many
    linked_count = models.PositiveIntegerField(default=0)  # people it had before
    rows = models.JSONField(default=list, blank=True)  # planning.Row, without the unchanged
    fault_code = models.CharField(max_length=32, blank=True)
    fault_values = models.JSONField(default=dict, blank=True)

    class Meta:
        """Newest first; one at a time for each directory."""

        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["source"], condition=_OPEN, name="directory_one_open_run"
            ),
        )
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["source", "-asked_at"], name="directory_run_by_source"),
            models.Index(fields=["asked_at"], condition=_OPEN, name="directory_run_open"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.state} {self.asked_at:%Y-%m-%d %H:%M:%S}"

    @property
    def is_open(self) -> bool:
        """Whether it waits or works."""
        return self.state in OPEN_STATES

    @property
    def duration_ms(self) -> int | None:
        """How long it took; None while it has not begun or not ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return int((self.finished_at - self.started_at).total_seconds() * 1000)

    def count(self, kind: str) -> int:
        """Return how many people a run changed, or would, in one way."""
        counts: dict[str, Any] = self.counts
        return int(counts.get(kind, 0))
