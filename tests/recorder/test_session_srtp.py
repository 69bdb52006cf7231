"""SRTP on the live side: which offers are taken, what the journal is told, what nobody else is."""

import base64
import logging
from dataclasses import replace

import msgspec
import pytest

from callvault import sip
from callvault.policy.decision import Verdict
from callvault.policy.snapshot import SrtpPolicy
from callvault.recorder.actions import (
    Append,
    CloseJournal,
    OpenStreams,
    ReopenStreams,
    Report,
    Respond,
    SendBye,
)
from callvault.spool import entries
from callvault.srtp import Context, MasterKey
from tests.policy.cast import TRUNK
from tests.recorder.bench import FLOW, Bench
from tests.recorder.bodies import ANN, METADATA, REMOTE, both, metadata, sdp
from tests.recorder.test_checkpoint import gone_on

SUITE = "AES_CM_128_HMAC_SHA1_80"
KEYS = [bytes(range(first, first + 30)) for first in (0, 40, 80, 120)]


def crypto(key: bytes, tag: int = 1) -> bytes:
    return b"a=crypto:%d %s inline:%s" % (tag, SUITE.encode(), base64.b64encode(key))


def secured(offer: bytes, *keys: bytes, protocol: bytes = b"RTP/SAVP") -> bytes:
    """Give each line of an offer a key; empty: none."""
    lines, left = [], list(keys)
    for line in offer.split(b"\r\n"):
        is_keyed = line.startswith(b"m=audio") and left and left[0]
        lines.append(line.replace(b"RTP/AVP", protocol) if is_keyed else line)
        if line.startswith(b"m=audio") and left:
            key = left.pop(0)
            lines += [crypto(key)] if key else []
    return b"\r\n".join(lines)


def context(key: bytes) -> Context:
    return Context(SUITE, (MasterKey(key),))


def bench_of(policy: SrtpPolicy = SrtpPolicy.OPTIONAL) -> Bench:
    return Bench(trunk=msgspec.structs.replace(TRUNK, srtp=policy))


def invited(bench: Bench, offer: bytes) -> bytes:
    """Send the INVITE; return the SDP of the answer."""
    bench.invite(both(offer, metadata(ANN, REMOTE)))
    responses = [one for one in bench.actions if isinstance(one, Respond)]
    assert [one.status for one in responses] == [200]
    return responses[0].body


def refused(bench: Bench, offer: bytes) -> tuple[int, str, str]:
    """Send the INVITE; return status, Warning and reason of the verdict."""
    bench.invite(both(offer, metadata(ANN, REMOTE)))
    respond = next(one for one in bench.actions if isinstance(one, Respond))
    report = next(one.entry for one in bench.actions if isinstance(one, Report))
    assert report.verdict is Verdict.REFUSED
    assert not any(isinstance(one, OpenStreams) for one in bench.actions)
    stopped = next(one for one in report.decision.steps if one.outcome.value == "stopped")
    return respond.status, dict(respond.headers)["Warning"], stopped.values["reason"]


