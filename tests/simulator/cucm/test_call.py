"""Pairs of recording calls over time: order, gaps, what is sent when, and what goes wrong."""

from random import Random

import pytest

from callvault.cucm import read_leg
from callvault.simulator.cucm.leg import Leg
from callvault.simulator.cucm.plan import CucmWishes, Fault, Order, Scene
from callvault.simulator.script import Speaker
from callvault.simulator.sealing import Sealing
from callvault.sip import Address, DialogId, Request, Response, ResponseReceived
from callvault.sip.message import build_headers
from tests.simulator.cucm.calls import FLOW, OFFER, PRIYA, FakeCucm, cucm, script

FRAMES = 4_000 // 20


@pytest.mark.parametrize("order", [Order.NEAR_FIRST, Order.FAR_FIRST])
@pytest.mark.parametrize("gap_ms", [0, 5, 300, 3_500])
def test_the_second_invite_comes_after_the_gap(order: Order, gap_ms: int) -> None:
    done = cucm(order=order, gap_ms=gap_ms).run(5)
    (first_at, _), (second_at, _) = done.times_of("INVITE")
    assert first_at == 0.0
    assert second_at == pytest.approx(gap_ms / 1000, abs=0.006)
    first = "x-nearend;" if order is Order.NEAR_FIRST else "x-farend;"
    assert [first in one.from_address for one in done.invitations] == [True, False]
    assert done.faults == []
    assert done.call.is_over


def test_the_offer_is_the_recorders_and_the_ack_answers_it() -> None:
    done = cucm().run(5)
    assert done.bodies[1, "INVITE"] == b""
    assert b"a=sendonly" in done.bodies[1, "ACK"]
    early = cucm(early_offer=True).run(5)
    assert b"a=sendonly" in early.bodies[1, "INVITE"]
    assert early.bodies[1, "ACK"] == b""


def test_each_voice_is_heard_where_it_was_said_however_late_its_call_came() -> None:
    done = cucm(gap_ms=1_000).run(5)
    near = [packet for _, stream, packet in done.packets if stream == 0]
    far = [(at, packet) for at, stream, packet in done.packets if stream == 1]
    assert len(near) == FRAMES
    assert {packet[12:] for packet in near} == {b"\x01" * 160}
    assert len(far) == pytest.approx(FRAMES - 50, abs=1)
    at, packet = far[0]
    assert int.from_bytes(packet[4:8], "big") / 8000 == pytest.approx(at, abs=0.025)


def test_the_pair_is_as_long_as_its_script() -> None:
    (pair,) = cucm(gap_ms=300).run(5).call.pairs
    assert pair.length_ms == pytest.approx(4_000, abs=10)
    assert pair.answering_ms == pytest.approx(10, abs=6)


@pytest.mark.parametrize("fault", [Fault.NEAR_MISSING, Fault.FAR_MISSING])
def test_a_missing_side_is_never_invited(fault: Fault) -> None:
    done = cucm(fault=fault, gap_ms=2_000).run(5)
    (only,) = done.times_of("INVITE")
    assert only[0] == 0.0
    assert {stream for _, stream, _ in done.packets} == {1 if fault is Fault.NEAR_MISSING else 0}
    assert done.call.is_over


def test_one_bye_leaves_the_other_to_the_recorder() -> None:
    done = cucm(fault=Fault.ONE_BYE).run(6)
    assert [dialog for _, dialog in done.times_of("BYE")] == [1]
    assert done.faults == []
    done.bye_from_recorder(2)
    assert done.call.is_over
    assert done.faults == []
    (pair,) = done.call.pairs
    assert pair.length_ms == pytest.approx(4_000, abs=10)


def test_a_recorder_that_forgets_the_other_call_is_told_of() -> None:
    done = cucm(fault=Fault.ONE_BYE).run(15)
    assert done.faults == ["the recorder did not end the call whose twin had ended"]
    assert done.call.is_over


def test_without_a_common_codec_the_ack_is_empty_and_the_bye_says_why() -> None:
    done = cucm(fault=Fault.CAUSE_47).run(1)
    assert done.bodies[1, "ACK"] == b""
    assert done.reasons[1] == {"Reason": "Q.850;cause=47"}
    assert done.packets == []
    assert done.faults == []
    assert done.call.is_over


def test_a_recorder_without_the_codec_ends_so_too() -> None:
    done = cucm()
    done.answers = False
    done.run(0.02)
    done.answer(1, "INVITE", body=OFFER.replace("0 8 9", "8"))
    assert done.reasons[1] == {"Reason": "Q.850;cause=47"}
    assert done.faults == ["the recorder has no pcmu among its codecs"]


