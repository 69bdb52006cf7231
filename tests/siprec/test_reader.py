"""The one reader of all dialects, over the corpus and over nonsense."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import RemoteProtocolError
from callvault.siprec import (
    DataMode,
    Document,
    Extension,
    Line,
    MetadataState,
    NameId,
    Participant,
    ParticipantSession,
    ParticipantStreams,
    Roster,
    Session,
    Stream,
    read_metadata,
)

CORPUS = Path(__file__).parents[1] / "corpus" / "siprec"
INVALID = {
    "not_xml_invalid": "not XML",
    "empty_invalid": "not XML",
    "other_root_invalid": "without a recording element",
    "document_type_invalid": "document type declaration",
    "too_deep_invalid": "deeper than 64",
}


def _sessions(document: Document, *, lines: int) -> list[dict[str, object]]:
    state, roster = MetadataState(), Roster()
    state.apply(document)
    roster.learn(state.view, [Line(index, str(index + 1)) for index in range(lines)])
    return [
        {
            "key": session.key,
            "lines": list(session.lines),
            "guess": session.is_guess,
            "speakers": [
                [one.participant.name, *one.participant.aors, list(one.lines), one.is_present]
                for one in session.speakers
            ],
        }
        for session in roster.sessions()
    ]


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.json")), ids=lambda path: path.stem)
def test_each_document_of_the_corpus_tells_who_is_heard_where(path: Path) -> None:
    expected = json.loads(path.read_text())
    document = read_metadata(path.with_suffix(".xml").read_bytes())
    lines = 4 if path.stem == "several_sessions" else 2
    assert _sessions(document, lines=lines) == expected["sessions"]
    assert document.problem == expected["problem"]


@pytest.mark.parametrize(("name", "problem"), INVALID.items())
def test_what_is_no_metadata_is_refused_with_its_reason(name: str, problem: str) -> None:
    with pytest.raises(RemoteProtocolError, match=problem):
        read_metadata((CORPUS / f"{name}.xml").read_bytes())


def test_every_file_of_the_corpus_is_tested() -> None:
    documents = {path.stem for path in CORPUS.glob("*.xml")}
    assert documents == {path.stem for path in CORPUS.glob("*.json")} | INVALID.keys()


def test_a_document_is_read_whole() -> None:
    document = read_metadata(
        b"<recording><datamode>partial</datamode><group group_id='g'/>"
        b"<session session_id='c'><group-ref>g</group-ref><reason>r</reason>"
        b"<start-time>2026-03-12T14:25:30Z</start-time></session>"
        b"<participant participant_id='p'><nameID aor='sip:1@h'><name xml:lang='it'> </name>"
        b"<name>A</name></nameID><nameID aor='tel:+1'/><x:role xmlns:x='u' kind='k'>boss</x:role>"
        b"</participant><stream stream_id='s' session_id='c'><label> 1 </label></stream>"
        b"<participantstreamassoc participant_id='p'><send>s</send></participantstreamassoc>"
        b"</recording>"
    )
    assert document == Document(
        mode=DataMode.PARTIAL,
        groups=document.groups,
        sessions=(Session("c", "g", started="2026-03-12T14:25:30Z", reasons=("r",)),),
        participants=(Participant("p", (NameId("sip:1@h", "A"), NameId("tel:+1"))),),
        streams=(Stream("s", "c", "1"),),
        participant_streams=(ParticipantStreams("p", ("s",)),),
        extensions=(Extension("participant", "p", (("role@kind", "k"), ("role", "boss"))),),
        content=document.content,
    )


def test_extension_data_is_kept_with_the_object_that_it_is_said_of() -> None:
    document = read_metadata(
        b"<recording_metadata><session id='c'><extensiondata xmlns:apkt='u'>"
        b"<apkt:callerOrig>true</apkt:callerOrig></extensiondata></session>"
        b"<extensiondata id='x' parent='c'><vendorData version='4.0'><userID>ann@h</userID>"
        b"<callType><origCall/></callType></vendorData></extensiondata>"
        b"<extensiondata><loose>1</loose></extensiondata></recording_metadata>"
    )
    assert document.extensions == (
        Extension(
            "session",
            "c",
            (
                ("callerOrig", "true"),
                ("vendorData@version", "4.0"),
                ("vendorData/userID", "ann@h"),
                ("vendorData/callType/origCall", ""),
            ),
        ),
        Extension("recording", "", (("loose", "1"),)),
    )


def test_extension_data_is_bounded() -> None:
    many = b"<a>1</a>" * 300
    large = b"<a>" + b"x" * 1000 + b"</a>"
    assert len(read_metadata(b"<recording>%s</recording>" % many).extensions[0].values) == 256
    assert len(read_metadata(b"<recording>%s</recording>" % (large * 99)).extensions[0].values) < 33


def test_times_in_a_participant_of_the_drafts_are_its_membership() -> None:
    document = read_metadata(
        b"<recording><participant id='p' session='c'><associate-time>2026-03-12T14:25:30"
        b"</associate-time><disassociate-time>2026-03-12T14:26:00</disassociate-time>"
        b"</participant></recording>"
    )
    assert document.participant_sessions == (
        ParticipantSession("p", "c", left="2026-03-12T14:26:00", joined="2026-03-12T14:25:30"),
    )


def test_the_placeholder_of_an_sbc_is_nobody() -> None:
    document = read_metadata(
        b"<recording><participant participant_id='p1'><nameID aor='sip:2001@h'/></participant>"
        b"<participant participant_id='p2'><nameID aor='sip:ASBCE@asbce.com'/></participant>"
        b"<participantstreamassoc participant_id='p2'><send>s2</send></participantstreamassoc>"
        b"</recording>"
    )
    assert document.participants == (Participant("p1", (NameId("sip:2001@h"),)),)
    assert document.participant_streams == ()


ONE = b"<recording><stream a='1' id='s'/> <session id='c'/></recording>"


@pytest.mark.parametrize(
    ("other", "is_repeat"),
    [
        (ONE, True),
        (b"<recording>\n<stream id='s' a='1'></stream><session id='c'/></recording>", True),
        (b"<recording><stream id='t' a='1'/><session id='c'/></recording>", False),
        (b"<recording><stream id='s' a='2'/><session id='c'/></recording>", False),
        (b"<recording><session id='c'/><stream id='s' a='1'/></recording>", False),
        (ONE + b" " * 32_768, False),
    ],
    ids=["same", "blanks and order", "id", "unknown attribute", "order of objects", "too long"],
)
def test_what_says_the_same_again_is_a_repeat(other: bytes, *, is_repeat: bool) -> None:
    state = MetadataState()
    assert not state.apply(read_metadata(ONE)).is_repeat
    assert state.apply(read_metadata(other)).is_repeat is is_repeat


def test_what_was_not_read_from_a_document_is_never_a_repeat() -> None:
    state, document = MetadataState(), Document(participants=(Participant("p"),))
    assert [state.apply(document).is_repeat for _ in range(2)] == [False, False]


def test_more_objects_than_a_call_can_have_are_left_out_and_said() -> None:
    document = read_metadata(b"<recording>" + b"<participant id='p'/>" * 201 + b"</recording>")
    assert document.problem == "more than 200 participant elements"


def test_more_identities_and_streams_than_one_person_has_are_left_out() -> None:
    document = read_metadata(
        b'<recording><participant id="p">'
        + b'<nameID aor="sip:1001@h"/>' * 100
        + b'</participant><participantstreamassoc participant_id="p">'
        + b"<send>s</send>" * 100
        + b"</participantstreamassoc></recording>"
    )
    assert len(document.participants[0].identities) == 32
    assert len(document.participant_streams[0].sends) == 32


def test_more_attributes_than_any_element_has_are_refused() -> None:
    attributes = " ".join(f"a{n}='{n}'" for n in range(257)).encode()
    with pytest.raises(RemoteProtocolError, match="more than 256 attributes"):
        read_metadata(b"<recording><x " + attributes + b"/></recording>")


@pytest.mark.parametrize(
    "content",
    [
        b"<recording>" + b"<a>" * 300_000,
        b"<recording>" + b"<a b='c'/>" * 20_000 + b"</recording>",
        b"<recording " + b"a='1' " * 40_000 + b"/>",
        b"<recording>" + b"<participant id='p'><send>1</send></participant>" * 5_000,
        b"<recording><%s>" % (b"n" * 100_000) + b"<a/>" * 7_000,
        b"&" * 262_000,
        b"<sip:" * 50_000,
        b"\xff" * 1_000_000,
    ],
)
def test_hostile_documents_cost_little(content: bytes) -> None:
    started = time.thread_time()
    try:
        read_metadata(content)
    except RemoteProtocolError as error:
        assert str(error) != ""  # noqa: PT017 - either outcome is fine, only the time counts
    assert time.thread_time() - started < 0.15


KNOWN = "recording session participant stream nameID name aor send recv id label group datamode"
NAMES = st.sampled_from([*KNOWN.split(), "participantstreamassoc", "tns:x", "extensiondata"])
WORDS = st.text(max_size=8) | st.sampled_from(["p1", "s1", "cs1", "sip:1@h", "1", "&", "<"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    """Draw an element that is nearly metadata, well-formed or not."""
    name = draw(NAMES)
    attribute = f"{draw(NAMES)}_id='{draw(WORDS)}' id='{draw(WORDS)}'"
    inside = draw(st.lists(elements(depth=depth - 1), max_size=4)) if depth else [draw(WORDS)]
    return f"<{name} {attribute}>{''.join(inside)}</{name}>"


@given(st.lists(elements(), max_size=6))
def test_any_near_metadata_is_read_and_resolved_or_refused(parts: list[str]) -> None:
    text = f"<recording>{''.join(parts)}</recording>".encode("utf-8", "surrogatepass")
    try:
        document = read_metadata(text)
    except RemoteProtocolError:
        return
    for session in _sessions(document, lines=2):
        assert session["lines"] in ([], [0], [1], [0, 1])


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for text in (content, b"<recording>" + content):
        try:
            document = read_metadata(text)
        except RemoteProtocolError:
            continue
        assert document.content == text


# --- the order of elements

WHOLE = [
    "<datamode>complete</datamode>",
    "<group group_id='g1'/>",
    "<session session_id='c1'><group-ref>g1</group-ref></session>",
    "<participant participant_id='p1'><nameID aor='sip:2001@h'><name>Ann</name></nameID>"
    "</participant>",
    "<participant participant_id='p2'><nameID aor='sip:+15550142@h'/></participant>",
    "<stream stream_id='s1' session_id='c1'><label>1</label></stream>",
    "<stream stream_id='s2' session_id='c1'><label>2</label></stream>",
    "<sessionrecordingassoc session_id='c1'/>",
    "<participantsessionassoc participant_id='p1' session_id='c1'/>",
    "<participantsessionassoc participant_id='p2' session_id='c1'/>",
    "<participantstreamassoc participant_id='p1'><send>s1</send><recv>s2</recv>"
    "</participantstreamassoc>",
    "<participantstreamassoc participant_id='p2'><recv>s1</recv><send>s2</send>"
    "</participantstreamassoc>",
]


def _document_of(elements: list[str]) -> Document:
    text = "".join(elements)
    return read_metadata(
        f"<recording xmlns='urn:ietf:params:xml:ns:recording:1'>{text}</recording>".encode()
    )


@given(elements=st.permutations(WHOLE))
def test_elements_may_come_in_any_order(elements: list[str]) -> None:
    """RFC 7865 fixes one; vendors keep to theirs, and say associations before what they join."""
    document = _document_of(elements)
    assert document.problem == ""
    (session,) = _sessions(document, lines=2)
    speakers = sorted(session["speakers"], key=str)  # type: ignore[call-overload]
    assert speakers == [["", "sip:+15550142@h", [1], True], ["Ann", "sip:2001@h", [0], True]]
    assert (session["guess"], session["lines"]) == (False, [0, 1])


@given(
    early=st.permutations(WHOLE[1:]),
    cut=st.integers(0, len(WHOLE) - 1),
)
def test_what_updates_tell_in_any_order_and_portions_is_the_same(
    early: list[str], cut: int
) -> None:
    state, roster = MetadataState(), Roster()
    partial = "<datamode>partial</datamode>"
    for portion in (early[:cut], early[cut:]):
        state.apply(_document_of([partial, *portion]))
    roster.learn(state.view, [Line(0, "1"), Line(1, "2")])
    (session,) = roster.sessions()
    heard = {one.participant.aors: one.lines for one in session.speakers}
    assert heard == {("sip:2001@h",): (0,), ("sip:+15550142@h",): (1,)}
