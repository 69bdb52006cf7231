"""Recording filters and the numbering plan, as administrators set them (FILT-1 to 3, 5, 6)."""

from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.conf import settings as django_settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from callvault.portal.people.models import User


class FilterDirections(models.TextChoices):
    """Calls of which direction are recorded; values as in policy.filters.Directions."""

    BOTH = "both", _("Incoming and outgoing calls")
    IN = "in", _("Incoming calls only")
    OUT = "out", _("Outgoing calls only")


class FilterTraffic(models.TextChoices):
    """Calls with whom are recorded; values as in policy.filters.Traffic."""

    BOTH = "both", _("Internal and external calls")
    INTERNAL = "internal", _("Internal calls only")
    EXTERNAL = "external", _("External calls only")


class FilterScope(models.TextChoices):
    """Whose calls rules are about."""

    SYSTEM = "system", pgettext_lazy("filter", "Everybody")
    GROUP = "group", pgettext_lazy("filter", "A recording group")
    PERSON = "person", pgettext_lazy("filter", "One person")


class RecordingFilter(models.Model):
    """One set of rules: the system's (one row), a group's or a person's."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    scope = models.CharField(max_length=8, choices=FilterScope.choices)
    group = models.CharField(_("recording group"), max_length=100, blank=True)
    person: "models.ForeignKey[User | None]" = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    directions = models.CharField(
        _("direction"),
        max_length=8,
        choices=FilterDirections.choices,
        default=FilterDirections.BOTH,
    )
    traffic = models.CharField(
        _("traffic"), max_length=8, choices=FilterTraffic.choices, default=FilterTraffic.BOTH
    )
    black_list = models.JSONField(_("black list"), default=list, blank=True)  # patterns
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    class Meta:
        """One row for the system, a group, a person."""

        ordering = ("scope", "group", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=("scope",), condition=models.Q(scope="system"), name="one_system_filter"
            ),
            models.UniqueConstraint(
                fields=("group",), condition=models.Q(scope="group"), name="one_filter_a_group"
            ),
            models.UniqueConstraint(fields=("person",), name="one_filter_a_person"),
        ]

    def __str__(self) -> str:
        return self.scope

    @property
    def whose(self) -> str:
        """The group or the person; empty for the system's."""
        return self.person.get_full_name() if self.person is not None else self.group

    @classmethod
    def of_system(cls) -> "RecordingFilter":
        """Return the system's rules; those that let everything through, unsaved, at first."""
        return cls.objects.filter(scope=FilterScope.SYSTEM).first() or cls(
            scope=FilterScope.SYSTEM, version=0
        )


def _double_zero() -> list[str]:
    return ["00"]


class NumberingPlan(models.Model):
    """How numbers are written here: one row. The country code stands in SystemSettings."""

    international_prefixes = models.JSONField(
        _("international prefixes"), default=_double_zero, blank=True
    )
    national_prefix = models.CharField(_("national prefix"), max_length=8, blank=True)
    outgoing_prefixes = models.JSONField(_("outgoing prefixes"), default=list, blank=True)
    incoming_prefixes = models.JSONField(_("incoming prefixes"), default=list, blank=True)
    internal_patterns = models.JSONField(_("internal numbers"), default=list, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    def __str__(self) -> str:
        return "numbering plan"

    @classmethod
    def load(cls) -> "NumberingPlan":
        """Return the row; before it was saved first, an unsaved one with the defaults."""
        return cls.objects.first() or cls(version=0)
