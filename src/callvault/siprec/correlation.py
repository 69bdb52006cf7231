"""Under which names others know a conversation: what joins recording sessions into one.

A conversation outlives SIPREC's ids: a transfer gives it new ones inside the dialog (Webex), or a
new dialog under the old group (NetSapiens, AudioCodes). What stays the same differs by vendor, so
all of it is gathered here, by kind; whoever joins recordings compares kinds with their like.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from callvault.siprec.document import Document, last_name
from callvault.siprec.genesys import keys_in_uri

MAX_IDS = 16
"""Ids of one kind; the first ones are kept."""
_MAX_ID = 200

# RFC 7989, section 5: a side that has no UUID yet says nothing but zeros. "#1" is our reader's.
_NO_ID = re.compile(r"[0-]*|#\d+")
# User-to-User of an Avaya system: protocol discriminator, then its tag FA, 08 for eight bytes.
_UCID = re.compile(r"(?:0[04])?FA08([0-9A-F]{16})(?:[0-9A-F]*)", re.IGNORECASE)

_CALL_IDS = frozenset({"callid", "gcid"})
_TRACKING_IDS = frozenset(
    {"exttrackingid", "ucid", "avayaucid", "genesysuuid", "calluuid", "connid"}
)
_REDIRECTED_IDS = frozenset({"newexttrackingid", "xferredgroupid", "xferredsessionid"})
# Of vendors' own headers (X-…) those whose names say that they tell calls apart.
_CALL_ID_HEADER = re.compile(r"x-.*call-?id|ac-session-id|x-genesys-gvp-session-id")
_TRACKING_HEADER = re.compile(r"x-.*(?:calluuid|correlation-(?:id|info))|cisco-gu(?:c?id)")


@dataclass(frozen=True, slots=True)
class Correlation:
    """Ids of a conversation, by kind; each as received, but for a UCID's framing."""

    group_ids: tuple[str, ...] = ()  # communication session groups: they survive a transfer
    session_ids: tuple[str, ...] = ()  # communication sessions; scope: often the SRC
    sip_session_ids: tuple[str, ...] = ()  # both halves of sipSessionID and Session-ID (RFC 7989)
    call_ids: tuple[str, ...] = ()  # of the vendor: callID, callid, gcid
    tracking_ids: tuple[str, ...] = ()  # extTrackingID, UCID, GenesysUUID, calluuid, …
    redirected_ids: tuple[str, ...] = ()  # other conversations that this one goes on with

    def joined(self, other: "Correlation") -> "Correlation":
        """Return all ids of both, this one's first."""
        if _NONE in (self, other):
            return self if other == _NONE else other
        return Correlation(
            *(
                _unique((*getattr(self, kind.name), *getattr(other, kind.name)))
                for kind in fields(self)
            )
        )

    def keys(self) -> frozenset[str]:
        """Return the ids as "kind:id", to look for in those of others.

        An id that this conversation goes on with may be another's group, session, or tracking id.
        """
        found = {
            f"{kind}:{one}"
            for kind, ids in (
                ("group", self.group_ids),
                ("session", self.session_ids),
                ("sip_session", self.sip_session_ids),
                ("call", self.call_ids),
                ("tracking", self.tracking_ids),
            )
            for one in ids
        }
        for one in self.redirected_ids:
            found |= {f"group:{one}", f"session:{one}", f"tracking:{one}"}
        return frozenset(found)


_NONE = Correlation()


def correlation_of(
    document: Document | None, headers: Iterable[tuple[str, str]] = ()
) -> Correlation:
    """Gather the ids from a metadata document and from SIP headers (`Request.kept_headers`)."""
    of_headers = _of_headers(headers)
    return _of_document(document).joined(of_headers) if document else of_headers


def ucid_of(text: str) -> str:
    """Return an Avaya UCID without its framing, or the text before its parameters.

    >>> ucid_of("00FA080018803B69810C6D;encoding=hex"), ucid_of("0018803b69810c6d")
    ('0018803B69810C6D', '0018803B69810C6D')
    """
    plain = text.partition(";")[0].strip()
    framed = _UCID.fullmatch(plain)
    return (framed[1] if framed else plain).upper()


def _of_document(document: Document) -> Correlation:
    called = list(_called(document))
    sessions = [one.session_id for one in document.sessions]
    said_ucids = [ucid_of(text) for name, text in called if name in ("ucid", "avayaucid")]
    of_sessions = [ucid_of(one) for one in sessions if _UCID.fullmatch(one)]  # Avaya
    return Correlation(
        group_ids=_unique(one.group_id for one in document.groups),
        session_ids=_unique(sessions),
        sip_session_ids=_unique(
            half
            for session in document.sessions
            for text in session.sip_session_ids
            for half in _halves(text)
        ),
        call_ids=_unique(text for name, text in called if name in _CALL_IDS),
        tracking_ids=_unique(
            [
                *(text for name, text in called if name in _TRACKING_IDS and "ucid" not in name),
                *said_ucids,
                *of_sessions,
            ]
        ),
        redirected_ids=_unique(text for name, text in called if name in _REDIRECTED_IDS),
    )


def _called(document: Document) -> Iterator[tuple[str, str]]:
    """Yield what extension data says, by name.

    Genesys writes its own into Oracle's request-uri: `sip:record@192.0.2.9;calluuid=007K1`.
    """
    for extension in document.extensions:
        for path, text in extension.values:
            name = last_name(path)
            yield name, text
            if name == "request-uri":
                yield from keys_in_uri(text).items()


def _of_headers(headers: Iterable[tuple[str, str]]) -> Correlation:
    sip_sessions: list[str] = []
    calls: list[str] = []
    tracking: list[str] = []
    for written, value in headers:
        name = written.lower()
        if name == "session-id":
            sip_sessions += _halves(value)
        elif _CALL_ID_HEADER.fullmatch(name):
            calls.append(value)
        elif _TRACKING_HEADER.fullmatch(name):
            tracking.append(value)
        elif name == "user-to-user" and _UCID.fullmatch(value.partition(";")[0].strip()):
            tracking.append(ucid_of(value))
    return Correlation(
        sip_session_ids=_unique(sip_sessions),
        call_ids=_unique(calls),
        tracking_ids=_unique(tracking),
    )


def _halves(text: str) -> list[str]:
    """Return both sides' ids of `local;remote=other`; CUBE's tell one call of its two legs."""
    local, _, parameters = text.partition(";")
    remote = re.search(r"\bremote\s*=\s*([^;\s]+)", parameters)
    return [half for half in (local.strip(), remote[1] if remote else "") if half]


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    """Return ids in order, each once; what says nothing, or was made up by our reader, is none."""
    kept = (one.strip()[:_MAX_ID] for one in ids)
    real = (one for one in kept if not _NO_ID.fullmatch(one))
    return tuple(dict.fromkeys(real))[:MAX_IDS]
