"""What is said into a call, on which line and when; and what the answer says of it."""

import numpy as np
import pytest
from msgspec.structs import replace

from callvault import sdp as descriptions
from callvault.audio.g711 import decode_alaw, decode_ulaw
from callvault.errors import CaptureError
from callvault.policy.pilots import Pilots
from callvault.policy.prompts import Announcement, OwnSound, OwnSounds, Prompts
from callvault.recorder.negotiation import Negotiation
from callvault.recorder.prompts import LAWS, Prompter, SpokenLine, sound
from tests.policy.cast import SNAPSHOT
from tests.recorder.bench import Bench
from tests.recorder.bodies import sdp
from tests.recorder.test_checkpoint import gone_on
from tests.recorder.test_dial_in import dialled_in

LINE = SpokenLine(8, "PCMA", ("192.0.2.14", 30000))
ENGLISH = Prompts(Announcement.ENGLISH)
BOTH = Prompts(Announcement.ENGLISH, 15)


class FakeMouth:
    """A stream that notes what it is told to say."""

    def __init__(self, *, fails: bool = False) -> None:
        self.said: list[tuple[int, bytes, bytes, float]] = []
        self.hushed = 0
        self.is_done = False
        self._fails = fails

    def speak(
        self,
        payload_type: int,
        *,
        once: bytes,
        repeated: bytes,
        every_s: float,
        wanted: tuple[str, int] | None,
    ) -> None:
        if self._fails:
            raise CaptureError("no file descriptor")
        self.said.append((payload_type, once, repeated, every_s))

    def hush(self) -> None:
        self.hushed += 1

    def spoken(self) -> tuple[int, bool]:
        return 0, self.is_done


def test_an_announcement_is_said_once_and_told_of_once() -> None:
    mouth, prompter = FakeMouth(), Prompter()
    for _ in range(2):  # a session refresh changes nothing
        prompter.change({0: mouth}, {0: LINE}, BOTH)
    assert mouth.said == [(8, sound("en", "PCMA"), sound("beep", "PCMA"), 15)]
    assert prompter.news() == ()
    mouth.is_done = True
    assert (prompter.news(), prompter.news()) == ((0,), ())


def test_after_a_hold_only_the_tone_comes_again() -> None:
    mouth, prompter = FakeMouth(), Prompter()
    prompter.change({0: mouth}, {0: LINE}, BOTH)
    mouth.is_done = True
    assert prompter.news() == (0,)
    prompter.change({0: mouth}, {}, BOTH)
    assert mouth.hushed == 1
    prompter.change({0: mouth}, {0: LINE}, BOTH)
    assert [once for _, once, _, _ in mouth.said] == [sound("en", "PCMA"), b""]


def test_an_announcement_that_a_hold_cut_off_is_said_again() -> None:
    mouth, prompter = FakeMouth(), Prompter()
    prompter.change({0: mouth}, {0: LINE}, ENGLISH)
    prompter.change({0: mouth}, {}, ENGLISH)
    assert prompter.news() == ()
    prompter.change({0: mouth}, {0: LINE}, ENGLISH)
    assert [once for _, once, _, _ in mouth.said] == [sound("en", "PCMA")] * 2


def test_no_tone_comes_in_a_pause_and_they_come_again_after_it() -> None:
    mouth, prompter = FakeMouth(), Prompter()
    prompter.change({0: mouth}, {0: LINE}, Prompts(beep_every_s=15))
    for is_silent in (True, True, False, False):
        prompter.follow(is_silent=is_silent)
    beep = sound("beep", "PCMA")
    assert (mouth.said, mouth.hushed) == ([(8, b"", beep, 15)] * 2, 1)


def test_an_announcement_without_tones_goes_on_in_a_pause() -> None:
    mouth, prompter = FakeMouth(), Prompter()
    prompter.change({0: mouth}, {0: LINE}, ENGLISH)
    prompter.follow(is_silent=True)
    assert (len(mouth.said), mouth.hushed) == (1, 0)


@pytest.mark.parametrize("tones", [1, 2, 3])
def test_tones_tell_what_came_of_a_command(tones: int) -> None:
    mouth, prompter = FakeMouth(), Prompter()
    prompter.change({0: mouth}, {0: LINE}, Prompts(beep_every_s=15, confirms_keys=True))
    prompter.confirm(tones)
    beep = sound("beep", "PCMA")
    _, once, repeated, every_s = mouth.said[-1]
    assert (once.count(beep), repeated, every_s) == (tones, beep, 15)
    prompter.follow(is_silent=True)
    prompter.confirm(tones)
    assert [one[2:] for one in mouth.said[-1:]] == [(b"", 0)]


def test_where_only_keys_are_confirmed_nothing_else_is_said() -> None:
    mouth, prompter = FakeMouth(), Prompter()
    prompter.change({0: mouth}, {0: LINE}, Prompts(confirms_keys=True))
    assert mouth.said == []
    prompter.confirm(1)
    assert [one[0] for one in mouth.said] == [8]


def test_an_announcement_that_a_tone_cut_off_is_said_again_and_told_of_once() -> None:
    mouth, prompter = FakeMouth(), Prompter()
    prompter.change({0: mouth}, {0: LINE}, ENGLISH)
    prompter.confirm(2)
    assert mouth.said[-1][1].endswith(sound("en", "PCMA"))
    mouth.is_done = True
    prompter.confirm(1)
    assert sound("en", "PCMA") not in mouth.said[-1][1]
    assert (prompter.news(), prompter.news()) == ((0,), ())


