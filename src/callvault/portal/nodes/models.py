"""What each node last said of itself."""

from django.db import models


class NodeReport(models.Model):
    """One row a node, replaced by its worker every few seconds."""

    node = models.CharField(max_length=63, unique=True)
    at = models.DateTimeField()
    document = models.JSONField()  # nodes.reports.Report
    test_asked_at = models.DateTimeField(null=True, blank=True)  # null: it never was, or is done
    test = models.JSONField(null=True, blank=True)  # nodes.reports.TestReport, the last
    ordered = models.JSONField(null=True, blank=True)  # nodes.orders.Order; null: carried out
    ordered_at = models.DateTimeField(null=True, blank=True)

    control = models.TextField(default="", blank=True)  # nodes.doors, sealed; empty: no door

    class Meta:
        """By name, as people look for them."""

        ordering = ("node",)

    def __str__(self) -> str:
        return f"{self.node}: {self.at:%Y-%m-%d %H:%M:%S}"
