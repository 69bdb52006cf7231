"""What the step `owner` says of a call that the catch-all user owns (IDENT-4)."""

from collections.abc import Mapping

from django.utils.translation import gettext as _


def caught_sentence(values: Mapping[str, str], number: str) -> str:
    """Say why nobody else owns the recording, and who does."""
    told = {
        "number": number,
        "name": values.get("name", "") or values.get("username", ""),
        "people": values.get("shared_by", ""),
    }
    if told["people"] and number:
        return (
            _(
                "%(number)s is shared by %(people)s, and no recording pilot decides between them: "
                "%(name)s, the catch-all user, owns the recording."
            )
            % told
        )
    return _("The call is nobody's: %(name)s, the catch-all user, owns the recording.") % told
