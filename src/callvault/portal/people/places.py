"""How many people may be enabled, in a plan of several (user-based capacity, CAP-8). Pure."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.utils.translation import gettext as _

from .numbers_held import Claimant

C = TypeVar("C", bound=Claimant)


def beyond_room(everybody: Iterable[Claimant], new: Sequence[C], most: int | None) -> list[C]:
    """Return those of `new`, the last ones, who would be enabled although all places are taken.

    Whoever is enabled already stays, even where that is more than there are places.
    """
    if most is None:
        return []
    enabled = sum(bool(one.in_force and one.in_force["is_active"]) for one in everybody)
    candidates = [one for one in new if not one.fell_back and _is_newly_enabled(one)]
    surplus = min(max(0, enabled - most), len(candidates))
    return candidates[len(candidates) - surplus :]


def _is_newly_enabled(one: Claimant) -> bool:
    return bool(one.after["is_active"]) and not (one.before and one.before["is_active"])


def no_room_told(most: int) -> str:
    """Say that nobody more can be enabled, and what mends it."""
    told = _(
        "The capacity of this system is %(most)s enabled people, and all places are taken. "
        "Deactivate somebody, or change Settings, Capacity."
    )
    return told % {"most": most}


def catch_all_told() -> str:
    """Say why the catch-all user is not changed."""
    return _("This is the catch-all user of Settings, Capacity: it is nobody, and stays as it is.")
