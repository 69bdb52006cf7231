"""A search that somebody keeps: the address of a list, under a name. It holds no recordings.

Whoever opens it sees what the gate lets that person see, whatever the search asks for.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

QUERY_LENGTH = 2000


class ListName(models.TextChoices):
    """The list that a search is of."""

    MINE = "mine", _("My recordings")
    ALL = "all", _("All recordings")

    @property
    def path(self) -> str:
        """The address of the list."""
        return reverse(f"recordings:{self.value}")


class Sharing(models.TextChoices):
    """Who finds a search beside the person who keeps it."""

    NOBODY = "", _("Nobody else")
    GROUPS = "groups", _("My groups")
    EVERYONE = "everyone", _("Everyone")


class SavedSearch(models.Model):
    """A search under a name. Deleted ones stay for a day, so that it can be undone."""

    search_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="searches"
    )
    of_list = models.CharField(max_length=8, choices=ListName.choices)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=QUERY_LENGTH)  # as it stands in the address
    sharing = models.CharField(max_length=8, blank=True, choices=Sharing.choices)
    version = models.PositiveIntegerField(default=1)  # grows with each change
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        """By name."""

        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=["person", "of_list", "name"],
                condition=models.Q(deleted_at__isnull=True),
                name="search_has_own_name",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """The address of the list with this search."""
        return f"{ListName(self.of_list).path}?{self.query}&saved={self.search_id}"


class DefaultSearch(models.Model):
    """The search by which a list opens, for one person."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    of_list = models.CharField(max_length=8, choices=ListName.choices)
    search = models.ForeignKey(SavedSearch, on_delete=models.CASCADE, related_name="+")

    class Meta:
        """One a list."""

        constraints = (
            models.UniqueConstraint(fields=["person", "of_list"], name="search_default_once"),
        )

    def __str__(self) -> str:
        return self.of_list
