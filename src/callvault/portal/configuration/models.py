"""Trunks, the system's settings, and the revision that tells recorders of a change."""

from ipaddress import ip_address, ip_network
from uuid import uuid4

from django.conf import settings as django_settings
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from callvault.portal.people.levels import Level


class TrunkMode(models.TextChoices):
    """Recording modes that work today (MODE-1); values as in policy.snapshot.RecordingMode."""

    ALWAYS_ON = "always_on", _("Every call (always-on)")
    NEVER = "never", _("No call (never)")


class Trunk(models.Model):
    """A named peer that may send us calls (CAP-9). Lists are stored one entry an element."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    peers = models.JSONField(_("peers"), default=list)  # addresses and networks, canonical text
    transports = models.JSONField(_("transports"), default=list)  # udp, tcp
    media_networks = models.JSONField(_("media networks"), default=list, blank=True)
    mode = models.CharField(
        _("recording mode"),
        max_length=16,
        choices=TrunkMode.choices,
        default=TrunkMode.ALWAYS_ON,
    )
    swap_channels = models.BooleanField(_("swap channels"), default=False)

    class Meta:
        """By name, as people look for them."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def allows(self, address: str) -> bool:
        """Whether a peer of this address may call by this trunk."""
        peer = ip_address(address)
        return any(peer in ip_network(network) for network in self.peers)


class SystemSettings(models.Model):
    """What holds for the whole system: one row."""

    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    country_code = models.CharField(_("country code"), max_length=3, blank=True)
    download_level = models.PositiveSmallIntegerField(  # lowest level that may download (USER-7)
        _("who may download"), choices=Level.choices, default=Level.BASE
    )

    def __str__(self) -> str:
        return "system settings"

    @classmethod
    def load(cls) -> "SystemSettings":
        """Return the row; before first start, the values it would be made of, unsaved."""
        return cls.objects.first() or cls(zone=django_settings.CALLVAULT.web.time_zone)


class PolicyRevision(models.Model):
    """Grows with each change that recorders must know: one row."""

    revision = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"revision {self.revision}"

    @classmethod
    def bump(cls) -> None:
        """Tell recorders of a change; call it in the transaction of the change."""
        if not cls.objects.filter(pk=1).update(revision=F("revision") + 1):
            cls.objects.create(pk=1, revision=1)

    @classmethod
    def current(cls) -> int:
        """Return the revision in force; 0 before the first change."""
        return cls.objects.filter(pk=1).values_list("revision", flat=True).first() or 0
