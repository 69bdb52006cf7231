"""What is understood of each message file of the corpus, as text that a reviewer can read.

`python -m tests.recorder.corpus` writes the results beside the messages and names those that
changed: read each difference before you commit it (tests/corpus/siprec/messages/README.md).
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from callvault import policy
from callvault.errors import OfferRefused, RemoteProtocolError
from callvault.policy.decision import Assignment, Decision
from callvault.policy.snapshot import Person, Snapshot, Trunk
from callvault.recorder.negotiation import Negotiation
from callvault.recorder.parties import MetadataRead, Parties, shown
from callvault.sip import Request, parse_message
from callvault.siprec import (
    Body,
    Correlation,
    DataMode,
    Document,
    Participant,
    Speaker,
    classify,
    correlation_of,
    details_of,
    read_body,
    read_metadata,
)

CORPUS = Path(__file__).parents[1] / "corpus" / "siprec" / "messages"
DEVICE_ZONE = ZoneInfo("Europe/Rome")


def _person(number: int, name: str, username: str) -> Person:
    return Person(
        user_id=UUID(int=number),
        username=username,
        full_name=name,
        extension=f"200{number}",
        alias=f"+1555014200{number}",
        pbx_username=f"{username}@tenant.example",
    )


PEOPLE = (_person(1, "Ann Keller", "ann.keller"), _person(2, "Bruno Castellani", "bruno"))
SNAPSHOT = Snapshot(people=PEOPLE, country_code="1")
TRUNK = Trunk(trunk_id=UUID(int=9), name="Main", peers=("192.0.2.14",))


def dialogs() -> list[str]:
    """Return the names of the corpus: of each dialog's first message."""
    return sorted(path.stem for path in CORPUS.glob("*.sip") if "." not in path.stem)


def messages_of(name: str) -> list[Path]:
    """Return the files of a dialog: `name.sip`, `name.2.sip`, `name.3.sip`, …"""
    later = sorted(CORPUS.glob(f"{name}.*.sip"), key=lambda path: int(path.stem.rpartition(".")[2]))
    return [CORPUS / f"{name}.sip", *later]


class Listener:
    """Takes the messages of one dialog as a recording session does, without sockets."""

    def __init__(self) -> None:
        self.parties = Parties()
        self.negotiation = Negotiation("192.0.2.200", session_id=1)

    def hear(self, raw: bytes) -> dict[str, Any]:
        """Return what is understood after one more message."""
        request = parse_message(raw)
        assert isinstance(request, Request)
        body = read_body(
            request.headers.first("content-type") or "",
            request.body,
            disposition=request.headers.first("content-disposition") or "",
        )
        answer = self._offered(body)
        document = _document(body)
        read = self._learn(request, body)
        self.parties.resolve(self.negotiation.lines(), at_ns=0)
        return {
            "message": request.method,
            **_envelope(request, body, document, read),
            **answer,
            **self._people(),
            **_decision(self._decided()),
            "changed": _changed(read),
            "known as": _ids(correlation_of(document, request.kept_headers())),
            "details": _details(document),
        }

    def _offered(self, body: Body) -> dict[str, Any]:
        if body.sdp is None:
            return {}
        try:
            wanted = self.negotiation.take_offer(body.sdp)
        except OfferRefused as refused:
            return {"offer": str(refused)}
        ports = {index: 40_000 + 2 * index for index in wanted}
        self.negotiation.complete(ports, bytes)
        return {
            "lines": [
                f"{line.index}: label {line.label!r}"
                + (", silent" if line.index in self._silent() else "")
                for line in self.negotiation.lines()
            ]
        }

    def _silent(self) -> set[int]:
        active = {one.index for one in self.negotiation.streams() if one.active}
        return {line.index for line in self.negotiation.lines()} - active

    def _learn(self, request: Request, body: Body) -> MetadataRead | None:
        if request.method == "INVITE" and not self.parties.envelope.sender:
            self.parties.learn_envelope(request)
        read = self.parties.learn_metadata(body.metadata) if body.metadata else None
        if not self.parties.has_metadata and request.method == "INVITE":
            self.parties.learn_invite(request)
        return read

    def _people(self) -> dict[str, Any]:
        return {
            "sessions": {
                session.key or "first": {
                    "confidence": "low" if session.is_guess else "high",
                    "speakers": [_speaker(one) for one in session.speakers],
                }
                for session in self.parties.sessions()
            },
            "held lines": _places(sorted(self.parties.silent() | self.negotiation.silent())),
        }

    def _decided(self) -> Decision:
        call = policy.CallSeen(TRUNK, "192.0.2.14", 0, self.parties.sessions())
        return policy.decide(
            call,
            policy.PeopleIndex.of(SNAPSHOT),
            revision=1,
            recording_id=lambda key, owner: UUID(int=owner.int + 100),
        )


