"""Sealed objects: Tink is the oracle, and nothing changed is ever served."""

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import SealBroken
from callvault.vault import Seal, SealedReader, SealedWriter
from callvault.vault.sealed import (
    FIRST_PART_BYTES,
    HEADER_BYTES,
    PART_BYTES,
    SEGMENT_BYTES,
    TAG_BYTES,
    plaintext_size,
)
from tests.vault import tink_oracle
from tests.vault.fakes import MemoryObject, Pieces, sealed

KEY = bytes(range(32))
AAD = b"here"
SIZES = [
    0,
    1,
    FIRST_PART_BYTES - 1,
    FIRST_PART_BYTES,
    FIRST_PART_BYTES + 1,
    FIRST_PART_BYTES + PART_BYTES,
    FIRST_PART_BYTES + PART_BYTES + 1,
    300_000,
]
THREE_SEGMENTS = FIRST_PART_BYTES + PART_BYTES + 5000


def some_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def reader(data: bytes, *, key: bytes = KEY, associated_data: bytes = AAD) -> SealedReader:
    return SealedReader(MemoryObject(data), key, associated_data, object_id="the object")


@pytest.mark.parametrize("size", SIZES)
def test_tink_opens_what_we_seal(size: int) -> None:
    assert tink_oracle.decrypt(sealed(some_bytes(size), KEY), KEY, AAD) == some_bytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_tink_seals(size: int) -> None:
    opened = reader(tink_oracle.encrypt(some_bytes(size), KEY, AAD))
    assert opened.size == size
    assert opened.read(0, size) == some_bytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_the_plaintext_size_follows_from_the_sealed_size(size: int) -> None:
    assert plaintext_size(len(sealed(some_bytes(size), KEY))) == size


def test_the_seal_tells_both_sizes_and_the_digest_of_the_sealed_form() -> None:
    pieces = Pieces()
    writer = SealedWriter(pieces, KEY, AAD)
    writer.write(b"callvault")
    digest = hashlib.sha256
    assert writer.close() == Seal(
        size_bytes=9,
        sealed_bytes=HEADER_BYTES + 9 + TAG_BYTES,
        sha256=digest(pieces.joined()).hexdigest(),
        plain_sha256=digest(b"callvault").hexdigest(),
    )


def test_writes_of_any_size_give_one_stream() -> None:
    data = some_bytes(THREE_SEGMENTS)
    pieces = Pieces()
    with SealedWriter(pieces, KEY, AAD) as writer:
        for start in range(0, len(data), 777):
            writer.write(data[start : start + 777])
    assert reader(pieces.joined()).read(0, len(data)) == data


def test_a_segment_goes_out_once_the_next_one_begins() -> None:
    pieces = Pieces()
    writer = SealedWriter(pieces, KEY, AAD)
    writer.write(bytes(FIRST_PART_BYTES))
    assert len(pieces.joined()) == HEADER_BYTES
    writer.write(b"x")
    assert len(pieces.joined()) == SEGMENT_BYTES


def test_two_seals_of_the_same_bytes_differ() -> None:
    assert sealed(b"same", KEY) != sealed(b"same", KEY)


def test_a_writer_left_by_an_error_leaves_an_object_that_does_not_open() -> None:
    pieces = Pieces()

    def fail_midway() -> None:
        with SealedWriter(pieces, KEY, AAD) as writer:
            writer.write(bytes(FIRST_PART_BYTES + 1))
            raise OSError("encoder failed")

    with pytest.raises(OSError, match="encoder failed"):
        fail_midway()
    with pytest.raises(SealBroken):
        reader(pieces.joined())


def test_a_closed_writer_takes_nothing_more() -> None:
    writer = SealedWriter(Pieces(), KEY, AAD)
    assert writer.close() == writer.close()
    with pytest.raises(ValueError, match="complete"):
        writer.write(b"more")


@given(
    offset=st.integers(0, THREE_SEGMENTS + 10),
    length=st.integers(0, THREE_SEGMENTS + 10),
)
def test_any_range_is_what_the_plaintext_has_there(offset: int, length: int) -> None:
    data = some_bytes(THREE_SEGMENTS)
    assert reader(_THREE).read(offset, length) == data[offset : offset + length]


_THREE = sealed(some_bytes(THREE_SEGMENTS), KEY)


