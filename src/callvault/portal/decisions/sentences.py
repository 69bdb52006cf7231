"""Decisions in words: verdicts, the steps that led to them, and what a call was.

Steps carry codes and values (policy.decision.Step); here they become sentences. A code or value
that this version does not know is shown by its name, never dropped: the chain stays whole.
"""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.policy.catching import CATCH_ALL
from callvault.policy.decision import Outcome, Verdict
from callvault.policy.numbers import SHORTEST_FULL_NUMBER
from callvault.portal.recordings.folding import number_in, user_part
from callvault.portal.recordings.phrases import number_shown

from .catching_sentences import caught_sentence
from .filter_sentences import filter_sentence, filter_title
from .mode_sentences import mode_in_short, mode_sentence, mode_title
from .models import Call
from .pilot_sentences import no_owner_by_pilot, owner_by_pilot, unknown_id


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the rule chain, as `components/chain.html` draws it."""

    outcome: str  # passed, stopped, not_reached
    title: str
    text: str
    place: str  # where the rule is set: "Trunks"
    place_url: str  # empty: it is set nowhere in the portal


VERDICT_TITLES = {
    Verdict.RECORDED: gettext_lazy("Recorded"),
    Verdict.FILTERED: gettext_lazy("Filtered"),
    Verdict.DISCARDED: gettext_lazy("Discarded"),
    Verdict.REFUSED: gettext_lazy("Refused"),
    Verdict.NOT_KEPT: gettext_lazy("Not kept"),
    Verdict.FAILED: gettext_lazy("Failed"),
}


def verdict_title(verdict: Verdict) -> str:
    """Return the one word for what became of a call."""
    return str(VERDICT_TITLES[verdict])


def verdict_sentence(call: Call) -> str:
    """Say in one line which rule decided, and where it stands."""
    if call.verdict == Verdict.FAILED and call.problem:
        return _("%(problem)s. The journal is kept.") % {"problem": _sentence_start(call.problem)}
    if call.verdict == Verdict.NOT_KEPT and call.problem:
        return f"{_sentence_start(call.problem)}."
    steps = call.decision.get("steps", [])
    stopped = next((step for step in steps if step["outcome"] == Outcome.STOPPED), None)
    if stopped is not None:
        return step_view(stopped).text or step_view(stopped).title
    mode = next((step for step in steps if step["code"] == "mode"), None)
    if mode is not None and call.trunk_name:
        return mode_in_short(mode.get("values") or {}, trunk=call.trunk_name)
    return ""


def steps_of(call: Call) -> list[StepView]:
    """Return the rule chain of a call, in order of evaluation."""
    return [step_view(step) for step in call.decision.get("steps", [])]


def step_view(step: dict[str, Any]) -> StepView:
    """Word one step."""
    words = {
        "known_source": _known_source,
        "room": _room,
        "offer": _offer,
        "media": _media,
        "dial_in": _dial_in,
        "owner": _owner,
        "mode": _mode,
        "filters": _filters,
    }.get(step["code"], _unknown)
    title, text = words(step)
    if step["outcome"] == Outcome.NOT_REACHED:
        text = _("Not reached.")
    place, place_url = _place(step["code"])
    return StepView(str(step["outcome"]), title, text, place, place_url)


def call_line(call: Call) -> str:
    """Say who called whom."""
    return _("%(caller)s to %(callee)s") % {
        "caller": party_shown(call.caller),
        "callee": party_shown(call.callee),
    }


def party_shown(address: str) -> str:
    """Write an address of From or To: its number as numbers are written, else as it is."""
    user = user_part(address)
    return number_shown(number_in(user) or user)


def unowned_numbers(call: Call) -> list[str]:
    """Return the numbers of a call that belongs to nobody, extensions before full numbers.

    Empty where a user would not help: numbers that belong to several, or to somebody inactive.
    """
    for step in call.decision.get("steps", []):
        is_caught = _value(step, "matched_by") == CATCH_ALL
        if call.verdict != Verdict.DISCARDED and not is_caught:
            continue
        if step["code"] == "owner" and _value(step, "reason") in ("no_match", "no_parties"):
            told = [_value(step, name) for name in ("callee", "caller", "number")]
            told += [user_part(call.callee), user_part(call.caller)]
            numbers = dict.fromkeys(number_in(one) for one in told if number_in(one))
            return sorted(numbers, key=lambda number: len(number) >= SHORTEST_FULL_NUMBER)
    return []


def _value(step: dict[str, Any], name: str) -> str:
    return str((step.get("values") or {}).get(name, ""))


def _values(step: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in (step.get("values") or {}).items()}


def _stopped(step: dict[str, Any]) -> bool:
    return bool(step["outcome"] == Outcome.STOPPED)


def _known_source(step: dict[str, Any]) -> tuple[str, str]:
    values = {"peer": _value(step, "peer"), "trunk": _value(step, "trunk")}
    if _stopped(step):
        return _("Unknown source"), _("%(peer)s is in no trunk.") % values
    return _("Known source"), _("%(peer)s belongs to trunk %(trunk)s.") % values


def _room(step: dict[str, Any]) -> tuple[str, str]:
    reasons = {
        "spool": _("The spool's disk was nearly full."),
        "ports": _("No media port was free."),
        "stopping": _("The recorder was stopping."),
        "draining": _("The recorder was draining: calls in progress ended, new ones were refused."),
        "journal": _("The call's journal could not be begun."),
        "calls": _("As many calls were in progress as this node takes."),
        "rate": _("More new calls came a second than this node takes."),
        "trunk_calls": _("Its trunk had nearly all the calls that this recorder takes at once."),
        "channels": _("As many recordings were being made as the system's capacity allows."),
        "lag": _("The recorder was too busy to answer in time."),
    }
    if _stopped(step):
        reason = _value(step, "reason")
        return _("No room for it"), reasons.get(reason, reason or _told(step))
    calls = _value(step, "calls")
    if not calls:
        return _("Room for it"), _told(step)
    return _("Room for it"), _("Calls in progress: %(calls)s.") % {"calls": calls}


def _offer(step: dict[str, Any]) -> tuple[str, str]:
    if _stopped(step):
        reason = _value(step, "reason") or _("no codec or stream of the offer can be recorded")
        return _("Nothing that can be recorded"), _sentence_start(reason) + "."
    return _("Audio that can be recorded"), _told(step)


def _media(step: dict[str, Any]) -> tuple[str, str]:
    if _value(step, "reason") == "cancelled":
        return _("Taken back"), _("The phone system cancelled the call before it began.")
    if _value(step, "reason") == "codec":
        return _("No common codec"), _(
            "CUCM found no codec that the recorded phones and this recorder have in common, so "
            "that no audio was sent. Check the region between the phones and the recorder's trunk."
        )
    return _("Audio"), _told(step)


def _dial_in(step: dict[str, Any]) -> tuple[str, str]:
    texts = {
        "not_ordered": _("Nobody ordered a recording under this number of automated dial-in."),
        "order_expired": _("A recording was ordered under this number, but the call is too late."),
        "order_used": _("A recording was ordered under this number, and another call came first."),
    }
    reason = _value(step, "reason")
    return _("Automated dial-in"), texts.get(reason, reason or _told(step))


def _owner(step: dict[str, Any]) -> tuple[str, str]:
    number = number_shown(_value(step, "number")) if _value(step, "number") else ""
    if _stopped(step):
        parties = [_value(step, name) for name in ("caller", "callee") if _value(step, name)]
        reason, username = _value(step, "reason"), _value(step, "username")
        by_pilot = no_owner_by_pilot(_values(step))
        return _("No owner"), by_pilot or _no_owner(reason, number, username, parties)
    if _value(step, "matched_by") == CATCH_ALL:
        return _("Recording without assignee"), caught_sentence(_values(step), number)
    by_what = {
        "extension": _("Extension %(number)s is %(name)s."),
        "alias": _("Alias %(number)s is %(name)s."),
        "pbx_username": _("PBX user name %(number)s is %(name)s."),
    }
    name = _value(step, "name") or _value(step, "username")
    template = by_what.get(_value(step, "matched_by"))
    text = owner_by_pilot(_values(step), name)
    if not (text or template) or not name:
        return _("Owner found"), _told(step)
    if template:
        text = template % {"number": number, "name": name} + unknown_id(_values(step))
    if _value(step, "named_by") == "dial_in":
        text += " " + _("The recorder itself was called, so the owner is who called it.")
    elif _value(step, "named_by"):
        text += " " + _("The phone system names the recorded party (%(field)s).") % {
            "field": _value(step, "named_by")
        }
    if _value(step, "owners"):
        text += " " + _("%(count)s users take part; each gets a recording.") % {
            "count": _value(step, "owners")
        }
    return _("Owner found"), text


def _no_owner(reason: str, number: str, username: str, parties: list[str]) -> str:
    if reason == "ambiguous":
        if not username:  # as earlier versions wrote it
            told = _("%(number)s belongs to several people, so to none of them.")
            return told % {"number": number}
        told = _("%(number)s is shared by %(people)s, and no recording pilot decides between them.")
        return told % {"number": number, "people": username}
    if reason == "inactive":
        return _("%(number)s belongs to %(username)s, who is not active.") % {
            "number": number,
            "username": username,
        }
    if reason == "no_match" and len(parties) == 2:
        return _("Neither %(first)s nor %(second)s is an extension, alias or PBX user name.") % {
            "first": number_shown(parties[0]),
            "second": number_shown(parties[1]),
        }
    if reason == "no_match" and number:
        return _("%(number)s is no extension, alias or PBX user name of anybody.") % {
            "number": number
        }
    return _("No number of the call is an extension, alias or PBX user name of anybody.")


def _mode(step: dict[str, Any]) -> tuple[str, str]:
    values = {name: str(value) for name, value in (step.get("values") or {}).items()}
    return mode_title(values), mode_sentence(values) or _told(step)


def _filters(step: dict[str, Any]) -> tuple[str, str]:
    values = _values(step)
    title = filter_title(values, stopped=_stopped(step))
    return title, filter_sentence(values) or _told(step)


def _unknown(step: dict[str, Any]) -> tuple[str, str]:
    return _sentence_start(str(step["code"]).replace("_", " ")), _told(step)


def _told(step: dict[str, Any]) -> str:
    """List a step's values as they are, where no sentence is known for them."""
    values = step.get("values") or {}
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in values.items())


def _place(code: str) -> tuple[str, str]:
    places = {
        "known_source": (_("Trunks"), "configuration:trunks"),
        "mode": (_("Recording modes"), "configuration:modes"),
        "owner": (_("People"), "people:list"),
        "filters": (_("Recording filters"), "configuration:filters"),
    }
    if code not in places:
        return "", ""
    place, view = places[code]
    return place, reverse(view)


def _sentence_start(text: str) -> str:
    return text[:1].upper() + text[1:]
