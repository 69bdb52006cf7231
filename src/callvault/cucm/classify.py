"""Whether an INVITE is a recording call of CUCM."""

from callvault.cucm.leg import RecordingLeg, read_leg
from callvault.errors import RemoteProtocolError
from callvault.sip import Request


def leg_of_invite(request: Request, *, has_metadata: bool) -> RecordingLeg | None:
    """Return the leg that an INVITE brings; None of any other call.

    A session with metadata, or of an SRC that says so, is SIPREC whatever its From repeats: a
    gateway of CUCM's may fork by SIPREC, and then sends both voices in one session.
    """
    if has_metadata or request.is_from_recording_client:
        return None
    try:
        return read_leg(request.from_address, request.contact)
    except RemoteProtocolError:  # no From: a call all the same, and others refuse it
        return None
