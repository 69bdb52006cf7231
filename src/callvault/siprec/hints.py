"""What a phone system itself says of whose call it is and which way it goes.

RFC 7865 knows neither an owner nor a direction. BroadWorks and Webex name the recorded user, so do
Metaswitch, NetSapiens, and Genesys behind an Oracle SBC; Oracle and Ribbon say who called. The
others say nothing, and no hint is made up for them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from callvault.siprec.address import user_and_host
from callvault.siprec.document import Document, Extension, Participant, Session
from callvault.siprec.genesys import keys_in_uri

MAX_OWNERS = 4
_MAX_ADDRESS = 256
_NUMBER = re.compile(r"\+?[0-9*#]{2,32}")

_BROADWORKS = "broadworksrecordingmetadata/"
_METASWITCH = "metaswitchrecordingmetadata/"
_NETSAPIENS = "netsapiensextension/"


@dataclass(frozen=True, slots=True)
class OwnerHint:
    """A party that the phone system names as the recorded one."""

    rule: str  # what names it: userID, recordedParty, user, agentid, dn, otherdn
    addresses: tuple[str, ...]  # to be matched besides those of the participant
    participant_id: str = ""  # empty: to be found by its address
    direction: str = ""  # from this party's phone: in, out; empty: not said
    envelope: str = ""  # the address of the INVITE that is this party's, too: from, request_uri
    number: str = ""  # to be shown for this party; empty: the participant's own
    name: str = ""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is said of one communication session."""

    owners: tuple[OwnerHint, ...] = ()
    caller_id: str = ""  # the participant who placed the call
    calling: str = ""  # number or address of who placed it
    called: str = ""
    one_voice: bool = False  # the session carries one of its voices, the others come elsewhere

    def with_envelope(self, *, sender: str, name: str, dialled: str) -> "Hints":
        """Add what the INVITE says of owners: user part and name of From, or the user dialled."""
        return replace(
            self,
            owners=tuple(
                _with_address(one, sender, name)
                if one.envelope == "from"
                else _with_address(one, dialled, "")
                if one.envelope == "request_uri"
                else one
                for one in self.owners
            ),
        )


def hints_of(document: Document) -> dict[str, Hints]:
    """Return what a document says, by session; nothing for a session of which it says nothing."""
    sessions = document.sessions or ((Session(""),) if document.participants else ())
    found = {one.session_id: _hints(document, one.session_id) for one in sessions}
    return {session_id: hints for session_id, hints in found.items() if hints != Hints()}


def _hints(document: Document, session_id: str) -> Hints:
    people = [one for one in document.participants if one.session_id in ("", session_id)]
    ids = {one.participant_id for one in people}
    hints = Hints()
    for extension in document.extensions:
        if extension.parent_kind == "participant" and extension.parent_id in ids:
            hints = _of_participant(hints, extension, people)
        elif extension.parent_kind != "session" or extension.parent_id == session_id:
            for prefix, read in _VENDORS.items():
                below = dict(_below(extension, prefix))
                hints = read(hints, extension, below, people) if below else hints
    return replace(hints, owners=hints.owners[:MAX_OWNERS])


