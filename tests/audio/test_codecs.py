"""Each codec of the `codecs` extra, fed with what real encoders made of speech.

What must hold for all: the file is as long as the call, the words are where they were said, loss
costs what was lost and no more, and the time of a packet may change in the middle of a call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from callvault import sdp
from callvault.audio import Encoding, PayloadKind, PayloadTable, find_decoder, libav
from callvault.audio.g711 import Samples
from tests.audio import encoders
from tests.audio.wire import Sender, heard, offset_samples, without

pytest.importorskip("av")
NB_BITS = (95, 103, 118, 134, 148, 159, 204, 244, 39)
WB_BITS = (132, 177, 253, 285, 317, 365, 397, 461, 477, 40)
NUMBER = 97
Join = Callable[[Sequence[bytes]], bytes]


@dataclass(frozen=True)
class Codec:
    """How a codec is announced, encoded and joined, and how near it comes to the speech."""

    encoding: Encoding
    encode: Callable[[], list[bytes]]
    frame_ms: float
    correlation: float
    source_hz: int = 8000  # of the file
    join: Join = b"".join

    @property
    def table(self) -> PayloadTable:
        return PayloadTable([self.encoding])

    def frames(self) -> list[bytes]:
        """The speech, encoded once for all tests."""
        return _encoded(self)

    def sent(self, frames: Sequence[bytes], *, together: int = 1) -> Sender:
        """Send frames, so many in each packet."""
        sender = self.sender()
        for at in range(0, len(frames), together):
            part = frames[at : at + together]
            self.send(sender, part)
        return sender

    def sender(self) -> Sender:
        clock_hz = self.encoding.clock_rate_hz
        return Sender(payload_type=self.encoding.payload_type, clock_rate_hz=clock_hz)

    def send(self, sender: Sender, part: Sequence[bytes]) -> None:
        ticks = round(len(part) * self.frame_ms * self.encoding.clock_rate_hz / 1000)
        sender.send(self.join(part), ticks=ticks)

    def file(self, sender: Sender, seconds: float) -> Samples:
        return heard(sender.arrivals, seconds=seconds, table=self.table, rate_hz=self.source_hz)


@cache
def _encoded(one: Codec) -> list[bytes]:
    return one.encode()


def codec(
    name: str, encode: Callable[[], list[bytes]], frame_ms: float, least: float, **more: object
) -> Codec:
    clock_hz = int(more.pop("clock_hz", more.get("source_hz", 8000)))  # type: ignore[call-overload]
    parameters = str(more.pop("parameters", ""))
    number = int(more.pop("number", NUMBER))  # type: ignore[call-overload]
    channels = int(more.pop("channels", 1))  # type: ignore[call-overload]
    encoding = Encoding(number, name, clock_hz, channels, parameters)
    return Codec(encoding, encode, frame_ms, least, **more)  # type: ignore[arg-type]


def narrow() -> Samples:
    return encoders.spoken(8000)


def wide() -> Samples:
    return encoders.spoken(16000)


def amr_join(bits: tuple[int, ...], *, aligned: bool) -> Join:
    return lambda frames: encoders.amr_payload(list(frames), bits=bits, aligned=aligned)


CODECS = {
    "g729": codec("G729", lambda: encoders.g729(narrow()), 10, 0.8, number=18),
    "gsm": codec("GSM", lambda: encoders.gsm(narrow()), 20, 0.9, number=3),
    "speex": codec("SPEEX", lambda: encoders.speex(narrow(), is_wide=False), 20, 0.8),
    "speex_wide": codec(
        "SPEEX", lambda: encoders.speex(wide(), is_wide=True), 20, 0.8, source_hz=16000
    ),
    "amr_efficient": codec(
        "AMR",
        lambda: encoders.amr_nb(narrow()),
        20,
        0.8,
        join=amr_join(NB_BITS, aligned=False),
    ),
    "amr_aligned": codec(
        "AMR",
        lambda: encoders.amr_nb(narrow()),
        20,
        0.8,
        parameters="mode-set=7; octet-align=1",
        join=amr_join(NB_BITS, aligned=True),
    ),
    "amr_wb_efficient": codec(
        "AMR-WB",
        lambda: encoders.amr_wb(wide()),
        20,
        0.9,
        source_hz=16000,
        join=amr_join(WB_BITS, aligned=False),
    ),
    "amr_wb_aligned": codec(
        "AMR-WB",
        lambda: encoders.amr_wb(wide()),
        20,
        0.9,
        source_hz=16000,
        parameters="octet-align=1",
        join=amr_join(WB_BITS, aligned=True),
    ),
    "g723": codec(
        "G723",
        lambda: encoders.libav("g723_1", narrow(), 8000, bit_rate=6300),
        30,
        0.9,
        number=4,
    ),
    **{
        f"{prefix}g726_{bits * 8}".lower(): codec(
            f"{prefix}G726-{bits * 8}",
            lambda bits=bits, prefix=prefix: encoders.g726(  # type: ignore[misc]
                narrow(), bits=bits, is_aal2=bool(prefix)
            ),
            20,
            0.85,
        )
        for prefix in ("", "AAL2-")
        for bits in (2, 3, 4, 5)
    },
    "opus": codec(
        "OPUS",
        lambda: encoders.opus(encoders.spoken(48000)),
        20,
        0.8,
        clock_hz=48000,
        channels=2,
        source_hz=16000,
    ),
}
SPLITTABLE = [
    name for name in CODECS if name not in ("opus", "speex", "speex_wide")
]  # their frames are not joined by laying them one behind the other


@pytest.fixture(params=CODECS)
def each(request: pytest.FixtureRequest) -> Codec:
    return CODECS[request.param]


def likeness(file: Samples, source: Samples, late: int) -> float:
    """Correlation of a file, `late` samples late, with what was said."""
    count = min(len(file) - late, len(source))
    return float(np.corrcoef(file[late : late + count], source[:count])[0, 1])


def check(one: Codec, file: Samples, *, least: float | None = None, packet_ms: float = 20) -> None:
    source = encoders.spoken(one.source_hz)
    late = offset_samples(file, source, most=round(one.source_hz * packet_ms / 1000))
    assert 0 <= late <= one.source_hz * packet_ms / 1000
    assert likeness(file, source, late) > (least or one.correlation)


def test_speech_is_heard_where_it_was_said_and_for_as_long(each: Codec) -> None:
    file = each.file(each.sent(each.frames()), 6)
    assert len(file) == 6 * each.source_hz
    check(each, file)


def test_what_is_lost_is_missing_and_nothing_moves(each: Codec) -> None:
    sender = each.sent(each.frames())
    lost = range(100, 125)
    received = without(sender.arrivals, lambda index: index in lost)
    file = heard(received, seconds=6, table=each.table, rate_hz=each.source_hz)
    start = round(100 * each.frame_ms / 1000 * each.source_hz)
    end = round(125 * each.frame_ms / 1000 * each.source_hz)
    assert not file[start + 32 : end].any()  # the filter of a resampler rings two milliseconds
    check(
        each,
        np.concatenate((file[: 4 * start // 5], np.zeros_like(file[4 * start // 5 :]))),
        least=0.1,
    )
    whole = each.file(sender, 6)
    tail = slice(end + each.source_hz, None)
    assert np.corrcoef(file[tail].astype(float), whole[tail].astype(float))[0, 1] > 0.9


@pytest.mark.parametrize("name", SPLITTABLE)
def test_the_time_of_a_packet_may_change_in_a_call(name: str) -> None:
    one = CODECS[name]
    frames, sender = one.frames(), one.sender()
    half = len(frames) // 2
    for at in range(half):
        one.send(sender, frames[at : at + 1])
    for at in range(half, len(frames), 3):
        one.send(sender, frames[at : at + 3])
    file = one.file(sender, 6)
    assert np.array_equal(file, one.file(one.sent(frames), 6))


def test_speex_frames_share_a_payload() -> None:
    one = CODECS["speex"]
    frames = encoders.speex(narrow(), is_wide=False, together=3)
    sender = one.sender()
    for frame in frames:
        sender.send(frame, ticks=480)
    file = one.file(sender, 6)
    check(one, file)
    assert np.abs(file[-8000:]).max() > 0


@pytest.mark.parametrize("frame_ms", [10, 40, 60])
def test_opus_packets_may_be_of_any_time(frame_ms: int) -> None:
    one = CODECS["opus"]
    sender = one.sender()
    for frame in encoders.opus(encoders.spoken(48000), frame_ms=frame_ms):
        sender.send(frame, ticks=frame_ms * 48)
    check(one, one.file(sender, 6), packet_ms=max(frame_ms, 20))


def test_opus_of_two_channels_is_mixed_to_one() -> None:
    one = CODECS["opus"]
    left = encoders.spoken(48000)
    both = np.column_stack((left, left // 2))
    sender = one.sent(encoders.opus(both, channels=2))
    check(one, one.file(sender, 6))


@pytest.mark.parametrize(("mode", "size"), [(20, 38), (30, 50)])
@pytest.mark.parametrize("parameters", ["mode=20", "mode=30", ""])
def test_ilbc_is_told_by_its_payload_where_the_fmtp_line_is_wrong(
    mode: int, size: int, parameters: str
) -> None:
    octets = (encoders.CORPUS / f"ilbc_{mode}.bin").read_bytes()
    source = np.fromfile(encoders.CORPUS / "ilbc_source.raw", dtype="<i2")
    sender = Sender(payload_type=116)
    for at in range(0, len(octets), size):
        sender.send(octets[at : at + size], ticks=mode * 8)
    table = PayloadTable([Encoding(116, "ILBC", 8000, 1, parameters)])
    file = heard(sender.arrivals, seconds=2, table=table)
    late = offset_samples(file, source, most=160)
    assert 0 <= late <= 160
    assert likeness(file, source, late) > 0.8
    received = without(sender.arrivals, lambda index: 30 <= index < 40)
    lossy = heard(received, seconds=2, table=table)
    assert np.array_equal(lossy[: 30 * mode * 8], file[: 30 * mode * 8])
    assert not lossy[30 * mode * 8 : 40 * mode * 8].any()


def test_linear_samples_pass_as_they_are() -> None:
    source = encoders.spoken(16000)
    sender = Sender(payload_type=NUMBER, clock_rate_hz=16000)
    octets = source.astype(">i2").tobytes()
    for at in range(0, len(octets), 640):
        sender.send(octets[at : at + 640], ticks=320)
    table = PayloadTable([Encoding(NUMBER, "L16", 16000)])
    file = heard(sender.arrivals, seconds=6, table=table, rate_hz=16000)
    assert np.array_equal(file[: len(source)], source)


def test_the_frames_of_g728_are_four_vectors_in_five_bytes() -> None:
    # Nothing here encodes G.728: any bits are sound to it, so that length and place can be tried.
    octets = np.random.default_rng(4).integers(0, 256, 5 * 400, dtype=np.uint8).tobytes()
    sender = Sender(payload_type=15)
    sender.pass_time(8000)
    for at in range(0, len(octets), 40):
        sender.send(octets[at : at + 40], ticks=160)
    sender.arrivals = [one.later(0) for one in sender.arrivals]
    file = heard(sender.arrivals, seconds=3)
    assert not file[:8000].any()
    assert not file[16000:].any()
    assert (file[8000:16000].reshape(-1, 160) ** 2).any(axis=1).all()


# --- AAC in LATM

AAC_LC_48K = f"{0x1188:016b}"  # AudioSpecificConfig of ISO/IEC 14496-3: LC, 48 kHz, one channel


def stream_mux_config() -> str:
    """One program of one layer, frames of any length, buffer of any fullness."""
    return "01" + "000000" + "0000" + "000" + AAC_LC_48K + "000" + "1" * 8 + "00"


def latm(frame: bytes, *, head: str = "") -> bytes:
    """An AudioMuxElement: where wanted its configuration, then length and frame."""
    full, rest = divmod(len(frame), 255)
    bits = head + "1" * 8 * full + f"{rest:08b}" + "".join(f"{one:08b}" for one in frame)
    size = -(-len(bits) // 8)
    return int(bits.ljust(size * 8, "0"), 2).to_bytes(size, "big")


@pytest.mark.parametrize("is_in_band", [False, True])
def test_aac_is_decoded_with_its_configuration_in_the_payloads_or_in_the_fmtp_line(
    is_in_band: bool,
) -> None:
    frames = encoders.libav("aac", encoders.spoken(48000), 48000, bit_rate=64000)
    sender = Sender(payload_type=102, clock_rate_hz=90000)
    for frame in frames:
        sender.send(latm(frame, head="0" + stream_mux_config() if is_in_band else ""), ticks=1920)
    config = stream_mux_config()
    text = f"{int(config.ljust(48, '0'), 2):012x}"
    parameters = "" if is_in_band else f"profile-level-id=24;cpresent=0; config={text}"
    table = PayloadTable([Encoding(102, "MP4A-LATM", 90000, 1, parameters)])
    file = heard(sender.arrivals, seconds=6, table=table, rate_hz=16000)
    source = encoders.spoken(16000)
    late = offset_samples(file, source, most=800)
    assert 0 <= late <= 400  # the encoder's own 1,024 samples
    assert likeness(file, source, late) > 0.95
    received = without(sender.arrivals, lambda index: 100 <= index < 110)
    lossy = heard(received, seconds=6, table=table, rate_hz=16000)
    start, end = round(100 * 1024 / 3), round(110 * 1024 / 3)
    assert not lossy[start + 32 : end - 32].any()
    tails = [one[end + 1600 :].astype(float) for one in (lossy, file)]
    # 1,024 samples of 48 kHz are no whole number of positions: packets lie a position apart.
    assert np.corrcoef(tails[0], tails[1])[0, 1] > 0.9


# --- silence suppression


def with_pause(rate_hz: int) -> Samples:
    """Speech, three seconds of soft noise, speech."""
    speech = encoders.spoken(rate_hz)[: 2 * rate_hz]
    noise = np.random.default_rng(1).normal(0, 60, 3 * rate_hz).astype(np.int16)
    return np.concatenate((speech, noise, speech))


def level_db(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=float))) + 1e-9))


DTX = {
    "g729": lambda: encoders.g729(with_pause(8000), annex_b=True),
    "amr_efficient": lambda: encoders.amr_nb(with_pause(8000), dtx=True),
    "amr_wb_aligned": lambda: encoders.amr_wb(with_pause(16000), mode=2, dtx=True),
}


@pytest.mark.parametrize("name", DTX)
@pytest.mark.parametrize("parameters", ["annexb=no", "annexb=yes"])
def test_a_pause_that_is_described_is_filled_with_noise_of_its_level(
    name: str, parameters: str
) -> None:
    one = CODECS[name]
    if name != "g729" and parameters == "annexb=no":
        pytest.skip("a parameter of G.729")
    frames, sender = DTX[name](), one.sender()
    for frame in frames:
        if not frame or (frame[0] >> 3 & 0x0F == 15 and name != "g729"):
            sender.pass_time(round(one.frame_ms * sender.clock_rate_hz / 1000))
        else:
            one.send(sender, [frame])
    assert len(sender.arrivals) < 0.8 * len(frames)
    file = one.file(sender, 7)
    rate_hz = one.source_hz
    assert len(file) == 7 * rate_hz
    pause = file[3 * rate_hz : round(4.8 * rate_hz)]
    assert level_db(pause) == pytest.approx(20 * np.log10(60), abs=8)
    assert (np.abs(pause.reshape(-1, rate_hz // 100)).max(axis=1) > 0).all()
    source = with_pause(rate_hz)
    for start in (0, 5 * rate_hz):
        part, said = file[start : start + 2 * rate_hz], source[start : start + 2 * rate_hz]
        late = offset_samples(part, said, most=rate_hz // 50)
        assert 0 <= late <= rate_hz // 50
        assert likeness(part, said, late) > 0.7


def test_opus_that_stops_sending_in_a_pause_keeps_its_place() -> None:
    one = CODECS["opus"]
    speech = encoders.spoken(48000)[: 2 * 48000]
    source = np.concatenate((speech, np.zeros(3 * 48000, dtype=np.int16), speech))
    sender = one.sender()
    for frame in encoders.opus(source, dtx="1"):
        if len(frame) > 2:
            one.send(sender, [frame])
        else:
            sender.pass_time(960)
    file = one.file(sender, 7)
    second = file[5 * 16000 : 7 * 16000]
    said = encoders.spoken(16000)[: 2 * 16000]
    late = offset_samples(second, said, most=320)
    assert 0 <= late <= 320
    assert likeness(second, said, late) > 0.7


# --- what is not decoded


def test_every_codec_that_counts_as_decodable_in_an_answer_has_a_decoder() -> None:
    for name, clock_hz in sdp.DECODABLE_WITH_CODECS:
        found = find_decoder(Encoding(NUMBER, name, clock_hz))
        assert found is not None, name
        assert found[1]().sample_rate_hz in (8000, 16000)


def test_without_the_extra_only_the_core_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libav, "is_present", lambda: False)
    decoded = {
        (name, clock_hz)
        for name, clock_hz in sdp.DECODABLE_WITH_CODECS
        if find_decoder(Encoding(NUMBER, name, clock_hz))
    }
    assert decoded == sdp.DECODABLE
    assert PayloadTable().kinds[18] == PayloadKind.UNKNOWN


@pytest.mark.parametrize(
    "encoding",
    [
        Encoding(NUMBER, "AMR", 8000, 1, "octet-align=1; interleaving=30"),
        Encoding(NUMBER, "AMR-WB", 16000, 1, "robust-sorting=1"),
        Encoding(NUMBER, "AMR", 8000, 2, ""),
        Encoding(NUMBER, "ISAC", 16000),
        Encoding(NUMBER, "L16", 44100, 2),
        Encoding(NUMBER, "MP4A-LATM", 90000, 1, "cpresent=0; config=zz"),
        Encoding(NUMBER, "SPEEX", 11025),
    ],
)
def test_what_cannot_be_decoded_is_told_beforehand(encoding: Encoding) -> None:
    assert PayloadTable([encoding]).kinds[NUMBER] == 0


SIZES = (0, 1, 2, 3, 7, 19, 33, 38, 61, 200)


def test_payloads_that_are_none_of_the_codec_cost_only_themselves(each: Codec) -> None:
    frames, sender = each.frames(), each.sender()
    ticks = round(each.frame_ms * each.encoding.clock_rate_hz / 1000)
    rng = np.random.default_rng(1)
    for number, frame in enumerate(frames):
        if number % 20 == 19:
            size = SIZES[number // 20 % len(SIZES)]
            sender.send(rng.integers(0, 256, size, dtype=np.uint8).tobytes(), ticks=ticks)
        else:
            each.send(sender, [frame])
    file = each.file(sender, 6)
    source = encoders.spoken(each.source_hz)
    assert len(file) == 6 * each.source_hz
    assert 0 <= offset_samples(file, source, most=each.source_hz // 10) <= each.source_hz / 40
