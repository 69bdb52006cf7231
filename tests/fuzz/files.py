"""Files of ours that somebody else had in hand: journals, checkpoints, sealed objects."""

from contextlib import suppress
from io import BytesIO
from uuid import UUID

from callvault.errors import CallvaultError, JournalDamaged
from callvault.recorder.checkpoint import CheckpointDamaged, seal, unseal
from callvault.spool import JournalReader
from callvault.spool.entries import encode_entry
from callvault.spool.format import BlockKind, Preamble, Seal
from callvault.vault import SealedReader, recipients
from tests.spool.journals import ENVELOPE, HEADER, KEY
from tests.vault.fakes import MemoryObject

BETWEEN_BLOCKS = b"\0\0\0\0\0\0"
MAX_BLOCKS = 500  # a block costs more to seal than a byte to read
PREAMBLE = bytes(Preamble(HEADER.journal_id, ENVELOPE))
SEAL = Seal(KEY, PREAMBLE)
HEADED = PREAMBLE + SEAL.seal(BlockKind.HEADER, 0, encode_entry(HEADER))


def journal(data: bytes) -> None:
    """The first byte says: bytes of a file, or what stands inside of its blocks, opened."""
    if data[:1] < b"\x80":
        _read_journal(data[1:])
        return
    blocks = [
        SEAL.seal(BlockKind(payload[0] % 4 + 1) if payload else BlockKind.END, at, payload[1:])
        for at, payload in enumerate(data[1:].split(BETWEEN_BLOCKS, MAX_BLOCKS), 1)
    ]
    _read_journal(HEADED + b"".join(blocks))


def _read_journal(content: bytes) -> None:
    try:
        reader = JournalReader(BytesIO(content), lambda _: KEY)
    except JournalDamaged:
        return
    for _ in reader.blocks():
        assert reader.readable_until <= len(content)
    assert not (reader.ended and reader.readable_until < len(content)) or reader.damage


def checkpoint(data: bytes) -> None:
    """A file of its own, or what was sealed in it."""
    journal_id = UUID(int=1)
    content = data[1:] if data[:1] < b"\x40" else seal(data[1:], journal_id, KEY)
    with suppress(CheckpointDamaged):
        unseal(content, journal_id, KEY)


def sealed(data: bytes) -> None:
    """An envelope, or a sealed object."""
    with suppress(CallvaultError):
        recipients(data)
    with suppress(CallvaultError), SealedReader(MemoryObject(data), KEY, b"", object_id="x") as one:
        assert len(one.read(0, one.size)) == one.size
