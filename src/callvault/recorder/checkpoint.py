"""Checkpoints: what a restarted recorder needs to go on with a call, sealed; no audio in it.

Format: docs/formats/checkpoint.md. Each writing has a key of its own, derived from the node's key
and a random salt, so that no nonce is ever used twice however often calls change.
"""

import logging
import os
import struct
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from callvault import sip
from callvault.errors import SpoolError
from callvault.recorder.memory import SessionMemory
from callvault.recorder.parties import Parties
from callvault.recorder.said import Said

logger = logging.getLogger(__name__)

MAGIC = b"CVCKPT01"
VERSION = 2
MAX_BYTES = 1_048_576  # of a file
_HEAD = struct.Struct("<8sHH16s32s")  # magic, version, flags, journal, salt
_NONCE = bytes(12)
_TAG_BYTES = 16
_MAX_PAYLOAD = MAX_BYTES - _HEAD.size - _TAG_BYTES
_INFO = b"callvault checkpoint"


class CheckpointDamaged(SpoolError):
    """A checkpoint is not what was written, or of another version: its call cannot go on."""


class Checkpoint(msgspec.Struct, frozen=True):
    """One call in progress."""

    journal_id: UUID  # of the piece that the next one continues
    dialog: sip.SavedDialog
    session: SessionMemory


_DECODER = msgspec.msgpack.Decoder(Checkpoint)
_ENCODER = msgspec.msgpack.Encoder()
_NOT_UNICODE = b"\xc1"  # begins no MessagePack
_TO_PRIVATE_USE = {0xDC80 + byte: 0xF780 + byte for byte in range(128)}
_FROM_PRIVATE_USE = {to: of for of, to in _TO_PRIVATE_USE.items()}


def encode(checkpoint: Checkpoint) -> bytes | None:
    """Return a checkpoint as it is sealed, without what is not needed if it is too large.

    None: it is too large even so; the call goes on, and ends with the recorder.
    """
    payload = _encoded(checkpoint)
    for lighter in _LIGHTER:
        if len(payload) <= _MAX_PAYLOAD:
            return payload
        checkpoint = msgspec.structs.replace(checkpoint, session=lighter(checkpoint.session))
        payload = _encoded(checkpoint)
    if len(payload) <= _MAX_PAYLOAD:
        return payload
    logger.warning("rs=%s state of %d bytes is too large", checkpoint.journal_id, len(payload))
    return None


def _without_what_was_said(memory: SessionMemory) -> SessionMemory:
    """Leave out what only fills the details of a recording of the rest of a call."""
    said = Said(memory.said.first_journal_id, earlier=memory.said.earlier)
    return msgspec.structs.replace(memory, said=said)


def _without_the_last_document(memory: SessionMemory) -> SessionMemory:
    """Leave out what tells that a document says nothing new."""
    return _with_parties(
        memory, replace(memory.parties, state=replace(memory.parties.state, last=None))
    )


def _without_ids(memory: SessionMemory) -> SessionMemory:
    """Leave out the ids that link a conversation, and vendors' hints; parties and lines stay."""
    state = replace(memory.parties.state, hints={})
    return _with_parties(memory, replace(memory.parties, state=state, of_sessions={}))


def _with_parties(memory: SessionMemory, parties: Parties) -> SessionMemory:
    return msgspec.structs.replace(memory, parties=parties)


_LIGHTER = (_without_what_was_said, _without_the_last_document, _without_ids)
"""What a checkpoint can do without, the least needed first."""


def _encoded(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as bytes.

    SIP text with bytes that are no UTF-8 (a name in Latin-1) must come back byte for byte, since
    the peer compares it. MessagePack refuses the surrogates that stand for them, so that these
    move to code points of private use, and a byte in front says so.
    """
    try:
        return _ENCODER.encode(checkpoint)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(checkpoint, builtin_types=(bytes,))
        return _NOT_UNICODE + _ENCODER.encode(_translated(plain, _TO_PRIVATE_USE))


def _decode(payload: bytes) -> Checkpoint:
    if not payload.startswith(_NOT_UNICODE):
        return _DECODER.decode(payload)
    plain = msgspec.msgpack.decode(payload[1:])
    return msgspec.convert(_translated(plain, _FROM_PRIVATE_USE), Checkpoint)


def _translated(value: Any, table: dict[int, int]) -> Any:
    """Return builtins with the code points of all texts replaced."""
    match value:
        case str():
            return value.translate(table)
        case dict():
            return {_translated(key, table): _translated(one, table) for key, one in value.items()}
        case list() | tuple():
            return type(value)(_translated(one, table) for one in value)
        case _:
            return value


def seal(payload: bytes, journal_id: UUID, node_key: bytes, *, info: bytes = _INFO) -> bytes:
    """Return the file's bytes for an encoded checkpoint, as the native part writes them.

    `info` says what is sealed: one thing is never taken for another.
    """
    salt = os.urandom(32)
    head = _HEAD.pack(MAGIC, VERSION, 0, journal_id.bytes, salt)
    return head + AESGCM(_derive(node_key, salt, info)).encrypt(_NONCE, payload, head)


def unseal(content: bytes, journal_id: UUID, node_key: bytes) -> Checkpoint:
    """Open a checkpoint that `seal` made for this journal. Raises CheckpointDamaged."""
    payload = open_sealed(content, journal_id, node_key)
    try:
        checkpoint = _decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise CheckpointDamaged("checkpoint says what this version does not know") from None
    if checkpoint.journal_id != journal_id:
        raise CheckpointDamaged("checkpoint is not of this journal")
    return checkpoint


def open_sealed(content: bytes, journal_id: UUID, node_key: bytes, *, info: bytes = _INFO) -> bytes:
    """Return what was sealed for this journal. Raises CheckpointDamaged."""
    if len(content) < _HEAD.size:
        raise CheckpointDamaged("checkpoint is cut off")
    head, sealed = content[: _HEAD.size], content[_HEAD.size :]
    magic, version, flags, named, salt = _HEAD.unpack(head)
    if magic != MAGIC or named != journal_id.bytes:
        raise CheckpointDamaged("checkpoint is not of this journal")
    if version != VERSION or flags:
        raise CheckpointDamaged(f"checkpoint has version {version}, not {VERSION}")
    try:
        return AESGCM(_derive(node_key, salt, info)).decrypt(_NONCE, sealed, head)
    except InvalidTag:
        raise CheckpointDamaged("checkpoint does not open") from None


def _derive(node_key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(node_key)
