"""The step `filters` in words: which rule, whose, and what it saw."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from callvault.portal.recordings.phrases import number_shown


def filter_title(values: Mapping[str, str], *, stopped: bool) -> str:
    """Return what the step is called."""
    if stopped:
        return _("Filtered")
    return _("Filtered in part") if values.get("filtered") else _("Recording filters")


def filter_sentence(values: Mapping[str, str]) -> str:
    """Say which rule took a recording away; else that none did. Empty: a rule not known here."""
    if not values.get("rule"):
        if values.get("waits"):
            return _("The remote number was not known yet.")
        return _("No rule stands in the way.")
    said = _rule(values)
    if not said:
        return ""
    text = f"{said} {_whose(values)}"
    if values.get("filtered"):
        told = _("%(filtered)s of %(owners)s users get no recording of it.")
        text += " " + told % {
            "filtered": values["filtered"],
            "owners": values.get("owners", ""),
        }
    return text


def _rule(values: Mapping[str, str]) -> str:
    number = values.get("number", "")
    shown = number_shown(number) if number else _("a withheld number")
    value = values.get("value", "")
    if values["rule"] == "directions":
        return {
            "in": _("Only incoming calls are recorded, and this one was outgoing."),
            "out": _("Only outgoing calls are recorded, and this one was incoming."),
        }.get(value, "")
    if values["rule"] == "traffic":
        told = {
            "internal": _("Only internal calls are recorded, and %(number)s is external."),
            "external": _("Only external calls are recorded, and %(number)s is internal."),
        }.get(value, "")
        return told % {"number": shown} if told else ""
    if values["rule"] == "black_list":
        told = _("%(number)s is on the black list, by the pattern “%(pattern)s”.")
        return told % {"number": shown, "pattern": value}
    return ""


def _whose(values: Mapping[str, str]) -> str:
    whose = values.get("of", "")
    if values.get("scope") == "group":
        return _("Set for the group %(group)s.") % {"group": whose}
    if values.get("scope") == "person":
        return _("Set for %(person)s alone.") % {"person": whose}
    return _("Set for the whole system.")
