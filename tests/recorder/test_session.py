"""A recording session, event by event."""

import msgspec
import pytest

from callvault import sip
from callvault.clock import Instant
from callvault.errors import ProtocolError
from callvault.policy.decision import Outcome, Verdict
from callvault.policy.snapshot import RecordingMode
from callvault.recorder.actions import (
    Append,
    CloseJournal,
    CloseStreams,
    EndRequested,
    MediaChecked,
    OpenJournal,
    OpenStreams,
    PauseCapture,
    PauseRequested,
    Report,
    Respond,
    ResumeCapture,
    ResumeRequested,
    SendBye,
    StreamsOpened,
)
from callvault.recorder.states import TRANSITIONS, State
from callvault.spool import entries
from tests.policy.cast import ANN as ANN_USER
from tests.policy.cast import SNAPSHOT, TRUNK, person
from tests.recorder.bench import DIALOG, FLOW, Bench
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


def established(**fields: object) -> Bench:
    """A call of Ann's, two lines, acknowledged."""
    bench = Bench(**fields)  # type: ignore[arg-type]
    bench.invite()
    bench.ack()
    return bench


# --- the INVITE


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


# --- changes


def test_hold_by_inactive_and_resume_are_on_the_timeline_and_the_ports_stay() -> None:
    bench = established()
    bench.reinvite(sdp("sendonly", "inactive"))
    assert b"m=audio 40002" in bench.response.body
    assert b"a=inactive" in bench.response.body
    bench.reinvite(sdp("sendonly", "sendonly"))
    assert bench.timeline()[1:] == [("held", "1001"), ("resumed", "1001")]
    held = bench.entries(entries.TimelineEvent)[1]
    assert held.streams == (1,)
    streams = [one.streams for one in bench.entries(entries.StreamsChanged)]
    assert [[line.active for line in one] for one in streams] == [
        [True, True],
        [True, False],
        [True, True],
    ]


def test_hold_by_zero_address_is_a_hold() -> None:
    bench = established()
    bench.reinvite(sdp("sendrecv", "sendrecv", address="0.0.0.0"))
    assert bench.timeline()[-1] == ("held", "")


def test_hold_by_an_association_without_send_is_a_hold() -> None:
    bench = established()
    bench.update(metadata(ANN, REMOTE, silent=[REMOTE]))
    bench.update(metadata(ANN, REMOTE))
    assert bench.timeline()[1:] == [("held", "1001"), ("resumed", "1001")]


def test_a_call_that_ends_on_hold_keeps_its_channels() -> None:
    bench = established()
    bench.update(metadata(ANN, REMOTE, silent=[ANN, REMOTE]))
    bench.bye()
    assignment = bench.decision.assignments[0]
    assert (assignment.owner_streams, assignment.remote_streams) == ((0,), (1,))


def test_the_same_offer_again_gets_the_same_answer_and_no_new_entry() -> None:
    bench = established()
    first = bench.response.body
    done = bench.reinvite(sdp())
    assert done == [OpenStreams((), ()), Respond(sip.RequestId(2), 200, body=first)]


def test_a_reinvite_without_body_is_answered_with_our_description_as_it_is() -> None:
    bench = established()
    first = bench.response.body
    assert bench.reinvite(b"") == [Respond(sip.RequestId(2), 200, body=first)]
    bench.ack(sdp("inactive", "inactive"))
    assert bench.timeline()[-1] == ("held", "")


def test_an_update_with_metadata_is_answered_without_sdp() -> None:
    bench = established()
    bench.update(metadata(ANN, BOB))
    assert (bench.response.status, bench.response.body) == (200, b"")
    assert bench.timeline()[-1] == ("transferred", "1002")


def test_an_update_with_an_offer_is_answered_line_by_line() -> None:
    bench = established()
    bench.update(sdp("sendonly", "sendonly", "sendonly"), "application/sdp")
    assert bench.response.body.count(b"m=audio") == 3
    assert bench.response.body.count(b"a=label") == 3


