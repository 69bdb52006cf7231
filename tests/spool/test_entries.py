"""Entries as bytes: whatever a peer wrote into its headers must not cost the entry."""

from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callvault.spool.entries import (
    Event,
    JournalHeader,
    PeerAttempt,
    SignallingSeen,
    TimelineEvent,
    encode_entry,
)
from callvault.spool.readable import readable


def test_a_latin_1_name_is_read_as_what_it_is() -> None:
    name = b"Jos\xe9 Mu\xf1oz".decode("utf-8", "surrogateescape")
    entry = TimelineEvent(1, "party_joined", who=name)
    assert msgspec.json.decode(encode_entry(entry), type=Event) == TimelineEvent(
        1, "party_joined", who="José Muñoz"
    )


def test_a_header_with_bytes_in_its_call_id_and_a_nul_can_be_written() -> None:
    header = JournalHeader(UUID(int=7), "dialog", "callvault-1", 1, call_id="a\udcff\0b@c")
    read = msgspec.json.decode(encode_entry(header), type=JournalHeader)
    assert read == msgspec.structs.replace(header, call_id="aÿb@c")


def test_raw_messages_are_kept_to_the_byte() -> None:
    entry = SignallingSeen(1, sent=False, raw=b"INVITE \xff\x00\x80")
    assert msgspec.json.decode(encode_entry(entry), type=Event) == entry


def test_a_text_that_is_fit_already_stays_as_it_is() -> None:
    entry = TimelineEvent(1, "held", who="Zoë \\u0000 ☎")
    assert msgspec.json.decode(encode_entry(entry), type=Event) == entry


@given(st.binary(max_size=64))
def test_any_bytes_of_a_stranger_can_be_written(said: bytes) -> None:
    text = said.decode("utf-8", "surrogateescape")
    attempt = PeerAttempt(1, UUID(int=1), "192.0.2.1", 5060, "udp", "INVITE", text, text)
    read = msgspec.json.decode(encode_entry(attempt), type=Event)
    assert read == msgspec.structs.replace(
        attempt, request_uri=readable(text), user_agent=readable(text)
    )
    assert "\0" not in readable(text)


@given(st.text(st.characters(), max_size=64))
def test_readable_text_can_be_encoded(text: str) -> None:
    once = readable(text)
    assert (readable(once), once.encode().decode()) == (once, once)
