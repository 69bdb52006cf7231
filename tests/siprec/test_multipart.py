"""Bodies of the corpus all carry the same SDP and metadata; each breaks another rule."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.siprec import Body, Part, read_body

CORPUS = Path(__file__).parents[1] / "corpus" / "siprec"
SDP_LAST_LINE = b"a=label:1"
METADATA_LAST_LINE = b"</recording>"


def _lines(content: bytes) -> list[bytes]:
    return [line for line in content.replace(b"\r\n", b"\n").split(b"\n") if line]


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.multipart")), ids=lambda path: path.stem)
def test_each_body_of_the_corpus_gives_sdp_and_metadata_whole(path: Path) -> None:
    header, _, content = path.read_bytes().partition(b"\n")
    body = read_body(header.removeprefix(b"Content-Type: ").decode(), content)
    assert body.sdp is not None
    assert body.metadata is not None
    sdp, metadata = _lines(body.sdp), _lines(body.metadata.content)
    assert (sdp[0], sdp[-1], len(sdp)) == (b"v=0", SDP_LAST_LINE, 8)
    assert (metadata[0][:5], metadata[-1], len(metadata)) == (b"<?xml", METADATA_LAST_LINE, 4)


def test_line_ends_of_a_part_are_not_touched() -> None:
    body = read_body("multipart/mixed;boundary=b", b"--b\n\nv=0\r\ns=-\na=x\r\n--b--")
    assert body.sdp == b"v=0\r\ns=-\na=x"


def test_a_plain_body_is_sorted_by_its_type() -> None:
    assert read_body("application/SDP ;x=y", b"v=0").sdp == b"v=0"
    assert read_body("application/rs-metadata", b"<x/>").metadata == Part(
        "application/rs-metadata", b"<x/>"
    )
    assert read_body("text/html", b"<x/>") == Body(others=(Part("text/html", b"<x/>"),))
    assert read_body("", b"") == Body()


def test_a_snapshot_request_is_no_metadata() -> None:
    body = read_body("application/rs-metadata-request", b"new", disposition="recording-session")
    assert body.metadata is None


def test_a_part_that_must_be_understood_is_named() -> None:
    head = b"--b\r\nContent-Type: application/x-new\r\nContent-Disposition: session; handling="
    optional = read_body("multipart/mixed;boundary=b", head + b"optional\r\n\r\nx\r\n--b--")
    required = read_body("multipart/mixed;boundary=b", head + b"required\r\n\r\nx\r\n--b--")
    assert (optional.unsupported, required.unsupported) == ("", "application/x-new")


def test_a_part_in_broken_base64_stays_as_it_came() -> None:
    head = b"--b\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert read_body("multipart/mixed;boundary=b", head + b"v=0!!!!\r\n--b--").sdp == b"v=0!!!!"


@pytest.mark.parametrize(
    "content",
    [
        b"--b" * 330_000,
        b"--b\r\n" * 200_000,
        b"--bX\r\n" * 166_000,
        b"--b\r\n" + b"A:b\r\n" * 200_000,
        b"--b\r\n\r\n" + b"\r\n" * 500_000,
        b"--b" + b" " * 1_000_000,
    ],
)
def test_a_megabyte_of_nonsense_costs_little(content: bytes) -> None:
    started = time.thread_time()
    body = read_body("multipart/mixed;boundary=b", content)
    assert time.thread_time() - started < 0.1
    assert len(body.others) <= 32


@given(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            b"--b|--b--|\r\n|\n|Content-Type: multipart/x;boundary=b|v=0|<recording>|\xff"
            b"|Content-Transfer-Encoding: base64| |:".split(b"|")
        ),
        max_size=60,
    ),
)
def test_any_body_is_sorted_without_an_error(content_type: str, pieces: list[bytes]) -> None:
    for announced in (content_type, "multipart/mixed;boundary=b"):
        body = read_body(announced, b"".join(pieces))
        assert len(body.others) <= 32
