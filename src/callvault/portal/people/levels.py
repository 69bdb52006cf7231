"""Permission levels (USER-4): each includes the one before."""

from django.db.models import IntegerChoices
from django.utils.translation import gettext_lazy as _


class Level(IntegerChoices):
    """What a person may do. Compared by value, so that `level >= Level.BASE` reads as meant."""

    RECORD_ONLY = 10, _("Record only")
    BASE = 20, _("Base")
    GROUP_SUPERVISOR = 30, _("Group supervisor")
    ADMINISTRATOR = 40, _("Administrator")
