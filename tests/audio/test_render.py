"""One test per fact of RTP that finalise must survive: what is in the file, and where."""

import numpy as np
import pytest
from G722 import G722

from callvault.audio import Encoding, PayloadTable
from callvault.audio.core_decoders import G722Decoder
from callvault.audio.decoder import Payloads
from callvault.audio.g711 import Samples, decode_alaw, encode_alaw
from tests.audio.wire import (
    MS,
    TABLE,
    Arrival,
    Sender,
    heard,
    jittered,
    offset_samples,
    speech,
    survey,
    without,
)


def test_what_arrives_whole_is_in_the_file_sample_by_sample() -> None:
    sender = Sender()
    said = sender.say(speech(25))
    assert np.array_equal(heard(sender.arrivals, seconds=25), said)


def test_jitter_moves_nothing() -> None:
    sender = Sender()
    said = sender.say(speech(40))
    assert np.array_equal(heard(jittered(sender.arrivals, most_ms=120), seconds=40), said)


@pytest.mark.parametrize("ptime", [10, 20, 30, 40, 60])
def test_any_ptime_and_a_short_last_packet_are_taken_by_payload_length(ptime: int) -> None:
    sender = Sender()
    said = sender.say(speech(3.005), ptime=ptime)
    assert np.array_equal(heard(sender.arrivals, seconds=3.005), said)


def test_ptime_may_change_within_the_stream() -> None:
    sender = Sender()
    said = [sender.say(speech(2, seed=n), ptime=ptime) for n, ptime in enumerate((20, 60, 10))]
    assert np.array_equal(heard(sender.arrivals, seconds=6), np.concatenate(said))


def test_loss_is_silence_of_the_same_length() -> None:
    sender = Sender()
    said = sender.say(speech(12)).reshape(-1, 160).copy()
    missing = [index for index in range(1, 599) if index % 9 == 4 or 300 <= index < 350]
    said[missing] = 0
    received = without(sender.arrivals, lambda index: index in missing)
    assert np.array_equal(heard(received, seconds=12).reshape(-1, 160), said)


def test_reordered_and_duplicated_packets_change_nothing() -> None:
    sender = Sender()
    said = sender.say(speech(12))
    swapped = [
        one.later(50 * MS) if index % 5 == 2 else one for index, one in enumerate(sender.arrivals)
    ]
    twice = sorted([*swapped, *(one.later(70 * MS) for one in swapped)], key=lambda one: one.ns)
    assert np.array_equal(heard(twice, seconds=12), said)


def test_a_packet_seconds_late_is_still_put_where_it_belongs() -> None:
    sender = Sender()
    said = sender.say(speech(30))
    late = sender.arrivals[495].later(1900 * MS)  # its window ends a second before it comes
    arrivals = [*sender.arrivals[:495], *sender.arrivals[496:], late]
    assert np.array_equal(heard(sorted(arrivals, key=lambda a: a.ns), seconds=30), said)


def test_a_stall_of_the_network_moves_nothing() -> None:
    sender = Sender()
    said = sender.say(speech(20))
    stalled = [
        Arrival(max(one.ns, 9_000 * MS + index), one.packet) if one.ns > 6_000 * MS else one
        for index, one in enumerate(sender.arrivals)
    ]
    assert np.array_equal(heard(stalled, seconds=20), said)


def test_a_first_packet_that_comes_late_has_silence_before_it() -> None:
    sender = Sender(at_ns=1_300 * MS)
    said = sender.say(speech(5))
    file = heard(sender.arrivals, seconds=6.3)
    assert not file[: 13 * 800].any()
    assert np.array_equal(file[13 * 800 :], said)


def test_silence_suppression_is_silence_and_not_loss() -> None:
    sender = Sender()
    first = sender.say(speech(3))
    sender.pass_time(8000 * 4)
    second = sender.say(speech(3, seed=2))
    expected = np.concatenate((first, np.zeros(32000, dtype=np.int16), second))
    assert np.array_equal(heard(sender.arrivals, seconds=10), expected)
    (only,) = survey({"a": sender.arrivals}).values()
    assert (only.statistics.lost, only.holes) == (0, [])


