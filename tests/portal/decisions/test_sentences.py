"""Verdicts and steps in words."""

from typing import Any

import pytest

from callvault.portal.decisions.models import Call
from callvault.portal.decisions.sentences import (
    call_line,
    step_view,
    steps_of,
    unowned_numbers,
    verdict_sentence,
)


def step(code: str, outcome: str = "passed", **values: str) -> dict[str, Any]:
    return {"code": code, "outcome": outcome, "values": values}


def call(*steps: dict[str, Any], **columns: Any) -> Call:
    return Call(**({"verdict": "recorded", "decision": {"steps": list(steps)}} | columns))


def test_a_call_that_ended_unanswered_is_not_said_to_be_recorded_always() -> None:
    mode = step("mode", mode="always_on", trunk="Webex")
    row = call(mode, verdict="not_kept", trunk_name="Webex", problem="ended before it was answered")
    assert verdict_sentence(row) == "Ended before it was answered."


PILOT = {"pilot": "8400", "numeric_id": "12"}


@pytest.mark.parametrize(
    ("given", "title", "text"),
    [
        (
            step("known_source", peer="192.0.2.14", trunk="Webex"),
            "Known source",
            "192.0.2.14 belongs to trunk Webex.",
        ),
        (step("room", calls="212"), "Room for it", "Calls in progress: 212."),
        (
            step("room", "stopped", reason="ports"),
            "No room for it",
            "No media port was free.",
        ),
        (
            step("room", "stopped", reason="calls"),
            "No room for it",
            "As many calls were in progress as this node takes.",
        ),
        (
            step("room", "stopped", reason="rate"),
            "No room for it",
            "More new calls came a second than this node takes.",
        ),
        (
            step("room", "stopped", reason="lag"),
            "No room for it",
            "The recorder was too busy to answer in time.",
        ),
        (
            step("offer", "stopped", reason="no codec of the offer can be recorded"),
            "Nothing that can be recorded",
            "No codec of the offer can be recorded.",
        ),
        (
            step("media", "stopped", reason="cancelled"),
            "Taken back",
            "The phone system cancelled the call before it began.",
        ),
        (
            step("owner", matched_by="extension", number="2014", name="Ann Keller"),
            "Owner found",
            "Extension 2014 is Ann Keller.",
        ),
        (
            step("owner", matched_by="alias", number="+15550142", name="Ann Keller", owners="2"),
            "Owner found",
            "Alias +1\u00a0555\u00a00142 is Ann Keller. 2 users take part; each gets a recording.",
        ),
        (
            step("owner", matched_by="pbx_username", number="ann", name="Ann", named_by="userID"),
            "Owner found",
            "PBX user name ann is Ann. The phone system names the recorded party (userID).",
        ),
        (
            step("owner", matched_by="numeric_user_id", number="", name="Ann", **PILOT),
            "Owner found",
            "Pilot 8400 was dialled with the user ID 12, which is Ann's.",
        ),
        (
            step("owner", matched_by="numeric_partition_id", number="2014", name="Ann", **PILOT),
            "Owner found",
            "Pilot 8400 was dialled with the partition ID 12, where 2014 is Ann.",
        ),
        (
            step("owner", matched_by="extension", number="2014", name="Ann", **PILOT),
            "Owner found",
            "Extension 2014 is Ann. Nobody has the ID 12 that pilot 8400 was dialled with: the "
            "number decided.",
        ),
        (
            step("owner", "stopped", reason="other_id", number="2014", username="ann", **PILOT),
            "No owner",
            "2014 is ann's, but pilot 8400 was dialled with the ID 12, which is another one than "
            "theirs, and nobody's.",
        ),
        (
            step("owner", "stopped", reason="no_match", number="2099", caller="2099", callee="1"),
            "No owner",
            "Neither 2099 nor 1 is an extension, alias or PBX user name.",
        ),
        (
            step("owner", "stopped", reason="inactive", number="2014", username="ann"),
            "No owner",
            "2014 belongs to ann, who is not active.",
        ),
        (
            step("owner", "stopped", reason="ambiguous", number="2014"),
            "No owner",
            "2014 belongs to several people, so to none of them.",
        ),
        (
            step("owner", "stopped", reason="ambiguous", number="2014", username="ann, bob"),
            "No owner",
            "2014 is shared by ann, bob, and no recording pilot decides between them.",
        ),
        (step("mode", mode="always_on", trunk="Webex"), "Mode: always-on", "Set on trunk Webex."),
        (
            step("mode", mode="never", set_by="group", of="sales"),
            "Mode: never",
            "Set for recording group sales.",
        ),
        (
            step(
                "mode",
                mode="always_on",
                set_by="trunk",
                of="Webex",
                other_mode="never",
                other_set_by="user",
                other_of="bob",
            ),
            "Mode: always-on",
            "Set on trunk Webex. For another user of the call: never. Set for user bob.",
        ),
        (step("mode", "not_reached"), "Mode", "Not reached."),
    ],
)
def test_each_step_has_its_sentence(given: dict[str, Any], title: str, text: str) -> None:
    view = step_view(given)
    assert (view.title, view.text, view.outcome) == (title, text, given["outcome"])


