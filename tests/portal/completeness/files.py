"""Files of call records as phone systems write them, with invented numbers."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tests.portal.catalogue_facts import STARTED

CUCM_COLUMNS = (
    *("cdrRecordType", "globalCallID_callManagerId", "globalCallID_callId"),
    *("origLegCallIdentifier", "dateTimeOrigination", "callingPartyNumber"),
    *("destLegCallIdentifier", "originalCalledPartyNumber", "finalCalledPartyNumber"),
    *("dateTimeConnect", "dateTimeDisconnect", "pkid", "duration", "joinOnBehalfOf"),
)
_TYPES = ("INTEGER", "INTEGER", "INTEGER", "INTEGER", "INTEGER", "VARCHAR(50)", "INTEGER")
SECONDS = int(STARTED.timestamp())
"""When Ann's call began, as CUCM writes it."""


def cucm(*rows: Mapping[str, object]) -> bytes:
    """Return a file of Cisco Unified CM: header, types, and a row for each record."""
    usual: dict[str, object] = {
        "cdrRecordType": 1,
        "globalCallID_callManagerId": 1,
        "globalCallID_callId": 4711,
        "origLegCallIdentifier": 27_000_001,
        "dateTimeOrigination": SECONDS - 8,
        "callingPartyNumber": "+15550142",
        "destLegCallIdentifier": 27_000_002,
        "originalCalledPartyNumber": "2014",
        "finalCalledPartyNumber": "2014",
        "dateTimeConnect": SECONDS,
        "dateTimeDisconnect": SECONDS + 372,
        "duration": 372,
        "joinOnBehalfOf": 0,
    }
    lines = [",".join(f'"{one}"' for one in CUCM_COLUMNS)]
    lines.append(",".join((*_TYPES, *["INTEGER"] * (len(CUCM_COLUMNS) - len(_TYPES)))))
    for number, row in enumerate(rows):
        told = usual | {"pkid": f"pk-{number}"} | dict(row)
        lines.append(",".join(f'"{told[one]}"' for one in CUCM_COLUMNS))
    return "\n".join([*lines, ""]).encode()


def moment(seconds: int = 0) -> datetime:
    """Return a moment so long after Ann's call began."""
    return datetime.fromtimestamp(SECONDS + seconds, UTC)
