"""Who must have a second factor: the administrators' choice, as a rule."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from callvault.portal.people.levels import Level


class Demand(TextChoices):
    """Whom the system asks for a second factor; each includes the one before."""

    NOBODY = "nobody", _("Nobody: everyone may set one up")
    ADMINISTRATORS = "administrators", _("Administrators")
    SUPERVISORS = "supervisors", _("Supervisors and administrators")
    EVERYONE = "everyone", _("Everyone")


_LOWEST = {
    Demand.ADMINISTRATORS: Level.ADMINISTRATOR,
    Demand.SUPERVISORS: Level.GROUP_SUPERVISOR,
    Demand.EVERYONE: Level.RECORD_ONLY,
}


def is_demanded(demand: str, level: int) -> bool:
    """Whether people of this level must have a second factor."""
    lowest = _LOWEST.get(Demand(demand))
    return lowest is not None and level >= lowest
