"""The test of a node in words."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from callvault.monitoring.reachability import NodeCheck, Outcome


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


def _udp(check: NodeCheck) -> tuple[str, str]:
    told = _told(check)
    if check.outcome is Outcome.PASSED:
        return _("UDP %(target)s answers") % told, _answer(check)
    if check.outcome is Outcome.FAILED:
        return _("UDP %(target)s cannot be reached") % told, _sentence(check)
    text = _(
        "Either the address does not lead here, or who asks is in no trunk and gets no answer."
    )
    return _("UDP %(target)s did not answer") % told, text


def _tcp(check: NodeCheck) -> tuple[str, str]:
    told = _told(check)
    if check.outcome is Outcome.PASSED:
        return _("TCP %(target)s takes connections") % told, _answer(check)
    return _("TCP %(target)s cannot be reached") % told, _sentence(check)


def _tls(check: NodeCheck) -> tuple[str, str]:
    told = _told(check)
    if check.outcome is not Outcome.PASSED:
        return _("TLS %(target)s cannot be reached") % told, _sentence(check)
    named = (
        _("The certificate names this address.")
        if told["names_it"]
        else _("The certificate does not name this address: peers that check it need its name.")
    )
    ends = _("It ends on %(ends)s.") % told
    return _("TLS %(target)s takes connections") % told, f"{named} {ends}"


def _media_ports(check: NodeCheck) -> tuple[str, str]:
    told = _told(check)
    if check.outcome is Outcome.PASSED:
        text = _("%(free)s of %(tried)s that were tried are free; the others serve calls.") % told
        return _("Media ports can be bound"), text
    return _("No media port can be bound"), _sentence(check)


def _open_files(check: NodeCheck) -> tuple[str, str]:
    told = _told(check)
    if check.outcome is Outcome.UNKNOWN:
        return _("Open files: the recorder does not run"), ""
    text = _("%(limit)s are allowed, for %(calls)s calls; the ports do for %(calls_by_ports)s.")
    if check.outcome is Outcome.PASSED:
        return _("Open files suffice"), text % told
    return _("Open files are fewer than the ports need"), text % told


def _told(check: NodeCheck) -> dict[str, str]:
    names = ("target", "status", "reason", "ends", "names_it", "free", "tried")
    counts = ("limit", "calls", "calls_by_ports")
    return {name: check.values.get(name, "") for name in (*names, *counts)}


def _answer(check: NodeCheck) -> str:
    status = check.values.get("status", "")
    if not status:
        return _("No answer to OPTIONS: who asks is in no trunk.")
    if status == "503":
        return _("It says 503: no new calls now.")
    return _("It answers OPTIONS with %(status)s.") % {"status": status}


def _sentence(check: NodeCheck) -> str:
    reason = check.values.get("reason", "")
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""


_WORDS: dict[str, Callable[[NodeCheck], tuple[str, str]]] = {
    "udp": _udp,
    "tcp": _tcp,
    "tls": _tls,
    "media_ports": _media_ports,
    "open_files": _open_files,
}
