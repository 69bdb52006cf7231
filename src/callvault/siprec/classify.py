"""What an INVITE is: a recording session, one that will send its metadata later, or a plain call.

RFC 7866 asks for both `+sip.src` in the Contact and `Require: siprec`. Real SRCs break that in at
least five ways, so what a message carries counts for more than what it says about itself.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

_SRC_TAG = re.compile(r"[;\s]\+?sip[.-](?:src|rec)\b|;\s*src\b", re.IGNORECASE)


class CallClass(StrEnum):
    """The class of an initial INVITE."""

    SIPREC = "siprec"
    SIPREC_WITHOUT_METADATA = "siprec_without_metadata"  # it may come by UPDATE
    PLAIN = "plain"


def classify(
    *, has_metadata: bool, option_tags: Iterable[str], contacts: Iterable[str]
) -> CallClass:
    """Classify by the body first, then by option tags and by the Contact as received.

    Avaya puts the tag inside the brackets, BroadWorks and AudioCodes write `;src`.
    """
    if has_metadata:
        return CallClass.SIPREC
    says_so = any(tag.strip().lower() == "siprec" for tag in option_tags)
    if says_so or any(_SRC_TAG.search(contact) for contact in contacts):
        return CallClass.SIPREC_WITHOUT_METADATA
    return CallClass.PLAIN