def test_a_step_of_a_newer_recorder_keeps_its_name_and_values() -> None:
    view = step_view(step("numbering_plan", rule="7", matched_pattern="72."))
    assert view.title == "Numbering plan"
    assert view.text == "rule: 7, matched pattern: 72."
    assert (view.place, view.place_url) == ("", "")


@pytest.mark.parametrize("code", ["known_source", "room", "offer", "media", "owner", "mode"])
@pytest.mark.parametrize("outcome", ["passed", "stopped", "not_reached"])
def test_a_step_without_values_is_worded_all_the_same(code: str, outcome: str) -> None:
    assert step_view(step(code, outcome)).title


def test_a_verdict_is_told_by_the_step_that_decided() -> None:
    refused = call(step("room", "stopped", reason="spool"), verdict="refused")
    assert verdict_sentence(refused) == "The spool's disk was nearly full."
    recorded = call(step("mode", mode="always_on", trunk="Webex"), trunk_name="Webex")
    assert verdict_sentence(recorded) == "Always-on on trunk Webex."
    for set_by, told in (("user", "for user ann"), ("group", "for group ann")):
        own = call(step("mode", mode="always_on", set_by=set_by, of="ann"), trunk_name="Webex")
        assert verdict_sentence(own) == f"Always-on {told}."
    failed = call(verdict="failed", problem="the store was away")
    assert verdict_sentence(failed) == "The store was away. The journal is kept."
    assert verdict_sentence(call()) == ""


def test_the_chain_keeps_its_order() -> None:
    row = call(step("known_source"), step("room"), step("owner", "stopped"), step("mode"))
    assert [view.title for view in steps_of(row)] == [
        "Known source",
        "Room for it",
        "No owner",
        "Mode",
    ]


def test_parties_are_written_as_numbers_are() -> None:
    row = call(caller="sip:+15550142@example.com", callee="anonymous")
    assert call_line(row) == "+1\u00a0555\u00a00142 to Number withheld"


@pytest.mark.parametrize(
    ("reason", "numbers"),
    [("no_match", ["2099", "+15550142"]), ("ambiguous", []), ("inactive", [])],
)
def test_a_user_is_offered_where_one_would_help(reason: str, numbers: list[str]) -> None:
    stopped = step("owner", "stopped", reason=reason, caller="+15550142", callee="2099")
    assert unowned_numbers(call(stopped, verdict="discarded")) == numbers
    assert unowned_numbers(call(stopped, verdict="recorded")) == []


def test_a_recording_without_assignee_says_why_it_is_nobodys_and_offers_a_user() -> None:
    caught = {"matched_by": "catch_all", "name": "Without assignee", "number": "7777"}
    alone = call(step("owner", **caught, reason="no_match"), verdict="recorded")
    (chain,) = steps_of(alone)
    assert (chain.title, chain.text) == (
        "Recording without assignee",
        "The call is nobody's: Without assignee, the catch-all user, owns the recording.",
    )
    assert "7777" in unowned_numbers(alone)
    shared = call(step("owner", **caught, reason="ambiguous", shared_by="ann, eva"))
    assert steps_of(shared)[0].text.startswith("7777 is shared by ann, eva,")
    assert unowned_numbers(shared) == []
