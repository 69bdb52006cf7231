"""Which INVITEs are recording calls of CUCM."""

import pytest

from callvault.cucm import Side, leg_of_invite
from callvault.sip import Request, parse_message
from tests.cucm.legs import CALL, invite
from tests.fuzz.targets import CORPUS

FROM = ("From", f"<sip:5550101@192.0.2.14;x-farend;{CALL}>;tag=1")
PLAIN = ("From", "<sip:5550101@192.0.2.14>;tag=1")
FOCUS = ("Contact", "<sip:5550101@192.0.2.14:5060>;isFocus")


@pytest.mark.parametrize(
    ("name", "side"),
    [("cucm_from_folded", Side.NEAR), ("cucm_invite_without_offer", Side.FAR)],
)
def test_invites_of_the_corpus_are_legs_with_and_without_an_offer(name: str, side: Side) -> None:
    message = parse_message((CORPUS / "sip" / f"{name}.sip").read_bytes())
    assert isinstance(message, Request)
    found = leg_of_invite(message, has_metadata=False)
    assert found is not None
    assert found.side is side


def test_metadata_make_it_siprec_whatever_the_from_says() -> None:
    assert leg_of_invite(invite(FROM, FOCUS), has_metadata=True) is None
    assert leg_of_invite(invite(FROM, FOCUS), has_metadata=False) is not None


@pytest.mark.parametrize(
    "sign", [("Require", "siprec"), ("Contact", "<sip:a@192.0.2.14>;+sip.src")]
)
def test_a_recording_client_is_siprec_though_its_metadata_come_later(sign: tuple[str, str]) -> None:
    assert leg_of_invite(invite(FROM, sign), has_metadata=False) is None


@pytest.mark.parametrize("fields", [(PLAIN, FOCUS), (PLAIN,), (FOCUS,), ()])
def test_other_calls_are_no_legs(fields: tuple[tuple[str, str], ...]) -> None:
    assert leg_of_invite(invite(*fields), has_metadata=False) is None