def test_metadata_repeated_three_times_counts_once() -> None:
    bench = established()
    changed = metadata(ANN, REMOTE, "sip:+15550142888@h")
    for _ in range(3):
        bench.update(changed)
    assert len(bench.entries(entries.MetadataSeen)) == 2
    assert bench.timeline()[1:] == [("party_joined", "+15550142888")]


def test_who_leaves_is_on_the_timeline() -> None:
    bench = established()
    bench.update(metadata(ANN))
    assert bench.timeline()[-1] == ("party_left", "+15550142999")


def test_a_line_added_in_the_call_gets_a_port_of_its_own() -> None:
    bench = established()
    assert OpenStreams((2,), ()) in bench.reinvite(sdp("sendonly", "sendonly", "sendonly"))
    assert b"m=audio 40004" in bench.response.body


def test_a_line_added_when_no_port_is_left_is_refused_and_the_call_goes_on() -> None:
    bench = established()
    bench.has_ports = False
    bench.reinvite(sdp("sendonly", "sendonly", "sendonly"))
    assert bench.response.status == 200
    assert b"m=audio 0 RTP/AVP" in bench.response.body


def test_a_line_that_is_closed_gives_its_port_back() -> None:
    bench = established()
    done = bench.reinvite(sdp("sendonly", "closed"))
    assert done[-1] == CloseStreams((1,))
    assert bench.timeline()[-1] == ("held", "1001")


def test_an_offer_that_closes_all_lines_is_no_reason_to_refuse() -> None:
    bench = established()
    bench.reinvite(sdp("closed", "closed"))
    assert bench.response.status == 200
    assert bench.response.body.count(b"m=audio 0 ") == 2


def test_an_offer_in_the_call_that_cannot_be_recorded_leaves_all_as_it_was() -> None:
    bench = established()
    bench.reinvite(b"v=0\r\nm=video 5 RTP/AVP 97\r\n")
    assert (bench.response.status, bench.response.headers[0][0]) == (488, "Warning")
    bench.reinvite(b"")
    assert b"m=audio 40000" in bench.response.body


def test_keys_never_reach_the_journal() -> None:
    bench = established()
    raw = b"INVITE\r\n\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:secret\r\n"
    bench.feed(sip.MessageSeen(DIALOG, raw, sent=False, flow=FLOW))
    assert bench.entries(entries.SignallingSeen)[0].raw == b"INVITE\r\n\r\na=crypto:removed\r\n"


# --- pause


def test_pause_and_resume_are_asked_of_capture_once_each() -> None:
    bench = established()
    paused = bench.feed(PauseRequested("Ann Keller", "card number"))
    entry = entries.TimelineEvent(bench.at_ns, "paused", "Ann Keller", "card number")
    assert paused == [PauseCapture(entry)]
    assert bench.feed(PauseRequested("Ann Keller")) == []
    resumed = bench.feed(ResumeRequested("Ann Keller"))
    entry = entries.TimelineEvent(bench.at_ns, "unpaused", "Ann Keller")
    assert resumed == [ResumeCapture(entry)]
    assert bench.feed(ResumeRequested("Ann Keller")) == []


# --- the end


def test_a_bye_ends_the_journal_with_decision_and_end() -> None:
    bench = established()
    bench.now_s = 10
    bench.bye()
    assert bench.is_closed
    last = [one.entry for one in bench.actions if isinstance(one, Append)][-3:]
    assert last == [
        entries.Decided(bench.at_ns, bench.decision),
        entries.TimelineEvent(bench.at_ns, "ended", detail="bye"),
        entries.DialogEnded(bench.at_ns, "bye"),
    ]
    assert CloseStreams((0, 1)) in bench.actions


def test_metadata_in_the_bye_still_counts() -> None:
    bench = Bench()
    bench.invite(both(sdp(), metadata("sip:4711@h", REMOTE)))
    bench.ack()
    bench.bye(metadata(ANN, REMOTE))
    assert bench.decision.verdict is Verdict.RECORDED


def test_a_bye_before_the_ack_ends_the_call_as_well() -> None:
    bench = Bench()
    bench.invite()
    bench.bye()
    assert bench.is_closed


