"""Speech by espeak-ng, made once."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from callvault.simulator.cast import DEMO_PEOPLE, REMOTE_PARTIES, Voice
from callvault.simulator.channels import ChannelOrder, Heard, order_of
from callvault.simulator.codecs import encode
from callvault.simulator.media import render
from callvault.simulator.preparation import new_preparers, prepare
from callvault.simulator.script import Codec, Line, Speaker, Wishes, plan_calls
from callvault.simulator.speech import Speech, SpeechMissing

LINE = Line(Voice("en-gb", 165), "Could you tell me the reference number, please?")

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng"),
]


def test_a_line_is_heard_at_any_rate_for_as_long_as_it_takes(tmp_path: Path) -> None:
    speech = Speech(tmp_path)
    length_ms = speech.length_ms(LINE)
    assert 1_500 < length_ms < 5_000
    for rate_hz in (8000, 16000):
        clip = speech.clip(LINE, rate_hz)
        assert abs(len(clip) * 1000 // rate_hz - length_ms) <= 1
        assert 7_000 < np.abs(clip).max() < 10_000


def test_a_line_is_spoken_once_and_then_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Speech(tmp_path).clip(LINE, 16000)
    monkeypatch.setattr(Speech, "_say", lambda self, line: pytest.fail("spoken again"))
    assert (Speech(tmp_path).clip(LINE, 16000) == first).all()
    assert [path.suffix for path in tmp_path.iterdir()] == [".wav"]


def test_everybody_of_the_cast_has_a_voice_that_the_synthesiser_knows(tmp_path: Path) -> None:
    speech = Speech(tmp_path)
    voices = {one.voice for one in (*DEMO_PEOPLE, *REMOTE_PARTIES)}
    lengths = {speech.length_ms(Line(voice, LINE.text)) for voice in voices}
    assert len(lengths) > len(voices) // 2


def test_a_voice_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeechMissing, match="voice zz-nowhere"):
        Speech(tmp_path).length_ms(Line(Voice("zz-nowhere", 160), "Hello."))


def test_without_a_synthesiser_the_way_to_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda tool: None)
    with pytest.raises(SpeechMissing, match="apt-get install espeak-ng"):
        Speech(tmp_path)


@pytest.mark.parametrize("codec", Codec)
def test_a_prepared_call_sounds_like_its_pattern(codec: Codec, tmp_path: Path) -> None:
    wishes = Wishes(calls=1, shortest_ms=8_000, longest_ms=8_000, codecs=(codec,))
    speech = Speech(tmp_path)
    (script,) = plan_calls(wishes, seed=3, length_of=speech.length_ms)
    with new_preparers() as executor:
        prepared = executor.submit(prepare, script, tmp_path).result()
    assert {side: len(payload) for side, payload in prepared.payloads.items()} == {
        Speaker.OWNER: 64_000,
        Speaker.REMOTE: 64_000,
    }
    rate_hz = 16000 if codec is Codec.G722 else 8000
    tracks = [render(script, side, speech.clip) for side in Speaker]
    assert encode(tracks[0], codec) == prepared.payloads[Speaker.OWNER]
    heard = Heard(tracks[0], tracks[1], rate_hz)
    owner, remote = prepared.patterns[Speaker.OWNER], prepared.patterns[Speaker.REMOTE]
    assert order_of(heard, owner, remote) is ChannelOrder.RIGHT
