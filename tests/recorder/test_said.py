"""What was said of a call comes back at the head of a journal of its rest."""

import msgspec

from callvault.recorder.said import MAX_KEPT_BYTES, Said
from callvault.spool.entries import MetadataSeen, SignallingSeen
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, request, sdp

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


def test_metadata_of_the_invite_are_kept_in_it_alone() -> None:
    said, document = Said(), metadata(ANN, REMOTE)
    invite = bytes(request("INVITE", both(sdp(), document), MULTIPART))
    learnt(said, document, is_whole=True)
    heard(said, invite)
    assert said.whole is None
    learnt(said, b"update", is_whole=False)
    assert [one.raw for one in said.again(9)] == [invite, document, b"update"]


def test_nothing_larger_than_the_bound_is_kept() -> None:
    said = Said()
    heard(said, bytes(MAX_KEPT_BYTES + 1))
    learnt(said, bytes(MAX_KEPT_BYTES + 1), is_whole=True)
    assert list(said.again(9)) == []
    learnt(said, b"a", is_whole=True)
    assert [one.raw for one in said.again(9)] == [b"a"]