def test_what_a_cucm_would_not_take_is_a_fault() -> None:
    done = cucm()
    done.answers = False
    done.run(0.02)
    done.answer(1, "INVITE", body=OFFER.replace("recvonly", "sendrecv"))
    done.answer(2, "INVITE", status=503)
    assert done.faults == ["direction sendrecv, not recvonly", "refused with 503 Because"]


def test_a_resumed_call_begins_when_the_first_pair_has_ended() -> None:
    done = cucm(CucmWishes(scene=Scene.HOLD)).run(10)
    ended = max(at for at, _ in done.times_of("BYE")[:2])
    again = done.times_of("INVITE")[2][0]
    wait_s = done.call.pairs[1].plan.wait_ms / 1000
    assert again == pytest.approx(ended + wait_s, abs=0.03)
    assert len(done.times_of("INVITE")) == 4
    assert done.call.is_over


def test_an_update_names_the_new_far_end_in_both_calls() -> None:
    done = cucm(CucmWishes(scene=Scene.UPDATE)).run(5)
    assert [dialog for _, dialog in done.times_of("UPDATE")] == [1, 2]
    assert done.times_of("UPDATE")[0][0] == pytest.approx(2.0, abs=0.03)
    far = done.call.pairs[0].plan.far_later
    assert far is not None
    legs = [read_leg(Address.parse(sender)) for sender in done.senders.values()]
    assert [leg.far.number for leg in legs if leg is not None] == [far.number] * 2


def test_both_phones_are_recorded_at_once() -> None:
    done = cucm(CucmWishes(is_mirrored=True), script(remote=PRIYA)).run(5)
    assert len([at for at, _ in done.times_of("INVITE") if at < 0.1]) == 4
    voices = {stream: packet[12:13] for _, stream, packet in done.packets}
    assert sorted(voices) == [0, 1, 2, 3]


def test_hanging_up_ends_every_call() -> None:
    done = cucm(CucmWishes(scene=Scene.HOLD)).run(1)
    done.call.hang_up(now=done.now)
    for _, dialog in done.times_of("BYE"):
        done.answer(dialog, "BYE")
    assert done.call.is_over
    assert len(done.times_of("INVITE")) == 2


def test_a_recorder_that_hangs_up_early_is_told_of() -> None:
    done = cucm().run(1)
    done.bye_from_recorder(1)
    assert done.faults == ["the recorder hung up"]


def test_the_session_is_refreshed_after_half_its_time() -> None:
    done = cucm(None, script(length_ms=960_000)).run(0.1)
    done.now += 899
    done.run(2)
    assert [dialog for _, dialog in done.times_of("UPDATE")] == [1, 2]


SUITE = "AES_CM_128_HMAC_SHA1_80"
SECURE = OFFER.replace("RTP/AVP", "RTP/SAVP") + f"a=crypto:7 {SUITE} inline:{'A' * 40}\r\n"


def sealed_leg(*, early_offer: bool = False) -> tuple[FakeCucm, Leg]:
    """A call whose near voice is encrypted, invited and not yet answered."""
    done = cucm(early_offer=early_offer)
    (pair,) = done.call.pairs
    plain = pair.legs[Speaker.OWNER]
    leg = Leg(plain.words, plain.stream, sealing=Sealing(SUITE, streams=1, rng=Random(1)))
    leg.begin(done, FLOW, now=done.now)
    return done, leg


def answer(leg: Leg, body: str) -> None:
    request = Request(build_headers([("Call-ID", "any")]), method="INVITE")
    response = Response(request.headers, body.encode(), status=200)
    leg.receive(ResponseReceived(DialogId(1), request, response), now=100.1)


def test_an_encrypted_call_answers_with_its_key_under_the_tag_of_the_offer() -> None:
    done, leg = sealed_leg()
    answer(leg, SECURE)
    told = done.bodies[1, "ACK"].decode()
    assert "m=audio 4000 RTP/SAVP 0" in told
    assert f"a=crypto:7 {SUITE} inline:" in told
    assert leg.faults == []
    assert len(leg.packet(0)) == 12 + 160 + 10


def test_an_early_offer_tells_its_own_key() -> None:
    done, leg = sealed_leg(early_offer=True)
    assert f"a=crypto:1 {SUITE} inline:" in done.bodies[1, "INVITE"].decode()
    answer(leg, SECURE.replace("crypto:7", "crypto:1"))
    assert done.bodies[1, "ACK"] == b""
    assert leg.faults == []


def test_a_recorder_without_the_suite_is_told_of() -> None:
    done, leg = sealed_leg()
    answer(leg, OFFER)
    assert leg.faults == [f"the recorder has no {SUITE} among its keys"]
    assert done.reasons[1] == {"Reason": "Q.850;cause=47"}