def _below(extension: Extension, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield (path below a vendor's element, lower case, text); the first of equal ones last."""
    for path, text in reversed(extension.values):
        lowered = path.lower()
        if lowered.startswith(prefix):
            yield lowered.removeprefix(prefix), text[:_MAX_ADDRESS]


def _broadworks(
    hints: Hints, _: Extension, said: dict[str, str], people: list[Participant]
) -> Hints:
    """Participant 1 is the owner, whatever the direction; the INVITE's From has the number."""
    calls = [path for path in said if path.startswith("calltype/")]
    direction = _first_of(calls, {"calltype/origcall": "out", "calltype/termcall": "in"})
    owner = OwnerHint(
        "userID",
        _given(said.get("userid")),
        participant_id=people[0].participant_id if people else "",
        direction=direction,
        envelope="from",
    )
    return replace(
        hints,
        owners=(*hints.owners, owner),
        calling=_ending(said, "/callingpartynumber"),
        called=_ending(said, "/calledpartynumber"),
    )


def _metaswitch(
    hints: Hints, _: Extension, said: dict[str, str], people: list[Participant]
) -> Hints:
    """Who is recorded is said by number, and dialled in the Request-URI."""
    recorded = said.get("recordedparty", "")
    owner = OwnerHint(
        "recordedParty",
        _given(recorded, said.get("username")),
        participant_id=_bearer(people, recorded),
        direction=_first_of(
            [said.get("calltype", "").lower()], {"originating": "out", "terminating": "in"}
        ),
        envelope="request_uri",
    )
    calling = said.get("callingpartynumber", "")
    return replace(
        hints, owners=(*hints.owners, owner), calling=calling, called=said.get("dialeddigits", "")
    )


def _netsapiens(
    hints: Hints, extension: Extension, said: dict[str, str], people: list[Participant]
) -> Hints:
    """Up to two users, each with the direction that the call has for them."""
    owners: list[OwnerHint] = []
    for path, text in extension.values:
        below = path.lower().removeprefix(_NETSAPIENS)
        if below == "user@userid":
            owners.append(OwnerHint("user", _given(text), _bearer(people, text)))
        elif below == "user/calltype" and owners:
            way = _first_of([text.lower()], {"origcall": "out", "termcall": "in"})
            owners[-1] = replace(owners[-1], direction=way)
    return replace(
        hints,
        owners=(*hints.owners, *owners),
        caller_id=said.get("callingparty@participant_id", ""),
        calling=said.get("callingparty/number", ""),
        called=said.get("calledparty/number", ""),
    )


def _ribbon(hints: Hints, _: Extension, said: dict[str, str], people: list[Participant]) -> Hints:
    """From and To of the call itself; not of the recording session."""
    return replace(hints, calling=said.get("fromhdr", ""), called=said.get("tohdr", ""))


_VENDORS: dict[str, Callable[[Hints, Extension, dict[str, str], list[Participant]], Hints]] = {
    _BROADWORKS: _broadworks,
    _METASWITCH: _metaswitch,
    _NETSAPIENS: _netsapiens,
    "calldata/": _ribbon,
}


def _of_participant(hints: Hints, extension: Extension, people: list[Participant]) -> Hints:
    """Oracle marks who called; Genesys writes agent and lines into Oracle's request-uri."""
    if any(text.lower() == "true" for text in extension.texts("callingparty")):
        hints = replace(hints, caller_id=extension.parent_id)
    for text in extension.texts("request-uri"):
        keys = keys_in_uri(text)
        own, other = keys.get("dn", ""), keys.get("otherdn", "")
        others = _bearer(people, other)
        apart = (one.participant_id for one in people if one.participant_id != others)
        found = (
            ("agentid", _given(keys.get("agentid"), own), _bearer(people, own) or next(apart, "")),
            ("otherdn", _given(other) if others else (), others),
        )
        known = {one.addresses for one in hints.owners}
        owners = (OwnerHint(*one) for one in found if one[1] and one[1] not in known)
        hints = replace(hints, owners=(*hints.owners, *owners))
    return hints


def _bearer(people: list[Participant], address: str) -> str:
    """Return the id of the participant who has this address: its user part, in any spelling."""
    user = user_and_host(address)[0].casefold()
    for one in people:
        if user and user in {user_and_host(aor)[0].casefold() for aor in one.aors}:
            return one.participant_id
    return ""


def _given(*texts: str | None) -> tuple[str, ...]:
    return tuple(text[:_MAX_ADDRESS] for text in texts if text)


def _ending(said: dict[str, str], name: str) -> str:
    return next((text for path, text in said.items() if path.endswith(name)), "")


def _first_of(texts: Iterable[str], meanings: dict[str, str]) -> str:
    """Return the meaning of the first text that begins with one of the words."""
    return next(
        (way for text in texts for word, way in meanings.items() if text.startswith(word)), ""
    )


def _with_address(owner: OwnerHint, user: str, name: str) -> OwnerHint:
    if not user:
        return owner
    number = user if _NUMBER.fullmatch(user) else ""
    return replace(owner, addresses=(*owner.addresses, user), number=number, name=name)