def result(name: str) -> str:
    """Return the result of a dialog as the golden file holds it."""
    listener = Listener()
    heard = [listener.hear(path.read_bytes()) for path in messages_of(name)]
    return json.dumps(heard, indent=1, ensure_ascii=False) + "\n"


def golden(name: str) -> Path:
    """Return where the result of a dialog is kept."""
    return CORPUS / f"{name}.json"


def _document(body: Body) -> Document | None:
    try:
        return read_metadata(body.metadata.content) if body.metadata else None
    except RemoteProtocolError:
        return None


def _envelope(
    request: Request, body: Body, document: Document | None, read: MetadataRead | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if request.method == "INVITE":
        found["class"] = classify(
            has_metadata=body.metadata is not None,
            is_from_recording_client=request.is_from_recording_client,
        ).value
    if body.metadata:
        found["metadata"] = body.metadata.media_type or "(no type)"
        found["mode"] = (document.mode if document else DataMode.PARTIAL).value
    if read and read.problem:
        found["problem"] = read.problem
    return found


def _changed(read: MetadataRead | None) -> dict[str, Any]:
    if read is None:
        return {}
    change = read.change
    told = {"joined": _names(change.joined), "left": _names(change.left)}
    found: dict[str, Any] = {key: ", ".join(names) for key, names in told.items() if names}
    return found | ({"repeat": True} if change.is_repeat else {})


def _names(people: tuple[Participant, ...]) -> list[str]:
    return [shown(one) for one in people]


def _decision(decision: Decision) -> dict[str, Any]:
    owner = next(step for step in decision.steps if step.code == "owner")
    found: dict[str, Any] = {"verdict": decision.verdict.value}
    if owner.values.get("reason"):
        found["reason"] = owner.values["reason"]
    if owner.values.get("named_by"):
        found["owner named by"] = owner.values["named_by"]
    return found | {"recordings": [_recording(one) for one in decision.assignments]}


def _speaker(one: Speaker) -> str:
    who = " ".join(filter(None, [one.participant.name, *one.participant.aors]))
    left = "" if one.is_present else ", has left"
    return f"{who or '(nobody)'} on {_places(one.lines) or 'no line'}{left}"


def _places(lines: Iterable[int]) -> str:
    return ", ".join(map(str, lines))


def _recording(one: Assignment) -> dict[str, Any]:
    return {
        "owner": f"{one.owner_name}, by {one.matched_by}",
        "direction": f"{one.direction.value}, confidence {one.direction_confidence}",
        "local": " ".join(filter(None, [one.local.number, one.local.name])),
        "remote": " ".join(filter(None, [one.remote.number, one.remote.name])),
        "owner on lines": _places(one.owner_streams),
        "remote on lines": _places(one.remote_streams),
        **({"mixed": True} if one.mixed else {}),
    }


def _ids(correlation: Correlation) -> list[str]:
    return [f"{kind}: {', '.join(ids)}" for kind, ids in asdict(correlation).items() if ids]


def _details(document: Document | None) -> list[str]:
    found = details_of(document, DEVICE_ZONE) if document else ()
    return [f"{one.about or 'call'}: {one.name} = {one.value}" for one in found]


def _written() -> Iterator[str]:
    for name in dialogs():
        text, path = result(name), golden(name)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            yield path.name


if __name__ == "__main__":
    sys.stdout.writelines(f"written: {name}\n" for name in _written())
