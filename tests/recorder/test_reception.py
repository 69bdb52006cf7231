"""Which streams of a call have reports sent, as offers and answers make them."""

from typing import cast

import pytest

from callvault.capture import Stream
from callvault.recorder.reception import report_reception
from callvault.spool.entries import StreamsChanged
from tests.recorder.bench import Bench
from tests.recorder.bodies import ANN, METADATA, REMOTE, both, metadata, sdp
from tests.recorder.fakes import MemoryStream
from tests.recorder.test_session_srtp import KEYS, bench_of, secured

PLAIN = sdp()
MULTIPLEXED = PLAIN.replace(b"a=label", b"a=rtcp-mux\r\na=label")
WIDEBAND = PLAIN.replace(b"AVP 8 101", b"AVP 96 101").replace(b"8 PCMA/8000", b"96 L16/16000")
OWN_PORTS_8K, MULTIPLEXED_8K = (False, 8000), (True, 8000)


def reports(bench: Bench) -> list[object]:
    """Carry out what the session last said of its streams; what they report by."""
    streams = {index: MemoryStream(40000 + 2 * index) for index in range(2)}
    last = bench.entries(StreamsChanged)[-1]
    report_reception(cast("dict[int, Stream]", streams), last.streams)
    return [one.reports for one in streams.values()]


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        (PLAIN, OWN_PORTS_8K),
        (MULTIPLEXED, MULTIPLEXED_8K),
        (WIDEBAND, (False, 16000)),
        (secured(PLAIN, *KEYS[:2]), None),
        (secured(PLAIN, *KEYS[:2], protocol=b"RTP/AVP"), None),
        (PLAIN.replace(b"RTP/AVP", b"RTP/SAVP"), None),
    ],
    ids=["plain", "multiplexed", "wideband", "SRTP", "best-effort SRTP", "SAVP without keys"],
)
def test_plain_streams_are_reported_on_and_encrypted_ones_are_not(
    offer: bytes, expected: tuple[bool, int] | None
) -> None:
    bench = bench_of()
    bench.invite(both(offer, metadata(ANN, REMOTE)))
    assert reports(bench) == [expected] * 2


def test_a_new_offer_changes_what_is_reported() -> None:
    bench = bench_of()
    bench.invite(both(MULTIPLEXED, metadata(ANN, REMOTE)))
    bench.ack()
    beside = secured(PLAIN, KEYS[0], b"").replace(b"40002 RTP/SAVP", b"40002 RTP/AVP")
    bench.reinvite(beside, "application/sdp")
    assert reports(bench) == [None, OWN_PORTS_8K]


def test_before_our_own_offer_is_answered_nothing_is_reported() -> None:
    bench = bench_of()
    bench.invite(metadata(ANN, REMOTE), METADATA)
    assert reports(bench) == [None, None]
    bench.ack(PLAIN)
    assert reports(bench) == [OWN_PORTS_8K] * 2


def test_a_stream_that_reported_in_clear_stops_with_its_first_keys() -> None:
    bench = bench_of()
    bench.invite(both(secured(PLAIN, *KEYS[:2]), metadata(ANN, REMOTE)))
    stream = MemoryStream(40000, reports=OWN_PORTS_8K)
    report_reception({0: cast("Stream", stream)}, bench.entries(StreamsChanged)[-1].streams)
    assert stream.reports is None
