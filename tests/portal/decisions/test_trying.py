"""A draft of filters tried on the calls of the catalogue: which ones, and what is told."""

from datetime import timedelta
from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries

from callvault.policy.decision import Decision, Direction, Outcome, Party, Step, Verdict
from callvault.policy.filters import Directions, FilterRules, Filters, Traffic
from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.simulation import Change, RuleName
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.decisions.models import Call
from callvault.portal.decisions.past_calls import past_traffic
from callvault.portal.decisions.trying import Draft, Trial, try_draft
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.snapshot import build_snapshot
from tests.portal.catalogue_facts import STARTED, Spoken, call_facts, list_recording

pytestmark = pytest.mark.django_db

NOW = STARTED + timedelta(days=1)
PASSED = {"username": "ann", "number": "2014", "group": "Claims", "matched_by": "extension"}
STOPPED = {
    **{"rule": "directions", "value": "in", "scope": "group", "of": "Claims"},
    **{"number": "+15550177", "direction": "out"},
}


def filtered(*, hours: int = 1, without: str = "") -> UUID:
    values = {name: value for name, value in STOPPED.items() if name != without}
    steps = (
        Step("owner", Outcome.PASSED, PASSED),
        Step("mode", Outcome.PASSED, {"mode": "always_on", "trunk": "Webex"}),
        Step("filters", Outcome.STOPPED, values),
    )
    facts = call_facts(
        decision=Decision(Verdict.FILTERED, steps), at=STARTED + timedelta(hours=hours)
    )
    DjangoCatalogue().add_call(facts, ())
    return facts.event_id


def tried(reader: User, rules: FilterRules = FilterRules(), *, days: int = 7) -> Trial:  # noqa: B008
    draft = Draft(Filters(rules), NumberingPlan())
    return try_draft(reader, draft, build_snapshot(), now=NOW, days=days)


def counts(trial: Trial) -> dict[Change, int]:
    return {change: count for change, count in trial.simulation.counts.items() if count}


def test_a_draft_says_what_it_would_change(rita: User, anns_recording: Recording) -> None:
    call_id = filtered()
    trial = tried(rita, FilterRules(directions=Directions.OUT))
    assert counts(trial) == {Change.NEWLY_FILTERED: 1, Change.NEWLY_RECORDED: 1}
    newly, again = trial.changed
    assert anns_recording.call is not None
    assert newly.call.call_id == anns_recording.call.event_id
    assert (newly.call.username, newly.rule) == (
        "ann",
        RuleName("directions", "out", "system"),
    )
    assert (again.call.call_id, again.call.direction) == (call_id, Direction.OUT)
    assert again.call.filtered_by == RuleName("directions", "in", "group", "Claims")


def test_rules_of_a_person_hold_for_what_was_recorded_and_for_what_was_filtered(
    rita: User, ann: User, anns_recording: Recording
) -> None:
    filtered()
    external = FilterRules(traffic=Traffic.INTERNAL)
    draft = Draft(Filters(by_person={UUID(str(ann.public_id)): external}), NumberingPlan())
    trial = try_draft(rita, draft, build_snapshot(), now=NOW)
    assert counts(trial) == {Change.NEWLY_FILTERED: 1, Change.STILL_FILTERED: 1}


def test_a_number_of_a_user_is_internal(rita: User, ann: User) -> None:
    list_recording(ann, Spoken(remote=Party(ann.extension)))
    trial = tried(rita, FilterRules(traffic=Traffic.EXTERNAL))
    assert counts(trial) == {Change.NEWLY_FILTERED: 1}


def test_only_calls_of_which_filters_were_asked_are_tried(rita: User, ann: User) -> None:
    recording = list_recording(ann)
    assert recording.call is not None
    steps = [{"code": "mode", "outcome": "passed", "values": {"mode": "on_demand"}}]
    Call.objects.filter(pk=recording.call.pk).update(decision={"steps": steps})
    assert tried(rita).simulation.calls == 0
    steps[0]["values"] = {"mode": "always_on", "other_mode": "on_demand"}
    Call.objects.filter(pk=recording.call.pk).update(decision={"steps": steps})
    never = Step("mode", Outcome.STOPPED, {"mode": "never"})
    DjangoCatalogue().add_call(call_facts(decision=Decision(Verdict.FILTERED, (never,))), ())
    assert tried(rita).simulation.calls == 0


def test_only_the_days_asked_for_are_read(rita: User, anns_recording: Recording) -> None:
    filtered(hours=-48)
    assert tried(rita, days=2).simulation.calls == 1
    assert tried(rita, days=4).simulation.calls == 2


def test_a_filtered_call_of_which_the_direction_is_not_known_is_counted_apart(rita: User) -> None:
    filtered(without="direction")
    assert counts(tried(rita)) == {Change.UNKNOWN: 1}


def test_the_newest_are_read_where_there_are_too_many(
    rita: User, ann: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for hours in range(3):
        filtered(hours=2 * hours)
        list_recording(ann, Spoken(started_at=STARTED + timedelta(hours=2 * hours + 1)))
    since = STARTED - timedelta(days=1)
    with django_assert_num_queries(3):
        traffic = past_traffic(rita, since=since, until=NOW, most=4)
    assert traffic.is_cut
    assert [(call.at - STARTED) // timedelta(hours=1) for call in traffic.calls] == [5, 4, 3, 2]
    assert traffic.since == STARTED + timedelta(hours=2)
    whole = past_traffic(rita, since=since, until=NOW, most=6)
    assert (len(whole.calls), whole.is_cut, whole.since) == (6, False, since)


def test_only_what_the_reader_may_see_is_read(sam: User, anns_recording: Recording) -> None:
    strangers = User.objects.create(username="zed", level=sam.level)
    assert past_traffic(strangers, since=STARTED, until=NOW).calls == ()