@pytest.mark.parametrize("payload_type", [13, 19])
def test_comfort_noise_fills_the_pause_at_its_level(payload_type: int) -> None:
    sender = Sender()
    first = sender.say(speech(2))
    sender.payload_type = payload_type
    sender.send(bytes([40]), ticks=8000 * 11)  # over more than one window
    sender.payload_type = 0
    second = sender.say(speech(2, seed=2))
    file = heard(sender.arrivals, seconds=15)
    assert np.array_equal(file[:16000], first)
    assert np.array_equal(file[-16000:], second)
    rms = np.sqrt(np.mean(file[16000:-16000].astype(np.float64) ** 2))
    assert 20 * np.log10(rms / 32768) == pytest.approx(-40, abs=0.2)
    assert (file[16000:-16000].reshape(-1, 800) ** 2).any(axis=1).all()


def test_comfort_noise_stamped_days_ago_makes_no_more_noise_than_there_is_room_for() -> None:
    sender = Sender()
    said = sender.say(speech(15))
    odd = Sender(payload_type=13, sequence=1600, timestamp=50_000 - 2**31 + 9, at_ns=12_001 * MS)
    odd.send(bytes([20]))
    both = sorted([*sender.arrivals, *odd.arrivals], key=lambda one: one.ns)
    file = heard(both, seconds=15)
    assert np.array_equal(file[:80_000], said[:80_000])
    assert len(file) == 120_000


def test_sequence_and_timestamp_go_on_over_their_wraps() -> None:
    sender = Sender(sequence=65536 - 100, timestamp=2**32 - 12_000)
    said = sender.say(speech(6))
    assert np.array_equal(heard(sender.arrivals, seconds=6), said)


def test_a_new_ssrc_goes_on_at_its_arrival() -> None:
    sender = Sender()
    first = sender.say(speech(4))
    sender.ssrc, sender.sequence, sender.timestamp = 0x9999, 7, 123_456_789
    second = sender.say(speech(4, seed=2))
    assert np.array_equal(heard(sender.arrivals, seconds=8), np.concatenate((first, second)))


@pytest.mark.parametrize("jump", [8000 * 3600, -8000 * 3600, 4000, -4000, 2**31 - 5])
def test_a_new_timestamp_base_goes_on_at_its_arrival(jump: int) -> None:
    sender = Sender(timestamp=90_000_000)
    first = sender.say(speech(15))
    sender.timestamp += jump
    second = sender.say(speech(15, seed=2))
    assert np.array_equal(heard(sender.arrivals, seconds=30), np.concatenate((first, second)))


def test_a_timestamp_that_stood_still_in_a_hold_goes_on_at_its_arrival() -> None:
    sender = Sender()
    first = sender.say(speech(5))
    sender.at_ns += 7_000 * MS
    second = sender.say(speech(5, seed=2))
    gap = np.zeros(56_000, dtype=np.int16)
    assert np.array_equal(heard(sender.arrivals, seconds=17), np.concatenate((first, gap, second)))


def test_a_source_that_starts_anew_with_lower_numbers_is_not_lost() -> None:
    sender = Sender(sequence=40_000)
    first = sender.say(speech(5))
    sender.sequence, sender.timestamp = 12, 99
    second = sender.say(speech(5, seed=2))
    assert np.array_equal(heard(sender.arrivals, seconds=10), np.concatenate((first, second)))
    (only,) = survey({"a": sender.arrivals}).values()
    assert only.statistics.lost - only.never_sent == 0


def test_the_codec_may_change_by_payload_type() -> None:
    sender = Sender()
    first = sender.say(speech(3))
    sender.payload_type = 8
    octets = encode_alaw(speech(3, seed=2))
    sender.send_stream(octets.tobytes())
    expected = np.concatenate((first, decode_alaw(octets)))
    assert np.array_equal(heard(sender.arrivals, seconds=6), expected)


def g722_call(seconds: float) -> tuple[Sender, bytes]:
    octets = bytes(G722(16000, 64000).encode(speech(seconds, rate_hz=16000)))
    sender = Sender(payload_type=9)
    sender.send_stream(octets)
    return sender, octets


def as_g722(octets: bytes) -> Samples:
    """What a decoder makes of all octets as one payload."""
    column = np.frombuffer(octets, dtype=np.uint8)
    return G722Decoder().decode(Payloads(column, np.array([len(column)]))).samples


def test_g722_counts_8000_on_the_wire_and_16000_in_the_file() -> None:
    sender, octets = g722_call(25)
    file = heard(sender.arrivals, seconds=25, rate_hz=16000)
    expected = as_g722(octets)
    assert np.array_equal(file, expected)


def test_g722_announced_with_16000_is_read_alike() -> None:
    sender, _ = g722_call(2)
    table = PayloadTable([Encoding(9, "G722", 16000)])
    usual = heard(sender.arrivals, seconds=2, rate_hz=16000)
    assert np.array_equal(heard(sender.arrivals, seconds=2, rate_hz=16000, table=table), usual)


