"""A recording session after its answer: changes, pause, end, and the table of its states."""

from uuid import UUID

import pytest

from callvault import sip
from callvault.clock import Instant
from callvault.errors import ProtocolError
from callvault.policy.decision import Verdict
from callvault.recorder.actions import (
    Append,
    CloseStreams,
    EndRequested,
    GoOn,
    MediaChecked,
    OpenStreams,
    PauseCapture,
    PauseRequested,
    Respond,
    ResumeCapture,
    ResumeRequested,
    SendBye,
    StreamsOpened,
)
from callvault.recorder.states import TRANSITIONS, State
from callvault.spool import entries
from tests.recorder.bench import DIALOG, FLOW, SECOND, Bench, established
from tests.recorder.bodies import ANN, BOB, MULTIPART, REMOTE, both, metadata, request, sdp

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


def test_what_the_peer_offers_and_wishes_stands_in_the_journal() -> None:
    bench = Bench()
    aware = sdp("sendonly", "recvonly").replace(b"a=label:1", b"a=record:on\r\na=label:1")
    bench.invite(aware.replace(b"a=label:2", b"a=recordpref:off\r\na=label:2"), "application/sdp")
    (changed,) = bench.entries(entries.StreamsChanged)
    told = [(one.offered, one.record, one.record_preference) for one in changed.streams]
    assert told == [("sendonly", "on", ""), ("recvonly", "", "off")]
    assert [one.active for one in changed.streams] == [True, False]


def test_payload_types_that_were_offered_and_not_chosen_are_known_to_the_journal() -> None:
    bench = Bench()
    offer = sdp().replace(b"RTP/AVP 8 101", b"RTP/AVP 8 0 9 101")
    bench.invite(offer, "application/sdp")
    (changed,) = bench.entries(entries.StreamsChanged)
    assert b"m=audio 40000 RTP/AVP 8 101\r\n" in bench.response.body
    assert [one.payload_type for one in changed.streams[0].formats] == [8, 101, 0, 9]


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


def test_news_of_the_metadata_is_a_sign_of_life() -> None:
    bench = established(media_timeout_s=60)
    bench.now_s = 59
    bench.update(metadata(ANN, BOB))
    for bench.now_s in (65, 118):
        assert bench.feed(MediaChecked(0)) == []
    bench.now_s = 119
    assert SendBye() in bench.feed(MediaChecked(0))


def test_silence_in_a_pause_of_the_recording_client_ends_nothing() -> None:
    bench = established(media_timeout_s=60)
    bench.reinvite(sdp().replace(b"a=label:1", b"a=record:paused\r\na=label:1"))
    assert bench.session.capturing.by_src
    bench.now_s = 500
    assert bench.feed(MediaChecked(0)) == []
    bench.now_s = 510
    bench.reinvite(sdp())
    bench.now_s = 559
    assert bench.feed(MediaChecked(0)) == []
    bench.now_s = 560
    assert SendBye() in bench.feed(MediaChecked(0))


def test_silence_in_a_pause_of_somebody_here_ends_the_call() -> None:
    bench = established(media_timeout_s=60)
    bench.feed(PauseRequested("Ann"))
    bench.now_s = 60
    assert SendBye() in bench.feed(MediaChecked(0))


def test_without_media_timeout_silence_ends_nothing() -> None:
    bench = established(media_timeout_s=0)
    bench.now_s = 40_000
    assert bench.feed(MediaChecked(0)) == []


def test_a_call_has_a_longest_recording_and_goes_on_in_another() -> None:
    bench = established(max_call_s=60)
    bench.now_s = 60
    done = bench.feed(MediaChecked(1))
    assert [type(one).__name__ for one in done] == [
        *("CloseStreams", "Append", "Append", "Append", "GoOn", "CloseJournal")
    ]
    assert SendBye() not in done
    handed_on = done[-2]
    assert isinstance(handed_on, GoOn)
    assert handed_on.memory.recording_ids == {}
    assert handed_on.memory.answered_at_ns == bench.at_ns


def split(bench: Bench) -> Bench:
    """Go on with an overlong call in another session."""
    *_, handed_on, _ = bench.feed(MediaChecked(1))
    assert isinstance(handed_on, GoOn)
    rest = Bench(max_call_s=bench.max_call_s, now_s=bench.now_s)
    header = entries.JournalHeader(UUID(int=2), "dialog", "node-1", bench.at_ns)
    now = Instant(bench.at_ns, int((100 + bench.now_s) * SECOND))
    rest.actions += rest.session.go_on(handed_on.memory, header, DIALOG, now=now)
    return rest


def test_the_rest_of_a_split_call_is_not_of_an_owner_who_had_left_it() -> None:
    bench = established(max_call_s=3600)
    bench.now_s = 100
    bench.update(metadata(BOB, REMOTE))
    bench.now_s = 3600
    rest = split(bench)
    assert [one.owner_username for one in rest.decision.assignments] == ["user2"]
    assert rest.decision.assignments[0].from_ns == 0
    assert rest.timeline() == [("answered", "Bob Castellani")]
    rest.bye()
    assert [one.owner_username for one in rest.decision.assignments] == ["user2"]


def test_the_journal_of_the_rest_says_again_what_the_peer_said() -> None:
    bench = Bench(max_call_s=3600)
    bench.invite()
    raw = bytes(request("INVITE", both(sdp(), metadata(ANN, REMOTE)), MULTIPART))
    bench.feed(sip.MessageSeen(DIALOG, raw, sent=False, flow=FLOW))
    bench.ack()
    bench.now_s = 3600
    rest = split(bench)
    [invite] = rest.entries(entries.SignallingSeen)
    [document] = rest.entries(entries.MetadataSeen)
    assert (invite.at_ns, invite.raw) == (bench.at_ns, raw)
    assert document.raw == bench.entries(entries.MetadataSeen)[0].raw
    rest.now_s = 7200
    further = split(rest)
    assert further.entries(entries.SignallingSeen)[0].raw == invite.raw


def test_the_rest_of_a_split_call_stays_with_its_only_owner() -> None:
    bench = established(max_call_s=3600)
    bench.now_s = 100
    bench.update(metadata("sip:+15550142888@h", REMOTE))
    bench.now_s = 3600
    rest = split(bench)
    assert [one.owner_username for one in rest.decision.assignments] == ["user1"]


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
