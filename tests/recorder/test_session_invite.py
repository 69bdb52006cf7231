"""How a recording session takes an INVITE, judges it, and what it refuses."""

import msgspec
import pytest

from callvault import sip
from callvault.clock import Instant
from callvault.policy.decision import Outcome, Verdict
from callvault.policy.snapshot import RecordingMode
from callvault.recorder.actions import (
    Append,
    CloseJournal,
    OpenJournal,
    Report,
    Respond,
)
from callvault.recorder.states import State
from callvault.spool import entries
from tests.policy.cast import ANN as ANN_USER
from tests.policy.cast import SNAPSHOT, TRUNK, person
from tests.recorder.bench import DIALOG, FLOW, Bench, established
from tests.recorder.bodies import (
    ANN,
    BOB,
    METADATA,
    REMOTE,
    both,
    metadata,
    request,
    sdp,
)


def test_an_invite_opens_journal_and_ports_and_is_answered_with_the_facts_written_before() -> None:
    done = Bench().invite()
    kinds = [
        type(one.entry).__name__ if isinstance(one, Append) else type(one).__name__ for one in done
    ]
    assert kinds == [
        "OpenJournal",
        "MetadataSeen",
        "OpenStreams",
        "StreamsChanged",
        "Decided",
        "TimelineEvent",
        "Respond",
    ]


def test_the_journal_is_headed_by_trunk_peer_and_call_id() -> None:
    bench = Bench()
    opened = bench.invite()[0]
    assert isinstance(opened, OpenJournal)
    assert opened.header == entries.JournalHeader(
        journal_id=bench.session.journal_id,
        purpose="dialog",
        node="node-1",
        opened_at_ns=bench.at_ns,
        trunk=entries.TrunkRef(TRUNK.trunk_id, "Main"),
        call_id="call-1@192.0.2.14",
        peer="192.0.2.14:5060",
        transport="udp",
    )


def test_the_answer_echoes_labels_and_the_streams_are_journalled() -> None:
    bench = Bench()
    bench.invite()
    assert bench.response.status == 200
    assert bench.response.body.count(b"a=label:") == 2
    assert b"m=audio 40000 RTP/AVP 8 101\r\n" in bench.response.body
    streams = bench.entries(entries.StreamsChanged)[0].streams
    assert [(one.index, one.label, one.active, one.port) for one in streams] == [
        (0, "1", True, 40000),
        (1, "2", True, 40002),
    ]
    assert [one.encoding for one in streams[0].formats] == ["PCMA", "TELEPHONE-EVENT"]


def test_the_owner_is_known_at_the_invite_and_the_recording_id_stays() -> None:
    bench = established()
    first = bench.decision
    assert first.verdict is Verdict.RECORDED
    assert first.assignments[0].owner_id == ANN_USER.user_id
    bench.bye()
    assert bench.decision == first


def test_a_call_between_two_users_is_two_recordings() -> None:
    bench = Bench()
    bench.invite(both(sdp(), metadata(ANN, BOB)))
    ids = [one.recording_id for one in bench.decision.assignments]
    assert len(set(ids)) == 2


def test_without_metadata_from_and_to_stand_for_the_parties_until_it_comes() -> None:
    bench = Bench()
    bench.invite(sdp(), "application/sdp")
    assert bench.decision.assignments[0].owner_id == ANN_USER.user_id
    assert bench.decision.assignments[0].confidence == "low"
    bench.ack()
    bench.update(metadata(REMOTE, BOB))
    assert [one.owner_username for one in bench.decision.assignments] == ["user2"]
    assert bench.timeline() == [("answered", "Ann Keller")]


def test_a_call_of_nobody_is_answered_and_judged_again_when_more_is_known() -> None:
    bench = Bench()
    bench.invite(both(sdp(), metadata("sip:4711@h", REMOTE)))
    assert (bench.response.status, bench.decision.verdict) == (200, Verdict.DISCARDED)
    bench.ack()
    bench.update(metadata(ANN, REMOTE))
    assert bench.decision.verdict is Verdict.RECORDED


def test_a_user_created_during_the_call_owns_it_at_the_end() -> None:
    bench = Bench()
    bench.invite(both(sdp(), metadata("sip:4711@h", REMOTE)))
    bench.ack()
    bench.snapshot = msgspec.structs.replace(
        SNAPSHOT, revision=8, people=(person(9, extension="4711"),)
    )
    bench.bye()
    assert bench.decision.verdict is Verdict.RECORDED
    assert bench.decision.snapshot_revision == 8


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"no metadata", "metadata that is not XML"),
        (b"<recording", "not well-formed at line 1, column 11"),
    ],
)
def test_metadata_that_cannot_be_read_is_kept_and_costs_nothing(
    document: bytes, problem: str
) -> None:
    bench = established()
    bench.update(document)
    seen = bench.entries(entries.MetadataSeen)[-1]
    assert (seen.raw, seen.problem) == (document, problem)
    assert bench.response.status == 200
    assert len(bench.entries(entries.Decided)) == 1


