"""What a document says beyond parties and streams, for people: times of the device, extensions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo

from msgspec.structs import replace

from callvault.siprec.address import display_name, user_and_host
from callvault.siprec.device_time import read_device_time
from callvault.siprec.document import Document, Participant, last_name

MAX_DETAILS = 200


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing said: of the call as a whole, or of a party."""

    about: str  # name or number of a party; empty: the call
    name: str  # as the vendor writes it, or: start-time, stop-time, reason, joined, left
    value: str  # a time that can be read is in UTC, ISO 8601
    is_time: bool = False


def limited_to(document: Document, aors: Iterable[str]) -> Document:
    """Return what is said of the sessions that somebody with one of these addresses is in.

    A document of one session is returned as it is: all of it is said of that one. Of several, what
    hangs on none of them is left out, for nobody knows whose it is.
    """
    if len(document.sessions) < 2:
        return document
    users = _users(aors)
    people = {one.participant_id for one in document.participants if users & _users(one.aors)}
    placed = [(one.participant_id, one.session_id) for one in document.participant_sessions]
    placed += [(one.participant_id, one.session_id) for one in document.participants]
    known = {one.session_id for one in document.sessions}
    elsewhere = {person for person, session in placed if session in known}
    here = {session for person, session in placed if person in people and session in known}
    if people - elsewhere:  # who is not said to be anywhere may be anywhere
        here = known
    members = {person for person, session in placed if session in here or person not in elsewhere}
    sessions = tuple(one for one in document.sessions if one.session_id in here)
    about = members | here | {one.group_id for one in sessions} - {""}
    return replace(
        document,
        sessions=sessions,
        participants=tuple(one for one in document.participants if one.participant_id in members),
        participant_sessions=tuple(
            one for one in document.participant_sessions if one.session_id in here
        ),
        extensions=tuple(one for one in document.extensions if one.parent_id in about),
    )


def _users(aors: Iterable[str]) -> frozenset[str]:
    users = (user_and_host(aor)[0].casefold() for aor in aors)
    return frozenset(user for user in users if user)


def details_of(document: Document, zone: tzinfo) -> tuple[Detail, ...]:
    """Return what a document says, in its order; `zone` is that of its times without one."""
    return tuple(dict.fromkeys([*_times(document, zone), *_extensions(document)]))[:MAX_DETAILS]


def _times(document: Document, zone: tzinfo) -> Iterator[Detail]:
    for session in document.sessions:
        yield from _time("", "start-time", session.started, zone)
        yield from _time("", "stop-time", session.stopped, zone)
        for reason in session.reasons:
            yield Detail("", "reason", reason)
    people = {one.participant_id: _shown(one) for one in document.participants}
    for membership in document.participant_sessions:
        about = people.get(membership.participant_id)
        if about:
            yield from _time(about, "joined", membership.joined, zone)
            yield from _time(about, "left", membership.left, zone)


def _time(about: str, name: str, text: str, zone: tzinfo) -> Iterator[Detail]:
    moment = read_device_time(text, zone)
    if moment:
        written = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield Detail(about, name, written, is_time=True)
    elif text:
        yield Detail(about, name, text)


def _extensions(document: Document) -> Iterator[Detail]:
    people = {one.participant_id: _shown(one) for one in document.participants}
    for extension in document.extensions:
        about = people.get(extension.parent_id, "")
        about = about if extension.parent_kind == "participant" else ""
        for path, text in extension.values:
            if text and last_name(path) != "schemalocation":
                yield Detail(about, path, text)


def _shown(participant: Participant) -> str:
    aor = next(iter(participant.aors), "")
    return participant.name or display_name(aor) or user_and_host(aor)[0] or aor
