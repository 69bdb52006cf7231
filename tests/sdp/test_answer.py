"""What is answered to which offer: whole files of the corpus, and the rules behind them."""

from pathlib import Path

import pytest

from callvault import sdp
from callvault.errors import OfferRefused

CORPUS = Path(__file__).parents[1] / "corpus" / "sdp"
OURS = "192.0.2.200"


def _answered(offer: bytes, previous: sdp.LocalDescription | None = None) -> sdp.LocalDescription:
    read = sdp.parse_offer(offer)
    plans = sdp.plan(read)
    sdp.check_recordable(plans)
    ports = {index: 40000 + 2 * index for index, one in enumerate(plans) if one.is_accepted}
    return sdp.answer(
        read,
        plans,
        ports,
        address=OURS,
        session_id=1,
        new_key=lambda size: bytes(range(size)),
        previous=previous,
    )


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.answer")), ids=lambda path: path.stem)
def test_each_offer_of_the_corpus_gets_its_answer(path: Path) -> None:
    assert bytes(_answered(path.with_suffix(".sdp").read_bytes())) == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dtls_srtp_invalid", "DTLS-SRTP is not supported"),
        ("dtls_srtp_old_profile_invalid", "DTLS-SRTP is not supported"),
        ("srtp_nothing_usable_invalid", "no a=crypto line whose suite and parameters"),
        ("only_video_invalid", "video is not recorded"),
        ("only_unknown_codec_invalid", "no codec that can be recorded"),
        (
            "all_lines_refused_invalid",
            "no codec that can be recorded; video is not recorded; image is not recorded",
        ),
        ("dynamic_without_rtpmap_alone_invalid", "no codec that can be recorded"),
        ("dynamic_type_with_an_odd_name_invalid", "no codec that can be recorded"),
        ("no_media_line_invalid", "session description without a media line"),
        ("not_sdp_invalid", "session description without a media line"),
    ],
)
def test_an_offer_without_anything_to_record_is_refused_with_its_reason(
    name: str, reason: str
) -> None:
    with pytest.raises(OfferRefused, match=reason) as refused:
        _answered((CORPUS / f"{name}.sdp").read_bytes())
    assert refused.value.sip_status == 488