def test_metadata_cut_off_in_the_middle_takes_nobody_away() -> None:
    bench = established()
    bench.update(metadata(ANN, REMOTE)[:-200])
    assert bench.timeline() == [("answered", "Ann Keller")]


def test_an_invite_without_offer_gets_ours_with_the_labels_of_the_metadata() -> None:
    bench = Bench()
    bench.invite(metadata(ANN, REMOTE), METADATA)
    assert bench.response.body.count(b"m=audio") == 2
    assert bench.response.body.count(b"a=label:2") == 1
    bench.ack(sdp("sendonly", "inactive"))
    assert [one.active for one in bench.entries(entries.StreamsChanged)[-1].streams] == [
        True,
        False,
    ]
    assert bench.timeline()[-1] == ("held", "1001")


def test_an_answer_in_the_ack_that_cannot_be_read_ends_nothing() -> None:
    bench = Bench()
    bench.invite(b"", "")
    assert bench.ack(b"nonsense") == []
    assert bench.session.state is State.ESTABLISHED


@pytest.mark.parametrize(
    ("body", "content_type", "status", "reason"),
    [
        (sdp("closed"), "application/sdp", 488, "line closed by the offer"),
        (b"v=0\r\n", "application/sdp", 488, "session description without a media line"),
    ],
)
def test_an_offer_with_nothing_to_record_is_refused_and_told(
    body: bytes, content_type: str, status: int, reason: str
) -> None:
    respond, report = Bench().invite(body, content_type)
    assert isinstance(respond, Respond)
    assert isinstance(report, Report)
    assert respond.headers == (("Warning", f'399 192.0.2.200 "{reason}"'),)
    assert (respond.status, report.entry.sip_status) == (status, status)
    assert (report.entry.caller, report.entry.callee) == ("1001", "+15550142999")
    stopped = [one for one in report.entry.decision.steps if one.outcome is Outcome.STOPPED]
    assert [(one.code, one.values) for one in stopped] == [("offer", {"reason": reason})]


def test_a_part_that_must_be_understood_and_is_not_is_refused() -> None:
    body = (
        b"--b\r\nContent-Type: application/x\r\n"
        b"Content-Disposition: session;handling=required\r\n\r\n1\r\n--b--"
    )
    bench = Bench()
    bench.invite(body, "multipart/mixed;boundary=b")
    assert bench.response.status == 415


@pytest.mark.parametrize("refusal", ["spool", "ports", "stopping"])
def test_without_room_a_call_is_refused_and_leaves_no_journal(refusal: str) -> None:
    bench = Bench(refusal=refusal)
    respond, report = bench.invite()
    assert isinstance(respond, Respond)
    assert isinstance(report, Report)
    assert respond.status == 503
    assert report.entry.decision.steps[1].values == {"reason": refusal}
    assert bench.feed(sip.DialogEnded(DIALOG, "refused", 503)) == []


def test_a_call_that_gets_no_port_takes_its_journal_back() -> None:
    bench = Bench(has_ports=False)
    bench.invite()
    assert bench.response.status == 503
    assert CloseJournal(keep=False) in bench.actions
    assert isinstance(bench.actions[-1], Report)


def test_an_invite_that_is_taken_back_leaves_its_verdict_only() -> None:
    bench = Bench()
    event = sip.InviteReceived(
        sip.RequestId(1), DIALOG, request("INVITE", sdp(), "application/sdp"), FLOW
    )
    bench.session.receive(event, now=Instant(bench.at_ns, 0))
    cancel = sip.InviteCancelled(DIALOG, sip.RequestId(1), request("CANCEL"))
    closed, report = bench.feed(cancel)
    assert closed == CloseJournal(keep=False)
    assert isinstance(report, Report)
    assert (report.entry.verdict, report.entry.sip_status) == (Verdict.DISCARDED, 487)
    assert bench.feed(sip.DialogEnded(DIALOG, "cancelled", 487)) == []


@pytest.mark.parametrize("mode", [RecordingMode.NEVER, RecordingMode.ON_DEMAND])
def test_a_trunk_that_does_not_record_is_answered_without_capture(mode: RecordingMode) -> None:
    bench = Bench(trunk=msgspec.structs.replace(TRUNK, mode=mode))
    opened = bench.invite()[0]
    assert isinstance(opened, OpenJournal)
    assert not opened.captures
    assert bench.decision.verdict is not Verdict.RECORDED


def test_an_ack_without_the_answer_that_is_due_is_told_and_ends_nothing() -> None:
    bench = Bench()
    bench.invite(b"", "")
    bench.ack()
    assert ("answer_missing", "") in bench.timeline()
    assert bench.session.state is State.ESTABLISHED
    bench.ack()
    assert bench.timeline().count(("answer_missing", "")) == 1
