"""What an INVITE is: a recording session, one that will send its metadata later, or a plain call.

RFC 7866 asks for both `+sip.src` in the Contact and `Require: siprec`. Real SRCs break that in at
least five ways, so what a message carries counts for more than what it says about itself.
"""

from enum import StrEnum


class CallClass(StrEnum):
    """The class of an initial INVITE."""

    SIPREC = "siprec"
    SIPREC_WITHOUT_METADATA = "siprec_without_metadata"  # it may come by UPDATE
    PLAIN = "plain"


def classify(*, has_metadata: bool, is_from_recording_client: bool) -> CallClass:
    """Classify by the body first, then by what the SIP headers say of the sender."""
    if has_metadata:
        return CallClass.SIPREC
    if is_from_recording_client:
        return CallClass.SIPREC_WITHOUT_METADATA
    return CallClass.PLAIN
