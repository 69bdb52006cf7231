"""What CUCM says, read by Callvault's own reader: what is written apart must be understood."""

from callvault.cucm import Side, key_of, key_of_mirror, leg_of_invite, makes_pair
from callvault.cucm.leg import RecordingLeg
from callvault.simulator.cucm.plan import CucmWishes, Scene
from callvault.simulator.cucm.words import CucmClient, folded
from callvault.simulator.script import Speaker
from callvault.sip import Headers, Request, parse_message
from tests.simulator.cucm.calls import FLOW, PRIYA, new_call, script


def invite_of(wishes: CucmWishes, side: Speaker, pair: int = -1) -> tuple[bytes, Request]:
    """Return the INVITE as it goes on the wire, and read."""
    leg = new_call(wishes).pairs[pair].legs[side]
    client = CucmClient()
    client.invite(FLOW, leg.words.invitation(FLOW), now=0.0)
    ((_, data),) = client.messages_to_send()
    read = parse_message(data)
    assert isinstance(read, Request)
    return data, read


def leg_of(side: Speaker, wishes: CucmWishes | None = None) -> RecordingLeg:
    leg = leg_of_invite(invite_of(wishes or CucmWishes(), side)[1], has_metadata=False)
    assert leg is not None
    return leg


def test_both_calls_of_a_pair_are_read_as_one() -> None:
    near, far = leg_of(Speaker.OWNER), leg_of(Speaker.REMOTE)
    assert (near.side, far.side) == (Side.NEAR, Side.FAR)
    assert makes_pair(near, far, trunk="any")
    assert near.near.device != far.near.device
    assert near.recorded_number == "2014"
    assert near.far.number == "+15550142"
    assert near.session_id == far.session_id
    assert not near.is_conference


def test_from_is_folded_and_nothing_else_is() -> None:
    data, read = invite_of(CucmWishes(), Speaker.OWNER)
    start = data.index(b"From:")
    lines = data[start : data.index(b"\r\nTo:")].split(b"\r\n")
    assert len(lines) == 4
    assert all(line.startswith(b" ") for line in lines[1:])
    assert b"; x-" in lines[0]
    assert read.from_address.tag.count("~") == 1
    assert folded(b"BYE sip:x SIP/2.0\r\nTo: <sip:a; x-b>\r\n\r\nFrom: a; x-b; x-c; x-d; x-e") == (
        b"BYE sip:x SIP/2.0\r\nTo: <sip:a; x-b>\r\n\r\nFrom: a; x-b; x-c; x-d; x-e"
    )


def test_an_invite_has_the_headers_of_traces() -> None:
    _, read = invite_of(CucmWishes(pilot="8123"), Speaker.REMOTE)
    assert read.uri == "sip:8123@192.0.2.200:5060"
    assert read.body == b""
    assert {"timer", "X-cisco-srtp-fallback", "Geolocation"} <= set(
        read.headers.listed("supported")
    )
    assert "isFocus" in (read.headers.first("contact") or "")
    assert (read.cseq.number, read.headers.first("session-expires")) == (101, "1800")


def test_an_early_offer_sends_one_voice_from_a_port_of_no_meaning() -> None:
    _, read = invite_of(CucmWishes(early_offer=True), Speaker.OWNER)
    lines = read.body.decode().splitlines()
    assert [line for line in lines if line.startswith("m=")] == ["m=audio 4000 RTP/AVP 0"]
    assert "c=IN IP4 192.0.2.99" in lines
    assert "a=sendonly" in lines


def test_a_conference_is_read_as_one() -> None:
    assert leg_of(Speaker.REMOTE, CucmWishes(scene=Scene.CONFERENCE)).is_conference


def test_mirrors_point_to_one_another() -> None:
    call = new_call(CucmWishes(is_mirrored=True), script(remote=PRIYA))
    one, other = (
        leg_of_invite(
            Request(
                _headers(pair.legs[Speaker.OWNER].words.sender(pair.plan.far)), method="INVITE"
            ),
            has_metadata=False,
        )
        for pair in call.pairs
    )
    assert one is not None
    assert other is not None
    assert key_of(one, trunk="t") == key_of_mirror(other, trunk="t")
    assert key_of(other, trunk="t") == key_of_mirror(one, trunk="t")


def _headers(sender: str) -> Headers:
    return Headers((("From", f"{sender};tag=1"),))
