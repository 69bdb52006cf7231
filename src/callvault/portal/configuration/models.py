"""Trunks, the system's settings, and the revision that tells recorders of a change."""

from ipaddress import ip_address, ip_network
from uuid import uuid4

from django.conf import settings as django_settings
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from callvault.policy.permissions import NOBODY
from callvault.portal.people.levels import Level

from .capacity_models import SystemCapacity
from .filter_models import NumberingPlan, RecordingFilter
from .mode_choices import Mode, modes
from .mode_models import RecordingModes
from .order_models import RecordingOrder
from .pilot_models import PilotNumbers, PromptSound, SoundKind

__all__ = [
    "DeletionBan",
    "LowestLevel",
    "NumberingPlan",
    "PilotNumbers",
    "PolicyRevision",
    "PromptSound",
    "RecordingFilter",
    "RecordingModes",
    "RecordingOrder",
    "SoundKind",
    "SystemCapacity",
    "SystemSettings",
    "Trunk",
    "TrunkSrtp",
]


class TrunkSrtp(models.TextChoices):
    """What becomes of encrypted audio; values as in policy.snapshot.SrtpPolicy."""

    REFUSED = "refused", _("Refused: audio in clear only")
    OPTIONAL = "optional", _("Optional: as the phone system offers it")
    REQUIRED = "required", _("Required: encrypted audio only")


_SRTP_WORDS = {
    TrunkSrtp.REFUSED: _("refused"),
    TrunkSrtp.OPTIONAL: _("optional"),
    TrunkSrtp.REQUIRED: _("required"),
}


class Trunk(models.Model):
    """A named peer that may send us calls (CAP-9). Lists are stored one entry an element."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    peers = models.JSONField(
        _("peers"), default=list, blank=True
    )  # addresses and networks, canonical text
    transports = models.JSONField(_("transports"), default=list)  # udp, tcp, tls
    tls_names = models.JSONField(_("TLS names"), default=list, blank=True)  # lower case
    media_networks = models.JSONField(_("media networks"), default=list, blank=True)
    mode = models.CharField(
        _("recording mode"),
        max_length=16,
        choices=modes,
        default=Mode.ALWAYS_ON,
    )
    swap_channels = models.BooleanField(_("swap channels"), default=False)
    srtp = models.CharField(
        _("SRTP"), max_length=16, choices=TrunkSrtp.choices, default=TrunkSrtp.OPTIONAL
    )
    strict_siprec = models.BooleanField(_("strict SIPREC"), default=False)
    device_zone = models.CharField(  # empty: the system's
        _("time zone of the phone system"), max_length=64, blank=True
    )
    # Only hashes of the password are kept: hex of H(user:realm:password), made when it is typed.
    digest_user = models.CharField(_("digest user"), max_length=64, blank=True)
    digest_ha1_md5 = models.CharField(max_length=32, blank=True, editable=False)
    digest_ha1_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    class Meta:
        """By name, as people look for them."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def known_by(self) -> list[str]:
        """Addresses, networks and TLS names: all that its peers are known by."""
        return [*self.peers, *self.tls_names]

    @property
    def srtp_word(self) -> str:
        """The SRTP policy in one word."""
        return str(_SRTP_WORDS[TrunkSrtp(self.srtp)])

    def allows(self, address: str) -> bool:
        """Whether a peer of this address may call by this trunk."""
        peer = ip_address(address)
        return any(peer in ip_network(network) for network in self.peers)


class LowestLevel(models.IntegerChoices):
    """The lowest level that may do something; those above it may too (USER-7)."""

    SIMPLE_USERS = Level.BASE, _("Simple users")
    GROUP_SUPERVISORS = Level.GROUP_SUPERVISOR, _("Group supervisors")
    ADMINISTRATORS = Level.ADMINISTRATOR, _("Administrators")
    NOBODY_MAY = NOBODY, _("Nobody")


class SystemSettings(models.Model):
    """What holds for the whole system: one row."""

    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    country_code = models.CharField(_("country code"), max_length=3, blank=True)
    download_level = models.PositiveSmallIntegerField(
        _("who may download"), choices=LowestLevel.choices, default=LowestLevel.SIMPLE_USERS
    )
    # Asked through `rights.rights_in_force` only, which also knows what cannot be taken back.
    delete_level = models.PositiveSmallIntegerField(
        _("who may delete"), choices=LowestLevel.choices, default=LowestLevel.ADMINISTRATORS
    )
    show_digits = models.BooleanField(_("show which keys were pressed"), default=False)

    def __str__(self) -> str:
        return "system settings"

    @classmethod
    def load(cls) -> "SystemSettings":
        """Return the row; before first start, the values it would be made of, unsaved."""
        return cls.objects.first() or cls(zone=django_settings.CALLVAULT.web.time_zone)


class DeletionBan(models.Model):
    """Nobody may ever delete by hand: at most one row, which triggers keep (`deletion_ban`)."""

    at = models.DateTimeField()
    by_name = models.CharField(max_length=301, blank=True)  # empty: found by a marker

    def __str__(self) -> str:
        return f"since {self.at:%Y-%m-%d}"


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
