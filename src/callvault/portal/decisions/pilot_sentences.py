"""What a pilot that was dialled with an id says of a call's owner, in words (IDENT-2, IDENT-3)."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from callvault.portal.recordings.phrases import number_shown


def owner_by_pilot(values: Mapping[str, str], name: str) -> str:
    """Say by which id the owner was found; empty: by none."""
    told = _told(values) | {"name": name}
    if values.get("matched_by") == "numeric_user_id":
        return _("Pilot %(pilot)s was dialled with the user ID %(id)s, which is %(name)s's.") % told
    if values.get("matched_by") == "order":
        return _("A program ordered a recording of %(name)s by the number %(pilot)s%(id)s.") % told
    if values.get("matched_by") == "numeric_partition_id":
        text = _(
            "Pilot %(pilot)s was dialled with the partition ID %(id)s, where %(number)s is "
            "%(name)s."
        )
        return text % told
    return ""


def unknown_id(values: Mapping[str, str]) -> str:
    """Say of a call whose owner a number decided that nobody has the id; empty: none was dialled.

    With a blank before it, to follow another sentence.
    """
    if not values.get("numeric_id"):
        return ""
    told = _("Nobody has the ID %(id)s that pilot %(pilot)s was dialled with: the number decided.")
    return f" {told % _told(values)}"


def no_owner_by_pilot(values: Mapping[str, str]) -> str:
    """Say why the id dialled gives a call to nobody; empty: other reasons tell more."""
    if not values.get("numeric_id"):
        return ""
    texts = {
        "inactive": _(
            "Pilot %(pilot)s was dialled with the ID %(id)s, which leads to %(name)s, who is not "
            "active."
        ),
        "ambiguous": _(
            "Pilot %(pilot)s was dialled with the ID %(id)s, which does not decide between those "
            "who fit: %(name)s."
        ),
        "other_id": _(
            "%(number)s is %(name)s's, but pilot %(pilot)s was dialled with the ID %(id)s, which "
            "is another one than theirs, and nobody's."
        ),
        "not_in_partition": _(
            "Pilot %(pilot)s was dialled with the partition ID %(id)s, and no number of the call "
            "is anybody's there."
        ),
        "no_match": _(
            "Nobody has the ID %(id)s that pilot %(pilot)s was dialled with, and no number of the "
            "call is anybody's."
        ),
    }
    return texts.get(values.get("reason", ""), "") % (
        _told(values) | {"name": values.get("username", "")}
    )


def _told(values: Mapping[str, str]) -> dict[str, str]:
    number = values.get("number", "")
    return {
        "pilot": values.get("pilot", ""),
        "id": values.get("numeric_id", ""),
        "number": number_shown(number) if number else "",
    }
