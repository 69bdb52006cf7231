"""What a recording call says, in the words of metadata."""

from dataclasses import replace

from callvault import cucm
from callvault.siprec import NameId
from tests.cucm.legs import CALL, MIRRORED, leg


def names(one: cucm.RecordingLeg) -> list[tuple[NameId, ...]]:
    return [participant.identities for participant in cucm.document_of(one).participants]


def test_the_lower_id_is_taken_for_the_caller() -> None:
    near, far = (NameId("tel:5550101"),), (NameId("tel:5550102"),)
    assert names(leg(CALL)) == [far, near]
    assert names(leg(MIRRORED)) == [far, near]  # the other phone tells the same


def test_each_leg_brings_the_voice_that_it_says() -> None:
    sends = [
        cucm.document_of(leg(CALL, flag)).participant_streams[0].participant_id
        for flag in ("x-nearend", "x-farend")
    ]
    assert sends == ["near", "far:5550102"]


def test_a_bridge_is_shown_as_a_conference_and_not_by_its_number() -> None:
    bridge = CALL.replace("x-farendaddr=5550102", "x-farendaddr=b00123401001")
    assert (NameId("", "Conference"),) in names(leg(bridge))


def test_a_number_with_signs_keeps_them() -> None:
    starred = CALL.replace("x-farendaddr=5550102", "x-farendaddr=%2A86")
    assert (NameId("tel:*86"),) in names(leg(starred))


def test_a_mirror_shares_both_call_legs_and_another_cluster_none() -> None:
    own = cucm.ids_of(leg(CALL), trunk="CUCM")
    assert own == cucm.ids_of(leg(MIRRORED), trunk="CUCM")
    elsewhere = leg(CALL.replace("cluster1", "cluster2"))
    assert not own & cucm.ids_of(elsewhere, trunk="CUCM")


def test_both_halves_of_the_session_id_are_known() -> None:
    one = "5ce1a8e500105000a00000aabbccddee"
    said = replace(leg(CALL), session_id=f"{one};remote=00000000000000000000000000000000")
    assert f"sip_session:{one}" in cucm.ids_of(said, trunk="CUCM")
    assert len([key for key in cucm.ids_of(said, trunk="CUCM") if key.startswith("sip")]) == 1
