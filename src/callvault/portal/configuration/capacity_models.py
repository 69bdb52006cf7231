"""The capacity of the whole system, and who owns what is nobody's: one row (CAP-8, IDENT-4)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from callvault.policy.capacity import CapacityModel, CapacityRules

from .versioned import VersionedRow


class Limited(models.TextChoices):
    """What is limited; values as in policy.capacity.CapacityModel."""

    UNLIMITED = CapacityModel.UNLIMITED.value, _("Unlimited")
    USERS = CapacityModel.USERS.value, _("User-based: so many enabled people")
    CHANNELS = CapacityModel.CHANNELS.value, _("Channel-based: so many recordings at a time")


def capacity_models() -> list[tuple[str, str]]:
    """Return the choices; asked for, so that other words need no migration."""
    return [(one.value, str(one.label)) for one in Limited]


class SystemCapacity(VersionedRow):
    """How much is recorded at most."""

    model = models.CharField(
        _("capacity"), max_length=16, choices=capacity_models, default=Limited.UNLIMITED
    )
    most_users = models.PositiveIntegerField(_("enabled people at most"), null=True, blank=True)
    most_channels = models.PositiveIntegerField(
        _("recordings at a time at most"), null=True, blank=True
    )
    catch_all = models.ForeignKey(  # null: what is nobody's is discarded
        "people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return "capacity"

    @classmethod
    def load(cls) -> "SystemCapacity":
        """Return the row; before it was saved first, an unsaved one without any limit."""
        return cls.objects.select_related("catch_all").first() or cls(version=0)

    @property
    def rules(self) -> CapacityRules:
        """The model in force as recorders need it."""
        most = {Limited.USERS: self.most_users, Limited.CHANNELS: self.most_channels}
        return CapacityRules(CapacityModel(self.model), most.get(Limited(self.model)) or 0)