@pytest.mark.parametrize("policy", [SrtpPolicy.OPTIONAL, SrtpPolicy.REQUIRED])
def test_keys_go_into_the_journal_before_the_streams_they_open(policy: SrtpPolicy) -> None:
    bench = bench_of(policy)
    answer = invited(bench, secured(sdp(), KEYS[0], KEYS[1]))
    assert answer.count(b"RTP/SAVP 8") == 2
    assert answer.count(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:") == 2
    appended = [one.entry for one in bench.actions if isinstance(one, Append)]
    kinds = [type(one) for one in appended]
    assert kinds.index(entries.MediaKeys) < kinds.index(entries.StreamsChanged)
    (keys,) = bench.entries(entries.MediaKeys)
    assert keys.streams == (
        entries.StreamKeys(0, context(KEYS[0])),
        entries.StreamKeys(1, context(KEYS[1])),
    )
    (streams,) = bench.entries(entries.StreamsChanged)
    assert [one.srtp for one in streams.streams] == [SUITE, SUITE]


def test_our_keys_differ_from_theirs_and_from_each_other() -> None:
    answers = [invited(bench_of(), secured(sdp(), KEYS[0], KEYS[1])) for _ in range(2)]
    ours = [
        line.rpartition(b":")[2]
        for answer in answers
        for line in answer.split(b"\r\n")
        if line.startswith(b"a=crypto")
    ]
    assert len(set(ours)) == 4
    assert not {base64.b64encode(key) for key in KEYS} & set(ours)


def test_a_repeated_offer_gets_the_same_answer_and_no_second_entry() -> None:
    bench = bench_of()
    first = invited(bench, secured(sdp(), KEYS[0], KEYS[1]))
    bench.ack()
    done = bench.reinvite(secured(sdp(), KEYS[0], KEYS[1]))
    assert [one.body for one in done if isinstance(one, Respond)] == [first]
    assert len(bench.entries(entries.MediaKeys)) == 1


def test_a_re_invite_changes_keys_and_may_change_to_plain_rtp_and_back() -> None:
    bench = bench_of()
    invited(bench, secured(sdp(), b"", KEYS[1]))
    bench.ack()
    for keys in ((KEYS[0], KEYS[2]), (), (KEYS[3],)):
        done = bench.reinvite(secured(sdp(), *keys))
        assert [one.status for one in done if isinstance(one, Respond)] == [200]
    assert [
        [(one.index, one.context.keys[0].secret) for one in entry.streams]
        for entry in bench.entries(entries.MediaKeys)
    ] == [[(1, KEYS[1])], [(0, KEYS[0]), (1, KEYS[2])], [], [(0, KEYS[3])]]


@pytest.mark.parametrize(("transport", "told"), [("udp", ["udp"]), ("tcp", ["tcp"]), ("tls", [])])
def test_keys_that_anybody_could_read_are_told_of_once(
    transport: sip.Transport, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench = bench_of()
    bench.flow = replace(FLOW, transport=transport)
    invited(bench, secured(sdp(), KEYS[0], KEYS[1]))
    bench.ack()
    bench.reinvite(secured(sdp(), KEYS[2], KEYS[3]))
    events = bench.entries(entries.TimelineEvent)
    assert [one.detail for one in events if one.kind == "keys_in_clear"] == told
    assert [f"transport={transport}" in text for text in caplog.messages if "clear" in text] == [
        True for _ in told
    ]
    for key in KEYS:
        assert base64.b64encode(key).decode() not in caplog.text
        assert key.hex() not in caplog.text


def test_required_refuses_what_comes_in_clear_and_says_so() -> None:
    status, warning, reason = refused(bench_of(SrtpPolicy.REQUIRED), sdp())
    assert (status, reason) == (
        488,
        "encrypted media is required on this trunk: offer RTP/SAVP with a=crypto (RFC 4568)",
    )
    assert reason in warning


def test_required_takes_best_effort_keys_and_refuses_the_line_without() -> None:
    offer = secured(sdp(), KEYS[0], b"", protocol=b"RTP/AVP")
    answer = invited(bench_of(SrtpPolicy.REQUIRED), offer)
    assert [line.split()[1] != b"0" for line in answer.split(b"\r\n") if line[:2] == b"m="] == [
        True,
        False,
    ]


def test_refused_refuses_srtp_and_answers_best_effort_in_clear() -> None:
    status, warning, _ = refused(bench_of(SrtpPolicy.REFUSED), secured(sdp(), KEYS[0], KEYS[1]))
    assert status == 488
    assert "encrypted media is refused on this trunk" in warning
    bench = bench_of(SrtpPolicy.REFUSED)
    answer = invited(bench, secured(sdp(), KEYS[0], KEYS[1], protocol=b"RTP/AVP"))
    assert b"crypto" not in answer
    assert bench.entries(entries.MediaKeys) == []


def test_srtp_lines_without_any_key_are_plain_rtp_where_that_is_taken() -> None:
    """SEMS, as set up by some, offers RTP/SAVP without keys and sends plain RTP."""
    offer = sdp().replace(b"RTP/AVP", b"RTP/SAVP")
    bench = bench_of()
    answer = invited(bench, offer)
    assert answer.count(b"RTP/SAVP") == 2
    assert b"crypto" not in answer
    assert bench.entries(entries.MediaKeys) == []
    assert refused(bench_of(SrtpPolicy.REQUIRED), offer)[0] == 488


@pytest.mark.parametrize("protocol", [b"UDP/TLS/RTP/SAVP", b"UDP/TLS/RTP/SAVPF"])
@pytest.mark.parametrize("policy", SrtpPolicy)
def test_dtls_is_refused_and_the_warning_says_what_to_offer(
    protocol: bytes, policy: SrtpPolicy
) -> None:
    status, warning, _ = refused(bench_of(policy), sdp().replace(b"RTP/AVP", protocol))
    assert status == 488
    told = "DTLS-SRTP is not supported: offer RTP/SAVP with a=crypto (SDES, RFC 4568)"
    assert warning == f'399 192.0.2.200 "{told}"'


# --- delayed offers


def own_offer(bench: Bench, headers: str = "") -> bytes:
    bench.invite(metadata(ANN), METADATA, headers=headers)
    return next(one.body for one in bench.actions if isinstance(one, Respond))


def answer_to(offer: bytes, *, secure: bool, tag: int = 4) -> bytes:
    """Answer one line as a phone does."""
    protocol = "RTP/SAVP" if secure else "RTP/AVP"
    text = "v=0\r\no=- 1 1 IN IP4 192.0.2.14\r\ns=-\r\nc=IN IP4 192.0.2.14\r\nt=0 0\r\n"
    text += f"m=audio 4000 {protocol} 8\r\na=sendonly\r\n"
    return text.encode() + (crypto(KEYS[0], tag) + b"\r\n" if secure else b"")


@pytest.mark.parametrize(
    ("policy", "headers", "is_secure"),
    [
        (SrtpPolicy.REQUIRED, "", True),
        (SrtpPolicy.OPTIONAL, "Supported: timer\r\nSupported: X-cisco-srtp-fallback\r\n", True),
        (SrtpPolicy.OPTIONAL, "", False),
        (SrtpPolicy.REFUSED, "Supported: X-cisco-srtp-fallback\r\n", False),
    ],
)
def test_our_own_offer_is_secure_where_it_must_be_or_can_fall_back(
    policy: SrtpPolicy, headers: str, is_secure: bool
) -> None:
    offer = own_offer(bench_of(policy), headers)
    assert (b"RTP/SAVP" in offer, offer.count(b"a=crypto")) == (is_secure, 5 if is_secure else 0)


def test_the_answer_in_the_ack_brings_the_key() -> None:
    bench = bench_of(SrtpPolicy.REQUIRED)
    offer = own_offer(bench)
    bench.ack(answer_to(offer, secure=True))
    (keys,) = bench.entries(entries.MediaKeys)
    assert keys.streams == (entries.StreamKeys(0, context(KEYS[0])),)


def test_cucm_may_fall_back_to_plain_rtp_where_the_trunk_lets_it() -> None:
    bench = bench_of()
    offer = own_offer(bench, "Supported: X-cisco-srtp-fallback\r\n")
    done = bench.ack(answer_to(offer, secure=False))
    assert not any(isinstance(one, SendBye) for one in done)
    assert bench.entries(entries.MediaKeys) == []


@pytest.mark.parametrize(
    ("policy", "secure", "tag", "reason"),
    [
        (SrtpPolicy.REQUIRED, False, 0, "srtp_required"),
        (SrtpPolicy.REQUIRED, True, 9, "srtp_unusable"),
        (SrtpPolicy.OPTIONAL, True, 9, "srtp_unusable"),
    ],
)
def test_an_answer_that_cannot_be_recorded_ends_the_call(
    policy: SrtpPolicy, secure: bool, tag: int, reason: str
) -> None:
    bench = bench_of(policy)
    offer = own_offer(bench, "Supported: X-cisco-srtp-fallback\r\n")
    done = bench.ack(answer_to(offer, secure=secure, tag=tag))
    assert any(isinstance(one, SendBye) for one in done)
    bench.bye()
    (ended,) = bench.entries(entries.DialogEnded)
    assert (ended.reason, ended.by_us) == (reason, True)
    assert bench.actions[-1] == CloseJournal()


# --- across a restart, and where keys never are


def test_a_restarted_recorder_writes_the_keys_into_its_new_journal() -> None:
    bench = bench_of()
    answer = invited(bench, secured(sdp(), KEYS[0], KEYS[1]))
    bench.ack()
    later = gone_on(bench)
    # What comes to a port as soon as it is bound can be opened by what stands before it.
    order = [getattr(one, "entry", one) for one in later.actions]
    kinds = [type(one) for one in order]
    assert kinds.index(entries.MediaKeys) < kinds.index(ReopenStreams)
    assert [one.streams for one in later.entries(entries.MediaKeys)] == [
        one.streams for one in bench.entries(entries.MediaKeys)
    ]
    done = later.reinvite(secured(sdp(), KEYS[0], KEYS[1]))
    assert [one.body for one in done if isinstance(one, Respond)] == [answer]
    later.reinvite(secured(sdp(), KEYS[2], KEYS[1]))
    assert later.entries(entries.MediaKeys)[-1].streams[0].context == context(KEYS[2])


def test_no_entry_but_one_holds_a_key() -> None:
    bench = bench_of()
    invited(bench, secured(sdp(), KEYS[0], KEYS[1]))
    bench.ack()
    bench.bye()
    told = [one.entry for one in bench.actions if isinstance(one, Append | Report)]
    text = b"".join(
        entries.encode_entry(one) for one in told if not isinstance(one, entries.MediaKeys)
    )
    for key in KEYS:
        assert base64.b64encode(key) not in text
    assert all(key.hex() not in repr(bench.actions) for key in KEYS)
