"""The reader against whole, cut, damaged and hostile journals."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import JournalDamaged, KeyUnavailable
from callvault.spool import JournalReader
from callvault.spool.format import BlockKind, Preamble, Seal
from tests.spool.journals import ENTRIES, ENVELOPE, HEADER, KEY, read, unwrap, write

PREAMBLE = bytes(Preamble(HEADER.journal_id, ENVELOPE))
SEAL = Seal(KEY, PREAMBLE)


def journal_of(path: Path, *blocks: tuple[BlockKind | int, int, bytes]) -> Path:
    """Write a journal with a true header and then these blocks, properly sealed."""
    write(path, ended=False)
    header_end = write(path.with_suffix(".sizes"), ended=False)[0]
    content = path.read_bytes()[:header_end]
    for kind, counter, payload in blocks:
        content += SEAL.seal(kind, counter, payload)  # type: ignore[arg-type]
    path.write_bytes(content)
    return path


def test_a_whole_journal_reads_back(tmp_path: Path) -> None:
    offsets = write(tmp_path / "a.cvj")
    entries, reader = read(tmp_path / "a.cvj")
    assert entries == ENTRIES
    assert reader.header == HEADER
    assert reader.envelope == ENVELOPE
    assert (reader.ended, reader.damage, reader.readable_until) == (True, None, offsets[-1])


def test_a_journal_without_its_end_is_cut_off(tmp_path: Path) -> None:
    write(tmp_path / "a.cvj", ended=False)
    entries, reader = read(tmp_path / "a.cvj")
    assert entries == ENTRIES
    assert (reader.ended, reader.damage) == (False, None)


def test_a_journal_cut_at_any_byte_gives_all_whole_blocks(tmp_path: Path) -> None:
    offsets = write(tmp_path / "a.cvj")
    content = (tmp_path / "a.cvj").read_bytes()
    cut = tmp_path / "cut.cvj"
    for length in range(offsets[0], len(content)):
        cut.write_bytes(content[:length])
        entries, reader = read(cut)
        whole = sum(offset <= length for offset in offsets) - 1
        assert entries == ENTRIES[:whole]
        assert (reader.ended, reader.damage) == (False, None)
        assert reader.readable_until == offsets[whole]


def test_a_journal_cut_in_its_preamble_or_header_is_damage(tmp_path: Path) -> None:
    header_end = write(tmp_path / "a.cvj")[0]
    content = (tmp_path / "a.cvj").read_bytes()
    for length in range(header_end):
        (tmp_path / "cut.cvj").write_bytes(content[:length])
        with pytest.raises(JournalDamaged):
            JournalReader.open(tmp_path / "cut.cvj", unwrap)


@given(offset=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_bit_is_found_and_all_before_it_read(
    tmp_path_factory: pytest.TempPathFactory, offset: int, bit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.cvj"
    path.unlink(missing_ok=True)
    offsets = write(path)
    content = bytearray(path.read_bytes())
    place = offsets[0] + offset % (len(content) - offsets[0])
    content[place] ^= 1 << bit
    path.write_bytes(content)
    entries, reader = read(path)
    whole = sum(end <= place for end in offsets) - 1
    assert entries == ENTRIES[:whole]
    assert not reader.ended
    # The last block with a changed length cannot be told from one that was torn.
    assert reader.damage is not None or place >= offsets[-2]
    assert reader.readable_until == offsets[whole]


def test_a_length_changed_to_reach_beyond_the_end_is_damage_and_not_a_torn_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.cvj"
    offsets = write(path)
    content = bytearray(path.read_bytes())
    for whole, offset in enumerate(offsets[:-2]):
        changed = bytearray(content)
        changed[offset + 2] = 0x7F  # of a u32: over 8 MiB
        path.write_bytes(changed)
        entries, reader = read(path)
        assert entries == ENTRIES[:whole]
        assert reader.damage is not None
        assert reader.damage.readable_until == offset


@given(st.binary(max_size=300))
def test_any_bytes_behind_a_header_end_reading_without_an_error(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    path = journal_of(tmp_path_factory.mktemp("tail") / "a.cvj")
    header_end = path.stat().st_size
    path.write_bytes(path.read_bytes() + tail)
    entries, reader = read(path)
    assert entries == []
    assert reader.readable_until == header_end
    assert not reader.ended


@given(st.binary(max_size=300))
def test_any_file_is_a_journal_or_damage(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.cvj"
    path.write_bytes(content)
    with pytest.raises(JournalDamaged):
        JournalReader.open(path, unwrap)


def test_a_rest_of_zeros_is_torn(tmp_path: Path) -> None:
    offsets = write(tmp_path / "a.cvj", ended=False)
    content = (tmp_path / "a.cvj").read_bytes()
    for zeros in (1, 12, 13, 100_000):
        (tmp_path / "a.cvj").write_bytes(content + bytes(zeros))
        entries, reader = read(tmp_path / "a.cvj")
        assert entries == ENTRIES
        assert (reader.damage, reader.readable_until) == (None, offsets[-1])


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([(BlockKind.EVENT, 2, b"{}")], "block 2 where 1 should be"),
        ([(BlockKind.HEADER, 1, b"{}")], "second header"),
        ([(BlockKind.PACKETS, 1, b"short")], "packets block is cut"),
        ([(9, 1, b"")], "block 1 does not open"),
        ([(BlockKind.END, 1, b"x")], "end block with content"),
    ],
)
def test_a_block_out_of_order_is_damage_even_if_it_opens(
    tmp_path: Path, blocks: list[tuple[int, int, bytes]], message: str
) -> None:
    header_end = journal_of(tmp_path / "b.cvj").stat().st_size
    path = journal_of(tmp_path / "a.cvj", *blocks)
    entries, reader = read(path)
    assert entries == []
    assert reader.damage is not None
    assert message in str(reader.damage)
    assert (reader.damage.offset, reader.readable_until) == (header_end, header_end)


def test_bytes_after_the_end_are_damage_of_an_ended_journal(tmp_path: Path) -> None:
    end = write(tmp_path / "a.cvj")[-1]
    with (tmp_path / "a.cvj").open("ab") as file:
        file.write(b"x")
    entries, reader = read(tmp_path / "a.cvj")
    assert entries == ENTRIES
    assert reader.ended
    assert reader.damage is not None
    assert reader.damage.readable_until == end


def test_an_event_of_a_newer_recorder_is_skipped_and_counted(tmp_path: Path) -> None:
    newer = b'{"type": "telepathy", "at_ns": 5}'
    known = b'{"type": "ended", "at_ns": 5, "reason": "bye", "mood": "good"}'
    path = journal_of(tmp_path / "a.cvj", (BlockKind.EVENT, 1, newer), (BlockKind.EVENT, 2, known))
    entries, reader = read(path)
    assert [type(entry).__name__ for entry in entries] == ["DialogEnded"]
    assert (reader.skipped_events, reader.damage) == (1, None)


def test_a_live_journal_is_followed(tmp_path: Path) -> None:
    offsets = write(tmp_path / "a.cvj")
    content = (tmp_path / "a.cvj").read_bytes()
    live = tmp_path / "live.cvj"
    live.write_bytes(content[: offsets[2] + 5])
    with JournalReader.open(live, unwrap) as reader:
        assert list(reader.blocks()) == ENTRIES[:2]
        live.write_bytes(content)
        assert list(reader.blocks()) == ENTRIES[2:]
        assert reader.ended


def test_the_header_must_belong_to_the_preamble(tmp_path: Path) -> None:
    path = tmp_path / "a.cvj"
    write(path)
    content = path.read_bytes()[len(PREAMBLE) :]
    path.write_bytes(bytes(Preamble(HEADER.journal_id, ENVELOPE + b"x")) + content)
    with pytest.raises(JournalDamaged, match="does not open"):
        JournalReader.open(path, lambda _: KEY)


def test_a_missing_key_is_the_callers_to_see_and_the_file_is_closed(tmp_path: Path) -> None:
    def no_key(_: bytes) -> bytes:
        raise KeyUnavailable("no certificate here opens it")

    write(tmp_path / "a.cvj")
    with pytest.raises(KeyUnavailable):  # an open file would be a ResourceWarning, hence an error
        JournalReader.open(tmp_path / "a.cvj", no_key)
