"""What holds for signing in, where people are signed in, and what they chose for themselves."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from callvault.portal.people.levels import Level

from .claims import Claim, MatchedBy
from .demands import Demand


def _between(least: int, most: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(least), MaxValueValidator(most)]


class SignInSettings(models.Model):
    """Rules of passwords, second factors, sessions and lock-out: one row."""

    min_length = models.PositiveSmallIntegerField(
        _("shortest password"), default=10, validators=_between(8, 64)
    )
    history = models.PositiveSmallIntegerField(
        _("earlier passwords refused"), default=0, validators=_between(0, 24)
    )
    max_age_days = models.PositiveSmallIntegerField(  # 0: never
        _("days until a password must be replaced"), default=0, validators=_between(0, 730)
    )
    second_factor = models.CharField(
        _("second factor required for"),
        max_length=16,
        choices=Demand.choices,
        default=Demand.NOBODY,
    )
    session_hours = models.PositiveSmallIntegerField(
        _("longest session, in hours"), default=10, validators=_between(1, 24)
    )
    idle_minutes = models.PositiveSmallIntegerField(
        _("minutes without use"), default=60, validators=_between(5, 1440)
    )
    lock_attempts = models.PositiveSmallIntegerField(
        _("attempts before a name is locked"), default=5, validators=_between(3, 20)
    )
    lock_minutes = models.PositiveSmallIntegerField(
        _("minutes it stays locked"), default=15, validators=_between(1, 1440)
    )

    def __str__(self) -> str:
        return "sign-in settings"

    @classmethod
    def load(cls) -> "SignInSettings":
        """Return the row, or what holds before anybody changed it, unsaved."""
        return cls.objects.first() or cls()


class OpenIdProvider(models.Model):
    """The OpenID Connect provider that people may sign in with: one row."""

    enabled = models.BooleanField(_("people may sign in with this provider"), default=False)
    label = models.CharField(_("name of the provider"), max_length=40, blank=True)
    issuer = models.URLField(_("issuer"), max_length=500, blank=True)
    client_id = models.CharField(_("client ID"), max_length=191, blank=True)
    sealed_secret = models.TextField(blank=True, editable=False)  # sealing.seal
    claim = models.CharField(
        _("claim that says who it is"), max_length=64, default=Claim.EMAIL.value
    )
    matched_by = models.CharField(
        _("compared with"), max_length=16, choices=MatchedBy.choices, default=MatchedBy.EMAIL
    )
    domains = models.CharField(_("allowed domains"), max_length=500, blank=True)
    creates_people = models.BooleanField(_("create people who are not known yet"), default=False)
    created_level = models.PositiveSmallIntegerField(
        _("level of those created"),
        choices=[choice for choice in Level.choices if choice[0] <= Level.BASE],
        default=Level.BASE,
    )
    password_stays = models.BooleanField(
        _("people who came by the provider may also use a password"), default=True
    )
    checks_second_factor = models.BooleanField(
        _("the provider asks for a second factor itself"), default=False
    )
    pkce = models.BooleanField(_("PKCE"), default=True)

    def __str__(self) -> str:
        return self.label or "OpenID Connect"

    @classmethod
    def load(cls) -> "OpenIdProvider":
        """Return the row, or an empty one, unsaved."""
        return cls.objects.first() or cls()

    @classmethod
    def in_use(cls) -> "OpenIdProvider | None":
        """Return the provider that people may sign in with now."""
        return cls.objects.filter(enabled=True).first()

    @property
    def provider_id(self) -> str:
        """Name of the provider in bindings: another issuer's subjects are other people."""
        return "oidc-" + sha256(self.issuer.encode()).hexdigest()[:24]

    @property
    def allowed_domains(self) -> frozenset[str]:
        """Domains of the claim's address that may come in; none: every domain."""
        names = self.domains.replace(",", " ").split()
        return frozenset(name.strip().lower().removeprefix("@") for name in names)


class OpenSession(models.Model):
    """A browser in which somebody is signed in. Without its row a session is worth nothing."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="open_sessions"
    )
    agent = models.CharField(max_length=300, blank=True)  # as the browser names itself
    address = models.GenericIPAddressField(null=True)
    started_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    level = models.PositiveSmallIntegerField()  # of the person when the session id was last drawn

    class Meta:
        """The one last used comes first."""

        ordering = ("-last_used_at",)

    def __str__(self) -> str:
        return str(self.public_id)

    def is_idle(self, rules: SignInSettings, now: datetime) -> bool:
        """Whether it was not used for longer than the settings allow."""
        return now - self.last_used_at > timedelta(minutes=rules.idle_minutes)

    def is_over(self, rules: SignInSettings, now: datetime) -> bool:
        """Whether it ends at its next request, for age or for want of use."""
        return self.is_idle(rules, now) or now - self.started_at > timedelta(
            hours=rules.session_hours
        )


class OwnChoices(models.Model):
    """What a person chose for themselves, and since when their password is what it is."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="own_choices"
    )
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)  # WCAG 2.1.4
    password_set_at = models.DateTimeField(null=True)  # null: before this was kept
    list_columns = models.JSONField(null=True)  # of lists of recordings; null: the standard ones

    def __str__(self) -> str:
        return f"choices of {self.person_id}"


class PastPassword(models.Model):
    """A password that was replaced, hashed: as many as the settings refuse, no more."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="past_passwords"
    )
    encoded = models.CharField(max_length=256)
    replaced_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """The latest comes first."""

        ordering: ClassVar[tuple[str, ...]] = ("-replaced_at", "-pk")

    def __str__(self) -> str:
        return f"past password of {self.person_id}"