def test_a_line_that_the_offer_closes_is_told_from_one_that_we_refuse() -> None:
    offer = (CORPUS / "line_closed.sdp").read_bytes() + b"m=video 5 RTP/AVP 97\r\n"
    plans = sdp.plan(sdp.parse_offer(offer))
    assert [(one.is_accepted, one.is_closed) for one in plans] == [
        (True, False),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.answer")), ids=lambda path: path.stem)
def test_an_answer_has_one_audio_codec_a_line_and_the_offers_lines(path: Path) -> None:
    offer = sdp.parse_offer(path.with_suffix(".sdp").read_bytes())
    local = _answered(path.with_suffix(".sdp").read_bytes())
    assert [one.media for one in local.media] == [line.media for line in offer.media]
    assert [one.label for one in local.media] == [line.label for line in offer.media]
    beside = {"TELEPHONE-EVENT", "CN"}
    voices = [[c for c in one.codecs if c.encoding not in beside] for one in local.media]
    assert [len(codecs) for codecs in voices] == [int(one.port > 0) for one in local.media]
    assert bytes(local).endswith(b"\r\n")
    assert b"sendonly" not in bytes(local)
    assert b"sendrecv" not in bytes(local)


def test_every_file_of_the_corpus_is_tested() -> None:
    offers = {path.stem for path in CORPUS.glob("*.sdp")}
    answered = {path.stem for path in CORPUS.glob("*.answer")}
    assert {name for name in offers - answered if not name.endswith("_invalid")} == set()


def test_the_same_offer_again_gets_the_very_same_answer() -> None:
    offer = (CORPUS / "two_lines.sdp").read_bytes()
    first = _answered(offer)
    assert _answered(offer, first) is first


def test_the_version_grows_by_one_when_the_answer_changes() -> None:
    first = _answered((CORPUS / "two_lines.sdp").read_bytes())
    held = _answered((CORPUS / "second_line_held.sdp").read_bytes(), first)
    assert (first.version, held.version, held.session_id) == (1, 2, first.session_id)


def test_a_line_that_got_no_port_is_refused_and_the_others_stand() -> None:
    offer = sdp.parse_offer((CORPUS / "two_lines.sdp").read_bytes())
    local = sdp.answer(offer, sdp.plan(offer), {1: 40002}, address=OURS, session_id=1)
    assert [media.port for media in local.media] == [0, 40002]


def chosen(offer: bytes, decodable: sdp.Decodable) -> list[list[tuple[int, str]]]:
    plans = sdp.plan(sdp.parse_offer(offer), decodable=decodable)
    return [[(one.payload_type, one.encoding) for one in line.codecs] for line in plans]


def test_the_first_codec_of_the_offer_that_is_decoded_here_is_chosen() -> None:
    offer = (CORPUS / "opus_first_with_g711.sdp").read_bytes()
    assert chosen(offer, sdp.DECODABLE) == [[(0, "PCMU"), (101, "TELEPHONE-EVENT")]]
    with_codecs = [[(111, "OPUS"), (107, "TELEPHONE-EVENT")]]
    assert chosen(offer, sdp.DECODABLE_WITH_CODECS) == with_codecs


def test_a_codec_that_all_lines_have_is_chosen_on_all_of_them() -> None:
    line = "m=audio %d RTP/AVP %s\r\na=rtpmap:96 AMR-WB/16000\r\na=rtpmap:97 opus/48000/2\r\n"
    offer = (
        "v=0\r\nc=IN IP4 192.0.2.14\r\n" + line % (30000, "96 97 18 8") + line % (30002, "97 18 8")
    )
    expected = [[(97, "OPUS")], [(97, "OPUS")]]
    assert chosen(offer.encode(), sdp.DECODABLE_WITH_CODECS) == expected
    assert chosen(offer.encode(), sdp.DECODABLE) == [[(8, "PCMA")], [(8, "PCMA")]]


def test_amr_that_comes_interleaved_is_not_chosen_before_what_is_decoded() -> None:
    offer = (
        b"v=0\r\nc=IN IP4 192.0.2.14\r\nm=audio 30000 RTP/AVP 96 98 0\r\n"
        b"a=rtpmap:96 AMR/8000\r\na=fmtp:96 octet-align=1; interleaving=30\r\n"
        b"a=rtpmap:98 AMR/8000\r\na=fmtp:98 octet-align=1\r\n"
    )
    assert chosen(offer, sdp.DECODABLE_WITH_CODECS) == [[(98, "AMR")]]


def test_aac_is_taken_only_where_it_is_decoded() -> None:
    offer = sdp.parse_offer((CORPUS / "only_unknown_codec_invalid.sdp").read_bytes())
    assert sdp.plan(offer)[0].problem == "no codec that can be recorded"
    (with_codecs,) = sdp.plan(offer, decodable=sdp.DECODABLE_WITH_CODECS)
    assert [one.encoding for one in with_codecs.codecs] == ["MP4A-LATM"]


def test_our_own_offer_lists_rarer_codecs_where_they_are_decoded() -> None:
    (media,) = sdp.own_offer(
        [""], [40000], address=OURS, session_id=9, decodable=sdp.DECODABLE_WITH_CODECS
    ).media
    assert media.formats == ("0", "8", "9", "18", "114", "116", "15", "102", "101", "13")
    assert "a=fmtp:102 profile-level-id=24;object=23;bitrate=64000" in media.lines()
    assert "a=rtpmap:114 opus/48000/2" in media.lines()


def test_our_own_offer_lists_the_common_codecs_and_only_receives() -> None:
    offer = sdp.own_offer(["1", ""], [40000, 40002], address="2001:db8::200", session_id=9)
    assert bytes(offer) == (
        b"v=0\r\no=- 9 1 IN IP6 2001:db8::200\r\ns=-\r\nc=IN IP6 2001:db8::200\r\nt=0 0\r\n"
        + _own_line(40000)
        + b"a=label:1\r\n"
        + _own_line(40002)
    )


def _own_line(port: int) -> bytes:
    return (
        f"m=audio {port} RTP/AVP 0 8 9 18 101 13\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\n"
        "a=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        "a=rtpmap:13 CN/8000\r\na=recvonly\r\n"
    ).encode()
