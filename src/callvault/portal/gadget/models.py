"""Which pages may embed the gadget."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class GadgetSettings(models.Model):
    """The origins whose pages may show the gadget in a frame: one row. None: there is no gadget."""

    origins = models.JSONField(_("origins"), default=list, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    def __str__(self) -> str:
        return "gadget settings"

    @classmethod
    def load(cls) -> "GadgetSettings":
        """Return the row; before it was saved first, an unsaved one without any origin."""
        return cls.objects.first() or cls(version=0)
