"""Recordings without assignee: what the catch-all user owns (IDENT-4)."""

from collections.abc import Iterable

from callvault.policy.owner import NoMatch
from callvault.siprec import SessionRoster, Speaker

CATCH_ALL = "catch_all"
"""By what such a recording was matched, in `Match` and in the step `owner`."""


def is_caught(missed: Iterable[NoMatch]) -> bool:
    """Whether a call that nobody owns is the catch-all user's.

    Not where a number is somebody's who is not active: whoever took them out wants no recording.
    """
    return all(one.reason != "inactive" for one in missed)


def first_side(session: SessionRoster) -> Speaker | None:
    """Return who stands for the owner where the phone system names nobody: the first."""
    return min(session.speakers, key=lambda one: (not one.is_present, one.place), default=None)
