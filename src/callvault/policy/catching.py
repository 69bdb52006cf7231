"""Recordings without assignee: what the catch-all user owns (IDENT-4)."""

from collections.abc import Iterable

from callvault.policy.owner import NoMatch
from callvault.siprec import OwnerHint, SessionRoster, Speaker

CATCH_ALL = "catch_all"
"""By what such a recording was matched, in `Match` and in the step `owner`."""


def is_caught(missed: Iterable[NoMatch]) -> bool:
    """Whether a call that nobody owns is the catch-all user's.

    Not where a number is somebody's who is not active: whoever took them out wants no recording.
    """
    return all(one.reason != "inactive" for one in missed)


def caught_side(session: SessionRoster) -> tuple[Speaker, OwnerHint | None] | None:
    """Return the party who stands for the owner: whom the phone system names, else the first."""
    if not session.speakers:
        return None
    for hint in session.hints.owners:
        for speaker in session.speakers:
            if speaker.participant.participant_id == hint.participant_id:
                return speaker, hint
    return min(session.speakers, key=lambda one: (not one.is_present, one.place)), None