def test_our_bye_ends_the_call_when_it_was_sent_not_when_it_was_answered() -> None:
    bench = established()
    bench.now_s = 10
    assert SendBye() in bench.feed(EndRequested("drained"))
    sent_ns = bench.at_ns
    bench.now_s = 42
    bench.feed(sip.DialogEnded(DIALOG, "bye_sent", 408))
    assert bench.entries(entries.DialogEnded) == [entries.DialogEnded(sent_ns, "drained", True)]


def test_what_comes_after_our_bye_is_answered_and_changes_nothing() -> None:
    bench = established()
    bench.feed(EndRequested("shutdown"))
    assert bench.reinvite(sdp()) == [Respond(sip.RequestId(2), 481)]
    assert bench.feed(sip.ByeReceived(DIALOG, request("BYE"))) == []
    assert bench.feed(EndRequested("shutdown")) == []
    bench.feed(sip.DialogEnded(DIALOG, "bye_sent", 200))
    assert len(bench.entries(entries.DialogEnded)) == 1


def test_silence_ends_a_call_when_nobody_holds_it() -> None:
    bench = established(media_timeout_s=60)
    for bench.now_s in (5, 30, 59):
        assert bench.feed(MediaChecked(7)) == []
    bench.now_s = 65
    assert SendBye() in bench.feed(MediaChecked(7))
    bench.feed(sip.DialogEnded(DIALOG, "bye_sent", 200))
    assert bench.entries(entries.DialogEnded)[0].reason == "media_timeout"


def test_silence_on_hold_ends_nothing_and_counts_anew_after_it() -> None:
    bench = established(media_timeout_s=60)
    bench.reinvite(sdp("inactive", "inactive"))
    bench.now_s = 500
    assert bench.feed(MediaChecked(0)) == []
    bench.now_s = 510
    bench.reinvite(sdp())
    bench.now_s = 569
    assert bench.feed(MediaChecked(0)) == []
    bench.now_s = 571
    assert SendBye() in bench.feed(MediaChecked(0))


def test_without_media_timeout_silence_ends_nothing() -> None:
    bench = established(media_timeout_s=0)
    bench.now_s = 40_000
    assert bench.feed(MediaChecked(0)) == []


def test_a_call_has_a_longest_length() -> None:
    bench = established(max_call_s=60)
    bench.now_s = 60
    assert SendBye() in bench.feed(MediaChecked(1))


def test_an_ack_that_never_comes_ends_a_call_without_media_only() -> None:
    silent, heard = Bench(), Bench()
    for bench in (silent, heard):
        bench.invite()
    heard.feed(MediaChecked(50))
    timed_out = sip.AckTimedOut(DIALOG, sip.RequestId(1))
    assert heard.feed(timed_out) == []
    assert SendBye() in silent.feed(timed_out)


def test_a_session_timer_that_runs_out_ends_the_call() -> None:
    bench = established()
    assert SendBye() in bench.feed(sip.SessionExpired(DIALOG))


def test_a_shutdown_ends_the_journal_with_its_reason() -> None:
    bench = established()
    bench.shut_down()
    assert bench.entries(entries.DialogEnded)[0].reason == "shutdown"
    assert bench.is_closed


# --- the table


@pytest.mark.parametrize("state", list(State))
def test_an_event_out_of_place_is_a_protocol_error(state: State) -> None:
    bench = Bench()
    bench.session.state = state
    misplaced = StreamsOpened({}) if state in (State.IDLE, State.ENDING, State.ENDED) else None
    event = misplaced or sip.InviteReceived(sip.RequestId(9), DIALOG, request("INVITE"), FLOW)
    with pytest.raises(ProtocolError, match=state.name):
        bench.feed(event)
    assert bench.session.state is state


def test_every_state_but_the_last_can_be_left() -> None:
    assert {state for state, ways in TRANSITIONS.items() if not ways} == {State.ENDED}
    for state in set(State) - {State.IDLE, State.ENDED}:
        assert TRANSITIONS[state][sip.DialogEnded] is State.ENDED
