"""The step `mode` of a decision in words: which recording mode, and who says it (MODE-1)."""

from collections.abc import Mapping

from django.utils.translation import gettext as _


def mode_title(values: Mapping[str, str]) -> str:
    """Return the title of the step."""
    if not values.get("mode"):
        return _("Mode")
    return _("Mode: %(mode)s") % {"mode": mode_name(values["mode"])}


def mode_sentence(values: Mapping[str, str]) -> str:
    """Say where the mode is set; empty: it is not known."""
    set_by, of = values.get("set_by", "trunk"), values.get("of") or values.get("trunk", "")
    if not of:
        return ""
    text = " ".join(filter(None, (_why(values.get("reason", "")), _where(set_by, of))))
    if values.get("other_mode"):
        other = _where(values.get("other_set_by", ""), values.get("other_of", ""))
        text += " " + _("For another user of the call: %(mode)s. %(where)s") % {
            "mode": mode_name(values["other_mode"]),
            "where": other,
        }
    return text


def mode_in_short(values: Mapping[str, str], *, trunk: str) -> str:
    """Say the mode of a call and who says it, in one line."""
    told = {
        "mode": mode_name(values.get("mode", "")).capitalize(),
        "of": values.get("of") or trunk,
        "trunk": values.get("of") or trunk,
    }
    match values.get("set_by", "trunk"):
        case "user":
            return _("%(mode)s for user %(of)s.") % told
        case "group":
            return _("%(mode)s for group %(of)s.") % told
        case "pilot":
            return _("%(mode)s for calls to pilot %(of)s.") % told
        case _:
            return _("%(mode)s on trunk %(trunk)s.") % told


def mode_name(mode: str) -> str:
    """Return a mode's name within a sentence; of one that this version does not know, its code."""
    names = {
        "always_on": _("always-on"),
        "on_demand": _("on-demand"),
        "live_keep": _("live keep"),
        "never": _("never"),
    }
    return names.get(mode, mode.replace("_", " "))


def _why(reason: str) -> str:
    """Say why a call that would be kept if somebody asked was not."""
    words = {
        "not_started": _("Nobody started the recording."),
        "unmarked": _("Nobody marked the call to be kept."),
        "dropped": _("It was marked not to be kept."),
    }
    return words.get(reason, "")


def _where(set_by: str, of: str) -> str:
    if set_by == "user":
        return _("Set for user %(name)s.") % {"name": of}
    if set_by == "pilot":
        return _("Set for calls to the recording pilot %(pilot)s.") % {"pilot": of}
    if set_by == "group":
        return _("Set for recording group %(name)s.") % {"name": of}
    return _("Set on trunk %(trunk)s.") % {"trunk": of}
