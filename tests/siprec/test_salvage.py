"""Parties out of what is not to be parsed, or cannot be."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.siprec import DataMode, Document, NameId, Participant, Stream, salvage
from callvault.siprec.salvage import MAX_SALVAGED

BOMB = b"""<!DOCTYPE recording [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><recording>
<nameID aor="sip:2001@h"><name xml:lang="en">Ann &amp; Co &b;</name></nameID>
<participant><aor>sip:+15550142999@h</aor></participant><label> 1 </label><label>2</label>"""


def test_addresses_names_and_labels_are_found_and_no_entity_is_expanded() -> None:
    assert salvage(BOMB, "why") == Document(
        mode=DataMode.PARTIAL,
        participants=(
            Participant("#1", (NameId("sip:2001@h", "Ann & Co"),)),
            Participant("#2", (NameId("sip:+15550142999@h"),)),
        ),
        streams=(Stream("#1", label="1"), Stream("#2", label="2")),
        problem="why",
    )


def test_there_is_nothing_to_find_in_something_else() -> None:
    assert salvage(b"<html aor='sip:1@h'/>", "") is None
    assert salvage(b"<recording>nobody</recording>", "") is None
    assert salvage(b"<recording>" + b" " * 70_000 + b"aor='sip:1@h'", "") is None


def test_what_is_found_is_bounded() -> None:
    many = b"".join(b"<nameID aor='sip:%d@h'/>" % n for n in range(1000))
    found = salvage(b"<recording>" + many, "")
    assert found is not None
    assert len(found.participants) == MAX_SALVAGED


@pytest.mark.parametrize("piece", [b"aor=", b"<aor>", b"aor='", b"<name ", b"&aaaa", b"<label>"])
def test_hostile_text_costs_little(piece: bytes) -> None:
    content = b"<recording aor='sip:1@h'>" + piece * (250_000 // len(piece))
    started = time.thread_time()
    salvage(content, "")
    assert time.thread_time() - started < 0.1


@given(st.binary(max_size=300))
def test_salvaging_never_fails(content: bytes) -> None:
    salvage(b"<recording " + content, "")
