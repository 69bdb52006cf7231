"""Recording calls with invented ids and numbers, as the From of an INVITE."""

from callvault.cucm import RecordingLeg, read_leg
from callvault.sip import Address, Headers, Request

CALL = (
    "x-refci=25471835;x-nearendclusterid=cluster1;x-nearenddevice=SEP0011AABBCCDD"
    ";x-nearendaddr=5550101;x-farendrefci=25471834;x-farendclusterid=cluster1"
    ";x-farenddevice=SEP0011AABBCCEE;x-farendaddr=5550102"
)
"""Of a call of 5550101 with 5550102, without the flag that says whose voice it is."""
MIRRORED = (
    "x-refci=25471834;x-nearendclusterid=cluster1;x-nearenddevice=sep0011aabbccee"
    ";x-nearendaddr=5550102;x-farendrefci=25471835;x-farendclusterid=cluster1"
    ";x-farenddevice=sep0011aabbccdd;x-farendaddr=5550101"
)


def sender(parameters: str, user: str = "5550101") -> Address:
    """Return a From with these URI parameters."""
    return Address.parse(f"<sip:{user}@192.0.2.14;{parameters}>;tag=1~invented-30000001")


def leg(parameters: str = CALL, flag: str = "x-nearend") -> RecordingLeg:
    """Return the leg that such a From describes."""
    found = read_leg(sender(f"{flag};{parameters}"))
    assert found is not None
    return found


def invite(*fields: tuple[str, str]) -> Request:
    """Return an INVITE with these headers."""
    return Request(Headers(fields), method="INVITE", uri="sip:srs@192.0.2.200")
