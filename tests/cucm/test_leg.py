"""What the From of a recording call says, in every way it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.cucm import RecordingLeg, Side, read_leg
from callvault.cucm.leg import MAX_ID, MAX_OTHERS, MAX_TEXT, End
from callvault.sip import Address, Request, parse_message
from tests.cucm.legs import CALL, leg, sender
from tests.fuzz.targets import CORPUS

NEAR = End("25471835", "cluster1", "SEP0011AABBCCDD", "5550101")
FAR = End("25471834", "cluster1", "SEP0011AABBCCEE", "5550102")


@pytest.mark.parametrize(("flag", "side"), [("x-nearend", Side.NEAR), ("x-farend", Side.FAR)])
def test_only_the_flag_tells_the_two_legs_apart(flag: str, side: Side) -> None:
    assert leg(CALL, flag) == RecordingLeg(side, NEAR, FAR, from_user="5550101")


@pytest.mark.parametrize("flags", ["x-refci=7", "x-nearend;x-farend;x-refci=7"])
def test_without_one_flag_the_side_is_not_said(flags: str) -> None:
    found = read_leg(sender(flags))
    assert found is not None
    assert (found.side, found.side.other) == (Side.UNSAID, Side.UNSAID)


def test_a_folded_from_of_the_corpus_is_read_whole() -> None:
    message = parse_message((CORPUS / "sip" / "cucm_from_folded.sip").read_bytes())
    assert isinstance(message, Request)
    assert read_leg(message.from_address, message.contact) == RecordingLeg(
        Side.NEAR,
        End("25471835", "cluster1", "SEP0011AABBCCDD", "1001"),
        End("25471834", "", "trunk-1", "0200000"),
        from_user="1001",
    )


def test_names_are_of_any_case_and_values_keep_theirs() -> None:
    assert leg(CALL.replace("x-", "X-").replace("refci", "RefCI")) == leg()
    assert leg(CALL.replace("SEP", "sep")).near.device == "sep0011AABBCCDD"


def test_values_are_percent_decoded() -> None:
    found = leg("x-refci=7;x-farendaddr=%2B15550102;x-farenddevice=trunk%20a%3Bb")
    assert (found.far.number, found.far.device) == ("+15550102", "trunk a;b")


def test_line_ends_and_other_unseen_characters_do_not_get_in() -> None:
    found = leg("x-refci=7%00%0D%0A;x-nearendaddr=%00555%0A0101;x-y=%0d1", "x-nearend")
    assert (found.near.refci, found.near.number) == ("7", "5550101")
    assert found.others == (("x-y", "1"),)


def test_a_from_without_brackets_has_its_parameters_in_the_header() -> None:
    found = read_leg(Address.parse(f"sip:5550101@192.0.2.14;x-nearend;{CALL};tag=1"))
    assert found == leg()


def test_the_first_of_two_values_counts_and_the_uri_before_the_header() -> None:
    both = Address.parse("<sip:5550101@192.0.2.14;x-farend;x-refci=1;x-refci=2>;x-refci=3")
    found = read_leg(both)
    assert found is not None
    assert found.near.refci == "1"


def test_the_contact_stands_in_for_a_from_that_says_nothing() -> None:
    plain = Address.parse("<sip:5550101@192.0.2.14>;tag=1")
    assert read_leg(plain, sender(f"x-nearend;{CALL}", user="")) == leg()
    assert read_leg(sender("x-nearend;x-refci=1"), sender("x-farend;x-refci=2")) == leg("x-refci=1")


@pytest.mark.parametrize("parameters", ["", "x-nearendaddr=5550101", "x-refci=", "isfocus"])
def test_what_names_no_recorded_call_is_no_leg(parameters: str) -> None:
    assert read_leg(sender(parameters)) is None


def test_the_recorded_number_is_the_near_address_and_only_of_old_releases_the_from_user() -> None:
    of_gateway = read_leg(sender("x-nearend;x-refci=1;x-nearendaddr=5550101", user="5550102"))
    of_old = read_leg(sender("x-nearend;x-refci=1", user="5550101"))
    assert of_gateway is not None
    assert of_old is not None
    assert of_gateway.recorded_number == of_old.recorded_number == "5550101"


@pytest.mark.parametrize(
    ("parameters", "is_conference"),
    [
        ("x-farendaddr=;isfocus", True),
        ("x-farenddevice=CFB_2", True),
        ("x-farendaddr=b0029001001", True),
        ("x-farendaddr=b", False),
        ("x-farendaddr=5550102", False),
    ],
)
def test_a_conference_shows_by_focus_bridge_or_b_number(
    parameters: str, *, is_conference: bool
) -> None:
    assert leg(f"x-refci=7;{parameters}").is_conference is is_conference


def test_a_focus_on_the_contact_says_nothing_since_every_recording_call_has_it() -> None:
    contact = Address.parse("<sip:srs@192.0.2.14:5060;isfocus>;isFocus")
    found = read_leg(sender(f"x-nearend;{CALL}"), contact)
    assert found == leg()
    assert not leg().is_far_focus


def test_ids_of_gateway_and_session_and_unknown_parameters_are_kept() -> None:
    found = leg(
        "x-refci=7;x-nearendguid=AA01;x-farendguid=AA02;x-sessionid=00ff;X-Cisco-New=1;transport=tcp"
    )
    assert (found.near.guid, found.far.guid, found.session_id) == ("AA01", "AA02", "00ff")
    assert found.others == (("x-cisco-new", "1"),)


def test_an_id_that_is_too_long_is_none_and_a_number_is_cut() -> None:
    found = leg(f"x-refci={'1' * (MAX_ID + 1)};x-nearendaddr={'5' * (MAX_TEXT + 1)}")
    assert (found.near.refci, len(found.near.number)) == ("", MAX_TEXT)
    assert leg(f"x-refci={'1' * MAX_ID}").near.refci == "1" * MAX_ID


def test_unknown_parameters_are_bounded() -> None:
    found = leg("x-refci=7;" + ";".join(f"x-{number}={'a' * 999}" for number in range(2_000)))
    assert [name for name, _ in found.others] == [f"x-{number}" for number in range(MAX_OTHERS)]
    assert {len(value) for _, value in found.others} == {MAX_TEXT}


PIECES = st.lists(
    st.sampled_from(("x-nearend", "x-farend", "x-refci=", "x-farendaddr=", "%00", "%", "1", ";"))
    | st.text(max_size=9),
    max_size=40,
).map("".join)


@given(PIECES, PIECES)
def test_any_text_is_read_within_bounds(of_from: str, of_contact: str) -> None:
    found = read_leg(Address.parse(of_from), sender(of_contact))
    if found is None:
        return
    for end in (found.near, found.far):
        assert max(map(len, (end.refci, end.cluster_id, end.guid))) <= MAX_ID
        assert max(map(len, (end.device, end.number))) <= MAX_TEXT
        assert (end.refci + end.device + end.number).isprintable()
