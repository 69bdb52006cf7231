"""Anything at all, at any moment: the agent answers or is silent, and never fails."""

from hypothesis import given, settings
from hypothesis import strategies as st

from callvault.sip import Transport
from tests.sip.harness import Conversation, raw_request
from tests.sip.test_corpus import CORPUS

FILES = [path.read_bytes() for path in sorted(CORPUS.glob("*.sip"))]
TO = "<sip:srs@192.0.2.200>;tag=s1"
PLACES = st.floats(0, 1, exclude_max=True)
CHANGES = st.lists(st.tuples(PLACES, st.binary(max_size=3)), max_size=6)
METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "INFO", "REFER", "X")


def changed(raw: bytes, changes: list[tuple[float, bytes]]) -> bytes:
    """Write bytes over others at places given as parts of the length."""
    for place, piece in changes:
        index = int(place * len(raw))
        raw = raw[:index] + piece + raw[index + max(1, len(piece)) :]
    return raw


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=6), st.sampled_from(["udp", "tcp"]))
def test_no_bytes_upset_the_agent(pieces: list[bytes], transport: Transport) -> None:
    talk = Conversation(transport=transport)
    for piece in pieces:
        talk.send_raw_bytes(piece)
    talk.wait(100)
    assert talk.server.dialog_count == 0


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), CHANGES, st.sampled_from(["udp", "tcp"]))
def test_no_damage_to_a_message_upsets_the_agent(
    raw: bytes, changes: list[tuple[float, bytes]], transport: Transport
) -> None:
    talk = Conversation(transport=transport)
    talk.send_raw_bytes(changed(raw, changes))
    talk.wait(100)
    assert talk.server.dialog_count <= 1


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(METHODS),
            st.integers(0, 12),  # CSeq
            st.integers(0, 3),  # branch
            st.booleans(),  # inside the dialog
            st.booleans(),  # with SDP
            st.floats(0, 20),  # seconds until the next
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_no_order_of_requests_upsets_the_agent(
    requests: list[tuple[str, int, int, bool, bool, float]],
    answers: bool,
) -> None:
    """All ends well: after the longest timers nothing is left but dialogs that nobody ended."""
    talk = Conversation(answers=answers)
    for method, number, branch, inside, with_sdp, wait_s in requests:
        talk.send_raw_bytes(
            raw_request(
                method,
                cseq=f"{number} {method}",
                branch=f"z9hG4bK{branch}",
                to=TO if inside else "<sip:srs@192.0.2.200>",
                extra="Content-Type: application/sdp\r\n" if with_sdp else "",
                body="v=0\r\n" if with_sdp else "",
            )
        )
        talk.wait(wait_s)
    talk.wait(100)
    ends = talk.kinds().count("DialogEnded")
    assert talk.kinds().count("InviteReceived") == ends + talk.server.dialog_count
    assert talk.server.next_timer() is None
