"""What was said of a call comes back at the head of a journal of its rest."""

import msgspec

from callvault.recorder.said import MAX_KEPT_BYTES, Said
from callvault.spool.entries import MetadataSeen, SignallingSeen

TYPE = "application/rs-metadata+xml"


def heard(said: Said, raw: bytes, *, sent: bool = False) -> None:
    said.hear(SignallingSeen(1, sent, raw))


def learnt(said: Said, raw: bytes, *, is_whole: bool) -> None:
    said.learn(MetadataSeen(1, TYPE, raw), is_whole=is_whole)


def test_the_invite_the_last_whole_document_and_the_last_update_are_kept() -> None:
    said = Said()
    heard(said, b"INVITE")
    heard(said, b"SIP/2.0 200 OK", sent=True)
    heard(said, b"UPDATE")
    for raw, is_whole in ((b"a", True), (b"b", False), (b"c", True), (b"d", False), (b"e", False)):
        learnt(said, raw, is_whole=is_whole)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(said), type=Said)
    assert list(again.again(9)) == [
        SignallingSeen(9, sent=False, raw=b"INVITE"),
        MetadataSeen(9, TYPE, b"c"),
        MetadataSeen(9, TYPE, b"e"),
    ]


def test_what_comes_in_updates_only_is_kept_too() -> None:
    said = Said()
    learnt(said, b"first", is_whole=False)
    learnt(said, b"second", is_whole=False)
    assert [getattr(one, "raw", b"") for one in said.again(9)] == [b"first", b"second"]


def test_nothing_larger_than_the_bound_is_kept() -> None:
    said = Said()
    learnt(said, bytes(MAX_KEPT_BYTES + 1), is_whole=True)
    assert list(said.again(9)) == []
