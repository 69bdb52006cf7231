"""What the phone system said of a call, for the recording's page.

Read from the journal as it was received, so that whatever a later version understands is there
for older journals, too. Vendors' values and times of devices only: parties, streams and decisions
are told elsewhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callvault.errors import ProtocolError
from callvault.finalise.catalogue import PhoneSystemDetail
from callvault.sip import parse_message
from callvault.siprec import MAX_DETAILS, details_of, limited_to, read_metadata
from callvault.spool.readable import readable

MAX_VALUE = 400
"""Characters of a value that are shown; the whole of it is in the sealed metadata."""


def phone_system_details(
    documents: Iterable[bytes], invite: bytes, *, zone_name: str, owner_aors: Sequence[str] = ()
) -> tuple[PhoneSystemDetail, ...]:
    """Return what was said, each thing once, in order; the zone is that of the device.

    Where a document speaks of several conversations, only what it says of the owner's is told.
    """
    of_metadata = _of_metadata(documents, _zone(zone_name), owner_aors)
    found = dict.fromkeys([*of_metadata, *_of_headers(invite)])
    return tuple(found)[:MAX_DETAILS]


def _of_metadata(
    documents: Iterable[bytes], zone: tzinfo, owner_aors: Sequence[str]
) -> Iterator[PhoneSystemDetail]:
    for raw in documents:
        try:
            document = read_metadata(raw)
        except ProtocolError:
            continue
        for one in details_of(limited_to(document, owner_aors), zone):
            yield _detail(one.about, one.name, one.value, is_time=one.is_time)


def _of_headers(invite: bytes) -> Iterator[PhoneSystemDetail]:
    try:
        kept = parse_message(invite).kept_headers() if invite else []
    except ProtocolError:
        return
    for name, value in kept:
        yield _detail("", name, value)


def _zone(name: str) -> tzinfo:
    """Return a zone by its name; one that is not known here is as good as none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _detail(about: str, name: str, value: str, *, is_time: bool = False) -> PhoneSystemDetail:
    return PhoneSystemDetail(
        readable(about)[:MAX_VALUE], readable(name), readable(value)[:MAX_VALUE], is_time
    )
