"""Preamble and sealing, checked against bytes put together by hand."""

import hashlib
import zlib
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import JournalDamaged
from callvault.spool.format import BlockKind, Preamble, Seal
from tests.spool.journals import ENVELOPE, KEY

PREAMBLE = Preamble(UUID(int=7), ENVELOPE)


def test_a_preamble_is_laid_out_as_the_document_says() -> None:
    body = b"CVJOURN1" + b"\x01\x00" + b"\x00\x00" + bytes(15) + b"\x07"
    body += len(ENVELOPE).to_bytes(4, "little") + ENVELOPE
    assert bytes(PREAMBLE) == body + zlib.crc32(body).to_bytes(4, "little")


def test_a_preamble_reads_back() -> None:
    assert Preamble.parse(bytes(PREAMBLE)) == PREAMBLE


@pytest.mark.parametrize("offset", range(len(bytes(PREAMBLE))))
def test_a_preamble_with_a_changed_byte_is_damage(offset: int) -> None:
    changed = bytearray(bytes(PREAMBLE))
    changed[offset] ^= 1
    with pytest.raises(JournalDamaged):
        Preamble.parse(bytes(changed))


@given(st.binary(max_size=200))
def test_random_bytes_are_damage(data: bytes) -> None:
    with pytest.raises(JournalDamaged) as damage:  # random bytes have no true checksum
        Preamble.parse(data)
    assert damage.value.readable_until == 0


@given(st.binary(max_size=100))
def test_random_bytes_behind_a_true_start_are_damage(data: bytes) -> None:
    with pytest.raises(JournalDamaged):
        Preamble.parse(bytes(PREAMBLE)[:32] + data)


def test_a_block_is_sealed_as_the_document_says() -> None:
    block = Seal(KEY, b"preamble").seal(BlockKind.EVENT, 258, b"hello")
    head = (21).to_bytes(4, "little") + b"\x03" + (258).to_bytes(8, "little")
    associated = hashlib.sha256(b"preamble").digest() + head[4:]
    nonce = bytes(4) + (258).to_bytes(8, "big")
    assert block == head + AESGCM(KEY).encrypt(nonce, b"hello", associated)


def test_a_block_opens_only_at_its_place_of_its_kind_in_its_journal() -> None:
    seal = Seal(KEY, b"preamble")
    sealed = seal.seal(BlockKind.EVENT, 4, b"hello")[13:]
    assert seal.open(BlockKind.EVENT, 4, sealed) == b"hello"
    assert seal.open(BlockKind.EVENT, 5, sealed) is None
    assert seal.open(BlockKind.PACKETS, 4, sealed) is None
    assert Seal(KEY, b"another").open(BlockKind.EVENT, 4, sealed) is None
    assert Seal(bytes(32), b"preamble").open(BlockKind.EVENT, 4, sealed) is None
