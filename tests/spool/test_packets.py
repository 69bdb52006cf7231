"""The packets payload: round trip, and any bytes at all."""

import contextlib
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.spool import Packet, PacketsBlock, Source
from tests.spool.journals import BLOCK

ns = st.integers(0, 2**64 - 1)
numbers = st.tuples(st.integers(0, 65_535), st.integers(0, 255))
sources = st.builds(
    Source,
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    st.integers(0, 65_535),
)
packets = st.builds(
    Packet, st.integers(0, 65_535), st.integers(0, 255), st.booleans(), ns, st.binary(max_size=300)
)
blocks = st.builds(
    PacketsBlock, ns, ns, st.dictionaries(numbers, sources, max_size=5), st.lists(packets)
)


@given(blocks)
def test_a_block_reads_back(block: PacketsBlock) -> None:
    assert PacketsBlock.parse(bytes(block)) == block


@given(st.binary(max_size=400))
def test_any_bytes_are_a_block_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert len(bytes(PacketsBlock.parse(data))) <= len(data)


@pytest.mark.parametrize("length", range(len(bytes(BLOCK))))
def test_a_cut_block_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="packets block"):
        PacketsBlock.parse(bytes(BLOCK)[:length])


def test_bytes_behind_the_last_packet_are_refused() -> None:
    with pytest.raises(ValueError, match="ends at"):
        PacketsBlock.parse(bytes(BLOCK) + b"\0")


def test_a_count_that_no_memory_could_hold_is_refused_at_once() -> None:
    empty = bytearray(bytes(PacketsBlock(1, 2)))
    empty[-4:] = b"\xff\xff\xff\xff"
    with pytest.raises(ValueError, match="cut"):
        PacketsBlock.parse(bytes(empty))


def test_a_step_of_the_wall_clock_shows_between_two_blocks() -> None:
    before, after = PacketsBlock(1_000, 400), PacketsBlock(61_500, 900)
    assert after.clock_offset_ns - before.clock_offset_ns == 60_000


def test_addresses_keep_their_family() -> None:
    read = PacketsBlock.parse(bytes(BLOCK))
    assert isinstance(read.sources[0, 0].address, IPv4Address)
    assert isinstance(read.sources[1, 3].address, IPv6Address)
