"""Levels of other codecs than G.711: decoded while somebody looks, bounded, or said not known."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from G722 import G722

from callvault.audio import libav
from callvault.clock import Instant
from callvault.recorder import meters as metering
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.ears import Ears
from callvault.recorder.meters import LASTS_S, PATIENCE_S, Level, Meters
from callvault.spool.entries import PayloadFormat, StreamDescription
from tests.flows.recorder_node import rtp

NOW = Instant(10_000_000_000, 5_000_000_000)
G722_LINE = PayloadFormat(9, "G722", 8000)


class Wire:
    """A stream on which packets came that capture did not measure."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.is_copied = False
        self.came, self.peak_dbfs = 1, cast("float | None", None)

    def open_ear(self) -> None:
        self.is_copied = True

    def close_ear(self) -> None:
        self.is_copied = False

    def overheard(self, since: int) -> tuple[int, list[bytes]]:
        return len(self.packets), self.packets[since:]

    def counters(self) -> Any:
        return SimpleNamespace(packets=self.came, peak_dbfs=self.peak_dbfs)


def call(wire: Wire, line: PayloadFormat = G722_LINE, srtp: str = "") -> LiveDialog:
    """Return a call with one line."""
    described = StreamDescription(0, "", "audio", (line,), active=True, srtp=srtp)
    negotiation = SimpleNamespace(streams=lambda: (described,))
    memory = SimpleNamespace(negotiation=negotiation)
    dialog = SimpleNamespace(
        session=SimpleNamespace(memory=lambda _now: memory),
        keys=SimpleNamespace(contexts=dict),
        streams=lambda: {0: wire},
    )
    return cast("LiveDialog", dialog)


def spoken(amplitude: float, *, first: int = 0) -> list[bytes]:
    """Return a second of a tone in G.722, its packets numbered from `first`."""
    tone = amplitude * 32767 * np.sin(np.arange(16_000) * 2 * np.pi * 440 / 16_000)
    octets = bytes(G722(16_000, 64_000).encode(tone.astype(np.int16)))
    return [
        b"\x80\x09" + rtp(first + number, 0)[2:12] + octets[number * 160 : number * 160 + 160]
        for number in range(50)
    ]


def only(levels: Any) -> Level:
    (level,) = levels.values()
    return cast("Level", level)


@pytest.mark.parametrize(("amplitude", "dbfs"), [(0.5, -6.0), (0.05, -26.0)])
def test_speech_in_g722_has_a_level(amplitude: float, dbfs: float) -> None:
    now_s = [100.0]
    wire, meters = Wire(), Meters(Ears(), lambda: now_s[0])
    assert only(meters.look([call(wire)], NOW)) == Level()  # copies are made from now on
    wire.packets += spoken(amplitude)
    level = only(meters.look([call(wire)], NOW))
    assert level.dbfs == pytest.approx(dbfs, abs=1.5)
    now_s[0] += LASTS_S + 0.1
    assert only(meters.look([call(wire)], NOW)) == Level()


def test_what_capture_measures_is_not_decoded() -> None:
    wire, meters = Wire(), Meters(Ears())
    wire.peak_dbfs = -3.0
    assert meters.look([call(wire)], NOW) == {}
    wire.peak_dbfs = None
    assert meters.look([call(wire, PayloadFormat(8, "PCMA", 8000))], NOW) == {}
    assert not wire.is_copied


def test_without_a_decoder_the_codec_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libav, "is_present", lambda: False)
    line = PayloadFormat(18, "G729", 8000)
    wire, meters = Wire(), Meters(Ears())
    meters.look([call(wire, line)], NOW)
    wire.packets.append(b"\x80\x12" + rtp(1, 0)[2:12] + bytes(20))
    assert only(meters.look([call(wire, line)], NOW)) == Level(unknown="G729")


def test_what_is_sealed_under_keys_that_are_not_known_is_named() -> None:
    wire, meters = Wire(), Meters(Ears())
    dialog: Any = call(wire, srtp="AES_CM_128_HMAC_SHA1_80")
    dialog.keys.contexts = lambda: {0: SimpleNamespace(suite="OTHER")}
    meters.look([dialog], NOW)
    wire.packets += spoken(0.5)
    assert only(meters.look([dialog], NOW)) == Level(unknown="SRTP")


def test_no_more_streams_than_so_many_are_decoded_and_each_has_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metering, "MOST_STREAMS", 2)
    wires = [Wire() for _ in range(3)]
    now_s = [100.0]

    def read_s() -> float:
        now_s[0] += metering.BUDGET_S * 0.4  # there is time for one or two at a look
        return now_s[0]

    meters = Meters(Ears(), read_s)
    dialogs = [call(one) for one in wires]
    for _ in range(4):
        for wire in wires:
            wire.packets += spoken(0.5)
        levels = meters.look(dialogs, NOW)
    assert [one.is_copied for one in wires] == [True, True, False]
    told = [levels[cast("Any", one)] for one in wires]
    assert [one.dbfs is not None for one in told] == [True, True, False]
    assert told[2].unknown == "…"


def test_nothing_is_copied_when_nobody_looks() -> None:
    now_s = [100.0]
    wire, ears = Wire(), Ears()
    meters = Meters(ears, lambda: now_s[0])
    meters.look([call(wire)], NOW)
    assert meters.rest()
    now_s[0] += PATIENCE_S + 0.1
    assert not meters.rest()
    assert not wire.is_copied


def test_a_listener_hears_on_when_nobody_looks_at_meters_any_more() -> None:
    wire, ears = cast("Any", Wire()), Ears()
    ears.open([wire])
    ears.open([wire])
    ears.close([wire])
    assert wire.is_copied
    ears.close([wire])
    assert not wire.is_copied
