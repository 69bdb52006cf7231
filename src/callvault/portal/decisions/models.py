"""What became of each call, who knocked without being known, and what nodes reported.

Rows come from journals (`portal.catalogue`), so all of them can be written again: each carries
the id of the entry it was made of.
"""

from uuid import uuid4

from django.db import models

from callvault.policy.decision import Verdict


class Call(models.Model):
    """A call that reached us, and its one verdict (FILT-4)."""

    event_id = models.UUIDField(unique=True)  # of the journal, or of the verdict in the node's
    at = models.DateTimeField()  # when it reached us
    verdict = models.CharField(max_length=16, choices=[(v.value, v.value) for v in Verdict])
    caller = models.CharField(max_length=254, blank=True)
    callee = models.CharField(max_length=254, blank=True)
    caller_digits = models.CharField(max_length=64, blank=True)  # for the search by number
    callee_digits = models.CharField(max_length=64, blank=True)
    trunk_name = models.CharField(max_length=64, blank=True)  # as it was called then
    node = models.CharField(max_length=63)
    peer = models.CharField(max_length=64)
    sip_call_id = models.CharField(max_length=512, blank=True)
    duration_ms = models.PositiveBigIntegerField(default=0)
    sip_status = models.PositiveSmallIntegerField(default=0)
    owner_username = models.CharField(max_length=150, blank=True)  # whose it was judged to be
    decision = models.JSONField()  # policy.decision.Decision without its assignments
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        """Walked by time, alone or within one verdict, trunk or user."""

        indexes = (
            models.Index(fields=["-at", "-id"], name="call_by_time"),
            models.Index(fields=["verdict", "-at", "-id"], name="call_by_verdict"),
            models.Index(fields=["trunk_name", "-at", "-id"], name="call_by_trunk"),
            models.Index(fields=["owner_username", "-at", "-id"], name="call_by_owner"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.verdict} {self.event_id}"


class CallTally(models.Model):
    """How many calls of one verdict reached us in one quarter of an hour.

    Kept by triggers of the database (`portal.tallies`), so that it is exact whoever writes calls.
    """

    quarter = models.BigIntegerField()  # of an hour, since the epoch
    verdict = models.CharField(max_length=16)
    count = models.BigIntegerField(default=0)

    class Meta:
        """Walked by time."""

        constraints = (
            models.UniqueConstraint(fields=["quarter", "verdict"], name="call_tally_once"),
        )

    def __str__(self) -> str:
        return f"{self.quarter} {self.verdict}: {self.count}"


class Attempt(models.Model):
    """A source that no trunk allows, with how often it tried: one row an address."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    peer_address = models.GenericIPAddressField(unique=True)
    peer_port = models.PositiveIntegerField()
    transport = models.CharField(max_length=8)
    method = models.CharField(max_length=32)
    request_uri = models.CharField(max_length=254)
    user_agent = models.CharField(max_length=254, blank=True)
    node = models.CharField(max_length=63)
    count = models.PositiveBigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)  # allowed; seen again: open again
    dismissed_at = models.DateTimeField(null=True, blank=True)  # stays closed

    class Meta:
        """The latest first."""

        ordering = ("-last_seen_at",)

    def __str__(self) -> str:
        return f"{self.peer_address}: {self.count}"


class AttemptReport(models.Model):
    """One report of a node that was counted into its attempt, so that none counts twice."""

    event_id = models.UUIDField(primary_key=True)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="reports")

    def __str__(self) -> str:
        return str(self.event_id)


class NodeEvent(models.Model):
    """What a node reported of itself: started, stopped, a buffer the kernel made smaller."""

    event_id = models.UUIDField(unique=True)
    at = models.DateTimeField()
    node = models.CharField(max_length=63)
    kind = models.CharField(max_length=64)
    severity = models.CharField(max_length=8)  # info, warning, error
    values = models.JSONField(default=dict)

    class Meta:
        """The latest first."""

        ordering = ("-at", "-id")
        indexes = (models.Index(fields=["-at", "-id"], name="node_event_by_time"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.node} {self.kind}"


class JournalRead(models.Model):
    """How far a node's event journal was read into the catalogue."""

    journal_id = models.UUIDField(primary_key=True)
    count = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.journal_id}: {self.count}"
