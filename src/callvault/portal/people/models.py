"""People: one row is both an account and a user whose calls are recorded (USER-1).

Django's own groups and permissions are left out on purpose: rights follow from the level and the
recording groups alone, and are asked at one gate (`recordings.permissions`).
"""

from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from callvault.portal.configuration.mode_choices import modes

from .constraints import NumberSharedWithIds
from .levels import Level
from .sorting import DERIVED, FOUND_BY, SEARCH_LENGTH, SORT_NAME_LENGTH, search_text, sort_name
from .sources import Source, sources

_ACTIVE = Q(is_active=True)


def languages() -> list[tuple[str, str]]:
    """Return the languages of the portal; asked for, so that a new one needs no migration."""
    return list(settings.LANGUAGES)


class UserManager(BaseUserManager["User"]):
    """Makes people; a person without a password cannot sign in and is recorded all the same."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person. `password=None` leaves the account without sign-in."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by user name; capitals make no difference."""
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """A person. Numbers are kept as dialled; the numbering plan normalises them when asked."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    username = models.CharField(_("user name"), max_length=150)
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    extension = models.CharField(_("extension"), max_length=32, blank=True)
    alias = models.CharField(_("first extension alias"), max_length=32, blank=True)
    pbx_username = models.CharField(_("PBX user name"), max_length=254, blank=True)
    # Digits, dialled behind the prefix of a recording pilot: kept as dialled, zeros and all.
    numeric_user_id = models.CharField(_("numeric user ID"), max_length=16, blank=True)
    numeric_partition_id = models.CharField(_("numeric partition ID"), max_length=16, blank=True)
    department = models.CharField(_("department"), max_length=150, blank=True)
    language = models.CharField(  # empty: the system's
        _("language"), max_length=8, blank=True, choices=languages
    )
    zone = models.CharField(_("time zone"), max_length=64, blank=True)  # empty: the system's
    group = models.CharField(_("recording group"), max_length=100, blank=True)
    additional_groups = models.CharField(  # separated by semicolons, as in CSV and directories
        _("additional groups"), max_length=1000, blank=True
    )
    level = models.PositiveSmallIntegerField(
        _("permission level"), choices=Level.choices, default=Level.BASE
    )
    mode = models.CharField(  # empty: as the group or the trunk says
        _("recording mode"), max_length=16, blank=True, choices=modes
    )
    send_notifications = models.BooleanField(_("send e-mail notifications"), default=False)
    attach_recording = models.BooleanField(_("attach recording"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    source = models.CharField(
        _("source"), max_length=16, choices=sources, default=Source.HAND, editable=False
    )
    theme = models.CharField(max_length=8, default="system")  # system, light, dark
    must_change_password = models.BooleanField(default=False)  # signed in with a one-time password
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change
    sort_name = models.CharField(max_length=SORT_NAME_LENGTH, default="", editable=False)
    search_text = models.CharField(max_length=SEARCH_LENGTH, default="", editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """Whose a call is must be one answer.

        Active people share an extension or alias only where a numeric user ID or partition ID
        tells them apart, and never within a partition.
        """

        ordering = ("sort_name", "id")
        indexes = (
            models.Index(fields=["sort_name", "id"], name="person_by_name"),
            models.Index(fields=["extension", "id"], name="person_by_extension"),
            models.Index(fields=["alias", "id"], name="person_by_alias"),
            models.Index(fields=["group", "id"], name="person_by_group"),
        )
        constraints = (
            models.UniqueConstraint(Lower("username"), name="person_username_unique"),
            models.UniqueConstraint(
                Lower("pbx_username"),
                condition=_ACTIVE & ~Q(pbx_username=""),
                name="person_pbx_username_unique",
            ),
            models.UniqueConstraint(
                "numeric_user_id", condition=~Q(numeric_user_id=""), name="person_user_id_unique"
            ),
            models.UniqueConstraint(
                "extension",
                "numeric_partition_id",
                condition=_ACTIVE & ~Q(extension="") & ~Q(numeric_partition_id=""),
                name="person_extension_in_partition",
            ),
            models.UniqueConstraint(
                "alias",
                "numeric_partition_id",
                condition=_ACTIVE & ~Q(alias="") & ~Q(numeric_partition_id=""),
                name="person_alias_in_partition",
            ),
            NumberSharedWithIds(field="extension", name="person_extension_shared"),
            NumberSharedWithIds(field="alias", name="person_alias_shared"),
        )

    def __str__(self) -> str:
        return self.get_full_name()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row, with what it is sorted and found by."""
        fields = kwargs.get("update_fields")
        if fields is None or FOUND_BY.intersection(fields):
            self.derive()
            if fields is not None:
                kwargs["update_fields"] = {*fields, *DERIVED}
        super().save(*args, **kwargs)

    def derive(self) -> None:
        """Work out what the row is sorted and found by. Whoever writes many at once calls it."""
        self.sort_name = sort_name(self)
        self.search_text = search_text(self)

    def get_full_name(self) -> str:
        """Return first and last name, or the user name where there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.username

    def get_short_name(self) -> str:
        """Return the first name, or the user name where there is none."""
        return self.first_name or self.username

    @property
    def groups_seen(self) -> frozenset[str]:
        """Recording groups whose recordings a supervisor sees; a blank one is no group."""
        names = [self.group, *self.additional_groups.split(";")]
        return frozenset(name.strip() for name in names if name.strip())

    @property
    def is_administrator(self) -> bool:
        """Whether the person may see every recording and change settings."""
        return self.level >= Level.ADMINISTRATOR

    @property
    def is_supervisor(self) -> bool:
        """Whether the person sees recordings of others: a level, and a group to use it on."""
        return self.is_administrator or (
            self.level >= Level.GROUP_SUPERVISOR and bool(self.group.strip())
        )


class PeopleImport(models.Model):
    """A CSV file on its way in: kept between the look at it and the import, a day at most."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    made_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    file_name = models.CharField(max_length=255)
    content = models.BinaryField()  # emptied once it is imported
    digest = models.CharField(max_length=64)  # of the plan that was looked at
    counts = models.JSONField(default=dict)  # outcome: number of rows
    rows = models.BinaryField()  # the report, compressed: import_report
    left_out = models.JSONField(default=list)  # headings that are no field's
    has_passwords = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True)  # null: not imported

    def __str__(self) -> str:
        return f"{self.file_name} {self.made_at:%Y-%m-%d %H:%M}"