def test_a_narrow_voice_is_raised_in_place_when_the_codec_changes_to_wide() -> None:
    sender = Sender()
    sender.say(speech(12))
    octets = bytes(G722(16000, 64000).encode(speech(12, rate_hz=16000, seed=2)))
    sender.payload_type = 9
    sender.send_stream(octets)
    file = heard(sender.arrivals, seconds=24, rate_hz=16000)
    assert len(file) == 24 * 16000
    narrow = file[: 12 * 16000 : 2]
    assert offset_samples(narrow, speech(12), most=100) == 0
    wide = as_g722(octets)
    assert np.array_equal(file[12 * 16000 + 400 :], wide[400:])


def event_packets(sender: Sender, code: int, *, packets: int = 8) -> None:
    """A key pressed for 20 ms a packet, its end said three times (RFC 4733)."""
    timestamp, sender.payload_type = sender.timestamp, 101
    for number in range(1, packets + 3):
        end = 0x80 if number >= packets else 0
        duration = 160 * min(number, packets)
        payload = bytes([code, end | 10]) + duration.to_bytes(2, "big")
        sender.timestamp = timestamp
        sender.send(payload, ticks=0, marker=number == 1)
        if number < packets:
            sender.at_ns += 20 * MS
    sender.at_ns += 20 * MS
    sender.timestamp, sender.payload_type = timestamp + 160 * packets, 0


def test_telephone_events_are_listed_once_and_never_heard() -> None:
    sender = Sender()
    first = sender.say(speech(3))
    event_packets(sender, 5)
    second = sender.say(speech(3, seed=2))
    gap = np.zeros(8 * 160, dtype=np.int16)
    file = heard(sender.arrivals, seconds=6.16)
    assert np.array_equal(file, np.concatenate((first, gap, second)))
    (only,) = survey({"a": sender.arrivals}).values()
    assert [(digit.code, digit.ticks) for digit in only.digits.values()] == [(5, 1280)]
    assert only.statistics.lost == 0


def test_a_payload_that_cannot_be_decoded_is_silence_of_its_length() -> None:
    sender = Sender()
    first = sender.say(speech(2))
    sender.payload_type = 98  # that nobody explained
    for _ in range(50):
        sender.send(bytes(20), ticks=160)
    sender.payload_type = 0
    second = sender.say(speech(2, seed=2))
    gap = np.zeros(8000, dtype=np.int16)
    file = heard(sender.arrivals, seconds=5)
    assert np.array_equal(file, np.concatenate((first, gap, second)))
    (only,) = survey({"a": sender.arrivals}).values()
    assert only.by_payload_type[98] == 50


def test_what_was_spoken_in_a_pause_is_not_heard_even_if_it_came_after() -> None:
    sender = Sender()
    said = sender.say(speech(10)).copy()
    paused = without(jittered(sender.arrivals), lambda index: 200 <= index < 350)
    file = heard(paused, seconds=10, silences=[(32_000, 56_400)])
    said[32_000:56_400] = 0
    assert np.array_equal(file[:32_000], said[:32_000])
    assert not file[32_000:56_400].any()
    assert np.array_equal(file[57_600:], said[57_600:])


@pytest.mark.parametrize("drift_ppm", [-100, 100])
def test_a_drifting_clock_stays_on_the_wall_clock(drift_ppm: float) -> None:
    sender = Sender(drift_ppm=drift_ppm)
    said = sender.say(speech(600))
    file = heard(jittered(sender.arrivals, most_ms=20), seconds=600)
    for second in (30, 300, 580):
        part = slice(second * 8000, (second + 10) * 8000)
        late = offset_samples(file[part], said[part], most=2000)
        true = -(second + 5) * 8000 * drift_ppm * 1e-6
        assert late == pytest.approx(true, abs=20 * 8)  # 20 ms


def test_a_stray_packet_of_another_source_does_not_move_the_voice() -> None:
    sender = Sender()
    said = sender.say(speech(10))
    stray = Sender(ssrc=0xBAD, at_ns=4_010 * MS)
    stray.send(b"\x00" * 160)
    both = sorted([*sender.arrivals, *stray.arrivals], key=lambda one: one.ns)
    assert np.array_equal(heard(both, seconds=10), said)


def test_the_table_knows_static_types_without_being_told() -> None:
    assert [TABLE.names[number] for number in (0, 8, 9, 13, 18)] == [
        "PCMU",
        "PCMA",
        "G722",
        "CN",
        "G729",
    ]
