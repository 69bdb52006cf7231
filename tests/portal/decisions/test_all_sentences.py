"""Every verdict, step and reason that there is has a sentence: read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.utils import translation
from hypothesis import given

from callvault.policy import CallSeen
from callvault.policy.decision import Outcome, Verdict
from callvault.policy.filters import Filters
from callvault.policy.modes import Modes
from callvault.policy.snapshot import Person, RecordingMode
from callvault.portal.decisions import sentences
from callvault.portal.decisions.models import Call
from callvault.portal.decisions.sentences import step_view, verdict_sentence, verdict_title
from tests.policy.any_call import calls, filters, judged, modes_of_groups, people_with_modes

SOURCE = Path(sentences.__file__).parents[2]
LANGUAGES = ("en", "it", "fr")


def trees(folder: str) -> Iterator[ast.AST]:
    for path in sorted((SOURCE / folder).glob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def said_in(folder: str, called: str, place: int) -> set[str]:
    """Return the texts that stand at a place of the calls of a function or class."""
    found = set()
    for tree in trees(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and len(node.args) > place:
                name, argument = node.func, node.args[place]
                is_it = getattr(name, "id", getattr(name, "attr", "")) == called
                found |= {one for one in texts_of(argument) if is_it}
    return found


def texts_of(node: ast.expr) -> set[str]:
    """Return what an expression can be: a text, or one of two."""
    if isinstance(node, ast.IfExp):
        return texts_of(node.body) | texts_of(node.orelse)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return {node.value} if is_text else set()  # type: ignore[attr-defined]


def refusals_of(module: str) -> set[str]:
    """Return the codes that a module's functions give for why there is no room."""
    tree = ast.parse((SOURCE / "recorder" / module).read_text(encoding="utf-8"))
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    returned = [
        node.value
        for one in functions
        if isinstance(one.returns, ast.Name) and one.returns.id == "str"
        for node in ast.walk(one)
        if isinstance(node, ast.Return) and node.value is not None
    ]
    return {text for value in returned for text in texts_of(value)} - {""}


STEPS = (
    said_in("policy", "Step", 0)
    | said_in("policy", "_step", 0)
    | said_in("recorder", "TurnedAway", 1)
    | said_in("recorder", "_refuse", 1)
)
NO_ROOM = (
    refusals_of("room.py") | refusals_of("capacity.py") | said_in("recorder", "StreamsRefused", 0)
)
WITHOUT_ID = {"no_match", "ambiguous", "inactive", "no_parties"}
PILOT = {"pilot": "8400", "numeric_id": "12"}
NO_OWNER = said_in("policy", "NoMatch", 0)
MATCHED_BY = said_in("policy", "Match", 1)


@pytest.fixture
def only_known(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_fallbacks(monkeypatch)


def forbid_fallbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no step be worded by its name, and no value be listed in place of a sentence."""

    def unknown(step: dict[str, Any]) -> tuple[str, str]:
        raise AssertionError(f"no sentence for {step}")

    def listed(step: dict[str, Any]) -> str:
        if step["values"]:
            unknown(step)
        return ""

    monkeypatch.setattr(sentences, "_unknown", unknown)
    monkeypatch.setattr(sentences, "_told", listed)


def stopped(code: str, reason: str, **more: str) -> dict[str, Any]:
    values = {"reason": reason, "number": "2014", "username": "ann", **more}
    return {"code": code, "outcome": "stopped", "values": values}


def test_the_source_was_read() -> None:
    assert {"known_source", "room", "offer", "media", "owner", "mode"} <= STEPS
    assert {"spool", "ports", "draining", "calls", "lag", "trunk_calls", "rate"} <= NO_ROOM
    assert {*WITHOUT_ID, "other_id", "not_in_partition"} == NO_OWNER
    assert {"extension", "alias", "pbx_username", "numeric_user_id", "order"} <= MATCHED_BY


@pytest.mark.parametrize("code", sorted(STEPS))
@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.usefixtures("only_known")
def test_each_step_has_words(code: str, outcome: Outcome) -> None:
    assert step_view({"code": code, "outcome": outcome.value, "values": {}}).title


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", sorted(NO_ROOM))
def test_each_refusal_for_want_of_room_has_a_sentence(reason: str, language: str) -> None:
    with translation.override(language):
        text = step_view(stopped("room", reason)).text
    assert text.endswith(".")
    assert text != reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_reason_why_nobody_owns_a_call_has_a_sentence_of_its_own(language: str) -> None:
    with translation.override(language):
        texts = {step_view(stopped("owner", reason)).text for reason in WITHOUT_ID}
        by_pilot = {step_view(stopped("owner", one, **PILOT)).text for one in NO_OWNER}
    assert len(texts) == len(WITHOUT_ID)
    assert len(by_pilot) == len(NO_OWNER)
    assert all("8400" in text for text in by_pilot - texts)


@pytest.mark.parametrize("matched_by", sorted(MATCHED_BY))
@pytest.mark.usefixtures("only_known")
def test_each_way_in_which_an_owner_is_found_has_a_sentence(matched_by: str) -> None:
    values = {"matched_by": matched_by, "number": "2014", "name": "Ann Keller"}
    assert "Ann" in step_view({"code": "owner", "outcome": "passed", "values": values}).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_verdict_and_each_mode_has_a_name_of_its_own(language: str) -> None:
    with translation.override(language):
        verdicts = {verdict_title(verdict) for verdict in Verdict}
        modes = [{"code": "mode", "outcome": "passed", "values": {"mode": m}} for m in MODES]
        titles = {step_view(mode).title for mode in modes}
    assert len(verdicts) == len(Verdict)
    assert len(titles) == len(MODES)


MODES = [mode.value for mode in RecordingMode]


@given(calls(), people_with_modes, filters, modes_of_groups)
def test_whatever_policy_decides_is_said_in_sentences(
    call: CallSeen, those: tuple[Person, ...], rules: Filters, of_groups: Modes
) -> None:
    decision = msgspec.to_builtins(judged(call, those, rules, of_groups))
    row = Call(verdict=decision["verdict"], decision=decision, trunk_name=call.trunk.name)
    with pytest.MonkeyPatch.context() as monkeypatch:
        forbid_fallbacks(monkeypatch)
        views = sentences.steps_of(row)
        reason = verdict_sentence(row)
    assert reason
    for view, step in zip(views, decision["steps"], strict=True):
        assert view.title
        assert view.text or not step["values"]
