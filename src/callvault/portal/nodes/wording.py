"""The test of a node in words."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from callvault.monitoring.reachability import NodeCheck, Outcome
from callvault.portal import wording


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check as the page draws it."""

    outcome: str
    title: str
    text: str


def check_view(check: NodeCheck) -> CheckView:
    """Word a check; one that this version does not know keeps its code."""
    word = _WORDS.get(check.code)
    title, text = word(check) if word else (check.code, "")
    return CheckView(check.outcome, title, text)


def _door(check: NodeCheck) -> tuple[str, str]:
    told = {"transport": check.code.upper(), "target": check.values.get("target", "")}
    if check.outcome is Outcome.PASSED:
        return _("%(transport)s %(target)s is reached") % told, _answer(check)
    if check.outcome is Outcome.FAILED:
        found = check.values.get("found", "")
        text = _("Nobody listens there.") if found == "refused" else _sentence(check)
        return _("%(transport)s %(target)s is not reached") % told, text
    text = _(
        "The node cannot reach itself there. A router that does not turn packets round hides the "
        "address from it; peers may still reach it."
    )
    return _("%(transport)s %(target)s gives no answer") % told, text


def _media_ports(check: NodeCheck) -> tuple[str, str]:
    told = _told(check)
    if check.outcome is Outcome.PASSED:
        text = _("%(free)s pairs are free, %(taken)s are in use.") % told
        return _("Media ports can be had"), text
    return _("No media port can be had"), _sentence(check)


def _test(check: NodeCheck) -> tuple[str, str]:
    return _("The node could not be tested"), _sentence(check)


def _open_files(check: NodeCheck) -> tuple[str, str]:
    told = _told(check)
    if check.outcome is Outcome.UNKNOWN:
        return _("Open files: the recorder does not run"), ""
    text = _("%(limit)s are allowed, for %(calls)s calls; the ports do for %(calls_by_ports)s.")
    if check.outcome is Outcome.PASSED:
        return _("Open files suffice"), text % told
    return _("Open files are fewer than the ports need"), text % told


def _told(check: NodeCheck) -> dict[str, str]:
    names = ("free", "taken", "limit", "calls", "calls_by_ports")
    return {name: _figure(check.values.get(name, "")) for name in names}


def _figure(text: str) -> str:
    language = wording.language_named(get_language())
    return wording.grouped(int(text), language=language) if text.isdecimal() else text


def _answer(check: NodeCheck) -> str:
    if check.values.get("found") == "certificate":
        return _("It asks for a certificate, as it does of peers.")
    status = check.values.get("status", "")
    if status == "503":
        return _("It says 503: no new calls now.")
    return _("It answers OPTIONS with %(status)s.") % {"status": status}


def _sentence(check: NodeCheck) -> str:
    reason = check.values.get("reason", "")
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""


_WORDS: dict[str, Callable[[NodeCheck], tuple[str, str]]] = {
    "udp": _door,
    "tcp": _door,
    "tls": _door,
    "test": _test,
    "media_ports": _media_ports,
    "open_files": _open_files,
}