OWN = OwnSounds(OwnSound(b"U" * 160, b"A" * 160), OwnSound(b"u" * 160, b"a" * 160))


@pytest.mark.parametrize(("encoding", "once", "beep"), [("PCMU", b"U", b"u"), ("PCMA", b"A", b"a")])
def test_own_sounds_are_said_in_the_law_of_the_line(
    encoding: str, once: bytes, beep: bytes
) -> None:
    mouth, prompter = FakeMouth(), Prompter()
    line = LINE._replace(encoding=encoding)
    prompter.change({0: mouth}, {0: line}, Prompts(Announcement.OWN, 15), OWN)
    assert mouth.said == [(8, once * 160, beep * 160, 15)]
    prompter.confirm(2)
    tone = sound("beep", encoding)
    assert mouth.said[-1][1].count(tone) == 2, "what tones tell is not told by own ones"


def test_an_own_announcement_that_is_gone_is_said_in_english() -> None:
    mouth, prompter = FakeMouth(), Prompter()
    prompter.change({0: mouth}, {0: LINE}, Prompts(Announcement.OWN))
    assert mouth.said == [(8, sound("en", "PCMA"), b"", 0)]


def test_a_prompt_that_cannot_be_said_costs_nothing_else() -> None:
    prompter = Prompter()
    prompter.change({0: FakeMouth(fails=True)}, {0: LINE, 1: LINE}, ENGLISH)
    assert prompter.news() == ()


@pytest.mark.parametrize("name", ["en", "it", "fr", "beep"])
def test_sounds_are_whole_packets_and_the_same_in_both_laws(name: str) -> None:
    ulaw, alaw = sound(name, "PCMU"), sound(name, "PCMA")
    assert len(ulaw) == len(alaw)
    assert len(ulaw) % 160 == 0
    one = decode_ulaw(np.frombuffer(ulaw, np.uint8)).astype(int)
    other = decode_alaw(np.frombuffer(alaw, np.uint8)).astype(int)
    assert 1500 < np.abs(one).max() < 16000
    assert np.abs(one - other).max() < 600
    assert set(LAWS) == {"PCMU", "PCMA"}


def called(prompts: Prompts, body: bytes) -> Bench:
    snapshot = replace(SNAPSHOT, pilots=Pilots(dial_in=("8600",)), prompts=prompts)
    return dialled_in(snapshot, body)


def offer(direction: str = "sendrecv", codecs: str = "9 0 101", extra: str = "") -> bytes:
    return (
        "v=0\r\no=- 1 1 IN IP4 192.0.2.14\r\ns=-\r\nc=IN IP4 192.0.2.14\r\nt=0 0\r\n"
        f"m=audio 30000 RTP/{'S' if extra else ''}AVP {codecs}\r\n{extra}"
        f"a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    ).encode()


SRTP = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{'A' * 40}\r\n"


@pytest.mark.parametrize(
    ("prompts", "body", "answered", "line"),
    [
        (ENGLISH, offer(), "sendrecv", SpokenLine(0, "PCMU", ("192.0.2.14", 30000))),
        (Prompts(beep_every_s=15), sdp("sendrecv"), "sendrecv", LINE),
        (Prompts(), offer(), "recvonly", None),  # nothing is to be said
        (ENGLISH, offer("sendonly"), "recvonly", None),  # it does not listen
        (ENGLISH, offer(codecs="9 101"), "recvonly", None),  # no G.711
        (ENGLISH, offer(extra=SRTP), "recvonly", None),  # only in clear
    ],
)
def test_we_speak_where_it_is_heard_in_clear_g711(
    prompts: Prompts, body: bytes, answered: str, line: SpokenLine | None
) -> None:
    bench = called(prompts, body)
    assert f"a={answered}\r\n".encode() in bench.response.body
    lines, said = bench.session.spoken()
    assert (lines, said) == ({0: line} if line else {}, prompts)


def test_the_codec_that_is_preferred_stays_where_nothing_is_said() -> None:
    assert b"RTP/AVP 9 101" in called(Prompts(), offer()).response.body
    assert b"RTP/AVP 0 101" in called(ENGLISH, offer()).response.body


def test_a_recording_client_is_told_nothing() -> None:
    bench = Bench(snapshot=replace(SNAPSHOT, prompts=ENGLISH, pilots=Pilots(dial_in=("srs",))))
    bench.invite()
    assert b"a=sendrecv" not in bench.response.body


def test_a_restart_goes_on_speaking() -> None:
    before = called(ENGLISH, offer())
    before.ack()
    assert gone_on(before).session.spoken()[0] == before.session.spoken()[0]


def test_an_offer_of_ours_says_that_we_speak() -> None:
    ours = Negotiation("192.0.2.200", 1, prompts=ENGLISH)
    ours.make_offer(("1",))
    assert b"a=sendrecv" in bytes(ours.complete({0: 40000}, bytes))
    assert ours.spoken()[0] == {}
    ours.take_answer(offer(codecs="8 101"))
    assert ours.spoken() == ({0: LINE}, ENGLISH)
    ours.take_answer(offer("sendonly", codecs="8 101"))
    assert ours.spoken()[0] == {}


def test_of_an_offer_only_the_order_changes() -> None:
    parsed = descriptions.parse_offer(offer())
    first = descriptions.g711_first(parsed)
    assert [one.payload_type for one in first.media[0].codecs] == [0, 9, 101]
    assert first.media[0].formats == parsed.media[0].formats