def test_chunks_are_the_whole_in_pieces_of_at_most_a_segment() -> None:
    chunks = list(reader(_THREE).chunks())
    assert b"".join(chunks) == some_bytes(THREE_SEGMENTS)
    assert [len(chunk) for chunk in chunks] == [FIRST_PART_BYTES, PART_BYTES, 5000]


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1)])
def test_a_negative_range_is_refused(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="allowed: 0 and above"):
        reader(_THREE).read(offset, length)


def test_the_last_segment_is_opened_first() -> None:
    source = MemoryObject(_THREE)
    SealedReader(source, KEY, AAD, object_id="the object")
    assert source.reads == [(0, HEADER_BYTES), (2 * SEGMENT_BYTES, SEGMENT_BYTES)]


def test_a_segment_read_again_comes_from_the_cache() -> None:
    source = MemoryObject(_THREE)
    opened = SealedReader(source, KEY, AAD, object_id="the object")
    opened.read(10, 10)
    before = list(source.reads)
    assert opened.read(500, 10) == some_bytes(THREE_SEGMENTS)[500:510]
    assert source.reads == before


def test_the_cache_is_small() -> None:
    size = FIRST_PART_BYTES + 9 * PART_BYTES
    source = MemoryObject(sealed(bytes(size), KEY))
    opened = SealedReader(source, KEY, AAD, object_id="the object")
    opened.read(0, size)
    source.reads.clear()
    opened.read(0, 1)
    assert source.reads == [(HEADER_BYTES, SEGMENT_BYTES - HEADER_BYTES)]


@pytest.mark.parametrize("segment", [0, 1])
def test_a_changed_segment_is_refused_and_the_others_still_open(segment: int) -> None:
    data = bytearray(_THREE)
    data[segment * SEGMENT_BYTES + 1000] ^= 1
    opened = reader(bytes(data))
    start = (0, FIRST_PART_BYTES)[segment]
    with pytest.raises(SealBroken, match=f"segment {segment} was changed: the object"):
        opened.read(start, 1)
    other = (FIRST_PART_BYTES, 0)[segment]
    assert opened.read(other, 100) == some_bytes(THREE_SEGMENTS)[other : other + 100]


def test_a_changed_last_segment_is_refused_at_once() -> None:
    data = bytearray(_THREE)
    data[-1] ^= 1
    with pytest.raises(SealBroken, match="segment 2 was changed"):
        reader(bytes(data))


@given(place=st.integers(0, len(_THREE) - 1), bit=st.integers(0, 7))
def test_no_changed_bit_anywhere_is_ever_served(place: int, bit: int) -> None:
    data = bytearray(_THREE)
    data[place] ^= 1 << bit
    with pytest.raises(SealBroken):
        reader(bytes(data)).read(0, THREE_SEGMENTS)


@given(st.integers(0, len(_THREE) - 1))
def test_an_object_cut_anywhere_is_refused_at_once(size: int) -> None:
    with pytest.raises(SealBroken):
        reader(_THREE[:size])


@pytest.mark.parametrize("cut_at", [SEGMENT_BYTES, 2 * SEGMENT_BYTES])
def test_an_object_cut_between_segments_is_refused_at_once(cut_at: int) -> None:
    with pytest.raises(SealBroken, match="was changed"):
        reader(_THREE[:cut_at])


def test_an_object_with_bytes_behind_its_end_is_refused() -> None:
    with pytest.raises(SealBroken):
        reader(_THREE + b"x")


def test_two_swapped_segments_are_refused() -> None:
    data = sealed(some_bytes(FIRST_PART_BYTES + 3 * PART_BYTES), KEY)
    first, second, third, fourth = (
        data[i : i + SEGMENT_BYTES] for i in range(0, 4 * SEGMENT_BYTES, SEGMENT_BYTES)
    )
    with pytest.raises(SealBroken):
        reader(first + third + second + fourth).read(FIRST_PART_BYTES, 1)


def test_other_associated_data_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        reader(_THREE, associated_data=b"there")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        reader(_THREE, key=bytes(32))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_our_error(data: bytes) -> None:
    with pytest.raises(SealBroken):
        reader(data)


def test_a_key_of_another_length_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="31 bytes, allowed: 32"):
        SealedWriter(Pieces(), bytes(31), AAD)


def test_closing_the_reader_closes_the_object() -> None:
    source = MemoryObject(_THREE)
    with SealedReader(source, KEY, AAD, object_id="the object"):
        assert not source.closed
    assert source.closed
