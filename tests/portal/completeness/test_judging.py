"""Imported records get their verdict, once each, and again when a recording comes late."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from callvault.policy.decision import Decision, Party, Verdict
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.completeness import judging
from callvault.portal.completeness.importing import import_file
from callvault.portal.completeness.listing import capture
from callvault.portal.completeness.models import CdrCall, CdrImport, CdrTally, CompletenessTurn
from callvault.portal.decisions.models import Call
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.subjects import held
from callvault.portal.subjects.erasure import work_off
from callvault.portal.subjects.subject import number_subject
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import Spoken, call_facts, list_recording

from .files import SECONDS, cucm, moment

pytestmark = pytest.mark.django_db


def brought(rita: User, *rows: Mapping[str, object]) -> CdrImport:
    return import_file(request_of(rita), cucm(*rows), file_name="cdr_A_01_1_1", mapping=None)


def judge(row: CdrImport, after: timedelta = timedelta()) -> int:
    return judging.judge_due(row.at + after, holder="w")


def verdicts() -> list[str]:
    return list(CdrCall.objects.order_by("began_at", "pk").values_list("verdict", flat=True))


def test_a_record_finds_the_recording(rita: User, anns_recording: Recording) -> None:
    row = brought(rita, {})
    assert verdicts() == [""]
    assert judge(row) == 1
    found = CdrCall.objects.get()
    assert (found.verdict, found.why, found.look_at) == ("recorded", "by_numbers", None)
    assert found.call == anns_recording.call
    assert judge(row, timedelta(days=1)) == 0


def test_a_file_that_comes_twice_or_overlaps_counts_nothing_twice(rita: User) -> None:
    first, again = brought(rita, {}, {}), brought(rita, {}, {}, {})
    first.refresh_from_db()
    again.refresh_from_db()
    assert (first.added, first.known) == (2, 0)
    assert (again.added, again.known) == (1, 2)
    assert CdrCall.objects.count() == 3


def test_a_recording_that_comes_late_mends_the_verdict(rita: User, ann: User) -> None:
    row = brought(rita, {})
    judge(row)
    assert verdicts() == ["missing"]
    assert judge(row, timedelta(minutes=5)) == 0
    list_recording(ann)
    assert judge(row, timedelta(minutes=16)) == 1
    assert verdicts() == ["recorded"]


def test_after_seven_days_it_stays_missing(rita: User, ann: User) -> None:
    row = brought(rita, {})
    judge(row)
    list_recording(ann)
    CdrCall.objects.update(verdict="missing", look_at=row.at)
    CdrImport.objects.update(at=row.at - timedelta(days=8))
    Call.objects.all().delete()
    judge(row)
    assert CdrCall.objects.get().look_at is None


def test_each_ends_as_the_call_did_and_the_tally_follows(rita: User, ann: User) -> None:
    decision = Decision(Verdict.FAILED, ())
    DjangoCatalogue().add_call(call_facts(decision=decision), ())
    rows: tuple[dict[str, object], ...] = (
        {},
        {"callingPartyNumber": "+15550199"},
        {"callingPartyNumber": "+15550199", "finalCalledPartyNumber": "+15550198",
         "originalCalledPartyNumber": "+15550198"},
        {"dateTimeConnect": 0, "duration": 0},
    )  # fmt: skip
    row = brought(rita, *rows)
    judge(row)
    found = dict.fromkeys(verdicts(), 1)
    assert found == {"failed": 1, "missing": 1, "not_ours": 1, "not_answered": 1}
    figures = capture(moment(-3600), moment(3600))
    assert (figures.percent, figures.wanted, figures.missing) == (0, 2, 1)
    CdrCall.objects.all().delete()
    assert not CdrTally.objects.filter(count__gt=0).exists()


def test_two_of_one_batch_do_not_share_a_near_call(rita: User, ann: User) -> None:
    list_recording(ann)
    later = {
        "dateTimeOrigination": SECONDS + 380,
        "dateTimeConnect": SECONDS + 385,
        "dateTimeDisconnect": SECONDS + 440,
    }
    judge(brought(rita, {}, later))
    assert verdicts() == ["recorded", "missing"]


def test_nor_do_those_of_two_batches(rita: User, ann: User) -> None:
    list_recording(ann)
    later = {
        "dateTimeOrigination": SECONDS + 380,
        "dateTimeConnect": SECONDS + 385,
        "dateTimeDisconnect": SECONDS + 440,
    }
    row = brought(rita, {}, later)
    assert judging.judge_due(row.at, holder="w", batch=1) == 2
    assert verdicts() == ["recorded", "missing"]


def test_numbers_of_a_recording_match_where_the_call_has_others(rita: User, ann: User) -> None:
    recording = list_recording(ann, Spoken(remote=Party("+15550199")))
    Call.objects.update(caller="sip:rec@192.0.2.9", callee="srs", caller_digits="")
    row = brought(rita, {"callingPartyNumber": "+15550199"})
    judge(row)
    assert CdrCall.objects.get().call == recording.call


def test_one_worker_judges_at_a_time(rita: User) -> None:
    row = brought(rita, {})
    CompletenessTurn.objects.create(
        pk=judging.TURN, holder="other", held_until=row.at + timedelta(minutes=1)
    )
    assert judge(row) == 0
    assert judge(row, timedelta(minutes=2)) == 1


def test_a_step_is_bounded_and_the_next_goes_on(rita: User) -> None:
    row = brought(rita, *({"pkid": f"many-{number}"} for number in range(5)))
    clock = iter([0.0, 0.0, 60.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert judging.judge_due(row.at, holder="w", seconds=lambda: next(clock), batch=2) == 2
    assert judging.judge_due(row.at, holder="w", seconds=lambda: next(clock), batch=2) == 3


def test_a_data_subject_is_found_in_records_and_taken_out_of_them(
    rita: User, ann: User, rita_client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    row = brought(rita, {}, {"callingPartyNumber": "+15550199"})
    judge(row)
    subject = number_subject("+1 555 0142")
    assert subject is not None
    assert held.counts_of(subject, rita).call_records == 1
    with django_capture_on_commit_callbacks(execute=True):
        rita_client.post("/subjects/erase?q=%2B15550142", {"recordings": "0"})
        work_off(row.at)
    gone, other = CdrCall.objects.order_by("pk")
    assert (gone.caller, gone.caller_digits, gone.verdict) == ("", "", "missing")
    assert (gone.callee, gone.look_at, other.caller) == ("2014", None, "+15550199")
    entry = AuditEntry.objects.get(action=Action.CALL_RECORDS_REDACTED)
    assert entry.detail == {"records": 1}
    assert brought(rita, {}).added == 0
    assert CdrCall.objects.filter(caller_digits="+15550142").count() == 0
