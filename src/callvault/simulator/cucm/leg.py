"""One recording call of CUCM: a dialog that carries one voice. A state machine without I/O."""

import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import Protocol

from callvault.simulator import offer
from callvault.simulator.codecs import PAYLOAD_TYPES
from callvault.simulator.cucm.plan import End, Fault
from callvault.simulator.cucm.words import SESSION_S, LegWords
from callvault.simulator.media import RtpStream
from callvault.simulator.sealing import Sealing
from callvault.sip import (
    ClientEvent,
    DialogId,
    Flow,
    HostPort,
    PeerRequestReceived,
    RequestTimedOut,
    Response,
    ResponseReceived,
)
from callvault.sip.client import Invitation

_SDP = "application/sdp"
_NO_CODEC = (("Reason", "Q.850;cause=47"),)


class Phase(Enum):
    """Where a recording call stands."""

    WAITING = auto()
    INVITED = auto()
    TALKING = auto()
    ENDING = auto()  # BYE is sent
    ENDED = auto()


class Client(Protocol):
    """What a recording call needs of `callvault.sip.client.UserAgentClient`."""

    def invite(self, flow: Flow, invitation: Invitation, *, now: float) -> DialogId:
        """Send an INVITE."""
        ...

    def acknowledge(
        self, dialog_id: DialogId, *, content_type: str = "", body: bytes = b"", now: float
    ) -> None:
        """Send the ACK of the last 2xx."""

    def cancel(self, dialog_id: DialogId, *, now: float) -> None:
        """Take the INVITE back."""

    def change_from(self, dialog_id: DialogId, from_address: str) -> None:
        """Name ourselves otherwise from now on."""

    def request(
        self,
        dialog_id: DialogId,
        method: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = "",
        body: bytes = b"",
        now: float,
    ) -> None:
        """Send a request inside the dialog."""


class Leg:
    """Carries one voice of a recorded call."""

    def __init__(
        self,
        words: LegWords,
        stream: RtpStream,
        *,
        fault: Fault | None = None,
        sealing: Sealing | None = None,
    ) -> None:
        self.words = words
        self.stream = stream
        self._sealing = sealing
        self._crypto = sealing.lines[0] if sealing else ""
        self.phase = Phase.WAITING
        self.faults: list[str] = []
        self.sent = 0  # requests to the client; counts up
        self.dialog_id: DialogId | None = None
        self.destination: HostPort = ("", 0)
        self.invited_at = self.answered_at = self.ended_at = self.bye_answered_at = 0.0
        self.next_frame = 0
        self.may_be_ended_by_peer = False
        self._fault = fault
        self._refresh_at = 0.0

    @property
    def was_answered(self) -> bool:
        """Whether the recorder took the call."""
        return self.answered_at > 0

    def begin(self, client: Client, flow: Flow, *, now: float) -> None:
        """Send the INVITE."""
        self._client = client
        self.phase = Phase.INVITED
        self.invited_at = now
        self.sent += 1
        self.dialog_id = client.invite(
            flow, self.words.invitation(flow, crypto=self._crypto), now=now
        )

    def receive(self, event: ClientEvent, *, now: float) -> None:
        """Take in what the client reports of this call."""
        match event:
            case ResponseReceived(request=request, response=response) if response.status >= 200:
                self._answered(request.method, response, now)
            case RequestTimedOut(request=request):
                self._fail(f"no answer to {request.method}", now)
            case PeerRequestReceived(request=request) if request.method == "BYE":
                self._ended_by_peer(now)

    def packet(self, frame: int) -> bytes:
        """Return the packet of one frame as it goes on the wire."""
        packet = self.stream.packet(frame)
        return self._sealing.seal(0, packet) if self._sealing else packet

    def refresh_if_due(self, *, now: float) -> None:
        """Keep the session alive, as CUCM does after half its time."""
        if self.phase is Phase.TALKING and now >= self._refresh_at:
            self._refresh_at = now + SESSION_S / 2
            self._request("UPDATE", now, (("Session-Expires", f"{SESSION_S};refresher=uac"),))

    def change_far_end(self, far: End, *, now: float) -> None:
        """Say that another is in the call now."""
        if self.phase is Phase.TALKING and self.dialog_id is not None:
            self._client.change_from(self.dialog_id, self.words.sender(far))
            self._request("UPDATE", now)

    def end(self, *, now: float, headers: Iterable[tuple[str, str]] = ()) -> None:
        """End the call, whatever is going on."""
        if self.phase is Phase.INVITED and self.dialog_id is not None:
            self._client.cancel(self.dialog_id, now=now)
            self.phase = Phase.ENDED
        elif self.phase is Phase.TALKING:
            self.phase = Phase.ENDING
            self.ended_at = now
            self._request("BYE", now, headers)
        elif self.phase is Phase.WAITING:
            self.phase = Phase.ENDED

    def _request(self, method: str, now: float, headers: Iterable[tuple[str, str]] = ()) -> None:
        if self.dialog_id is not None:
            self.sent += 1
            self._client.request(self.dialog_id, method, headers=headers, now=now)

    def _answered(self, method: str, response: Response, now: float) -> None:
        if method == "BYE":
            self.phase = Phase.ENDED
            self.bye_answered_at = now
            if response.status >= 300:
                self.faults.append(f"BYE was answered {response.status}")
        elif method == "INVITE" and self.phase is Phase.INVITED:
            self._invite_answered(response, now)
        elif method == "UPDATE" and response.status >= 300:
            self.faults.append(f"UPDATE was answered {response.status}")

    def _invite_answered(self, response: Response, now: float) -> None:
        if response.status >= 300:
            self.phase = Phase.ENDED
            self.faults.append(f"refused with {response.status} {response.reason}")
            return
        self.answered_at = now
        self._refresh_at = now + SESSION_S / 2
        self.phase = Phase.TALKING
        self.sent += 1
        has_codec = self._take_description(response.body)
        if self._fault is Fault.CAUSE_47 or not has_codec:
            self._acknowledge(now)
            self.end(now=now, headers=_NO_CODEC)
        elif self.words.is_offering:
            self._acknowledge(now)
        else:
            self._acknowledge(now, self.words.description(self._crypto))

    def _acknowledge(self, now: float, body: bytes = b"") -> None:
        if self.dialog_id is not None:
            content_type = _SDP if body else ""
            self._client.acknowledge(self.dialog_id, content_type=content_type, body=body, now=now)

    def _take_description(self, body: bytes) -> bool:
        """Read what the recorder says of its port; tell whether CUCM finds a codec there."""
        try:
            lines = offer.read_answer(body)
        except (ValueError, IndexError) as error:
            self.faults.append(f"unreadable session description: {error}")
            return False
        if len(lines) != 1:
            self.faults.append(f"{len(lines)} m-lines for one voice")
            return False
        (line,) = lines
        self.destination = (line.address, line.port)
        if line.port == 0:
            self.faults.append("the stream was refused")
        if line.direction != "recvonly":
            self.faults.append(f"direction {line.direction}, not recvonly")
        codec = self.words.pair.script.codec
        if PAYLOAD_TYPES[codec] not in line.payload_types:
            self.faults.append(f"the recorder has no {codec.value} among its codecs")
            return False
        return line.port > 0 and self._find_suite(body)

    def _find_suite(self, body: bytes) -> bool:
        """Take the tag under which the recorder has our suite; False: it has it not."""
        if self._sealing is None:
            return True
        suite = self._sealing.streams[0].suite
        found = re.search(rf"^a=crypto:([0-9]+) {suite} ", body.decode("utf-8"), re.M)
        if found is None:
            self.faults.append(f"the recorder has no {suite} among its keys")
            return False
        self._crypto = self._crypto.replace("a=crypto:1 ", f"a=crypto:{found[1]} ")
        return True

    def _fail(self, fault: str, now: float) -> None:
        self.faults.append(fault)
        if self.phase is Phase.TALKING:
            self.end(now=now)
        else:
            self.phase = Phase.ENDED

    def _ended_by_peer(self, now: float) -> None:
        if self.phase is Phase.ENDED:
            return
        if not self.may_be_ended_by_peer and self.phase is not Phase.ENDING:
            self.faults.append("the recorder hung up")
        self.ended_at = self.ended_at or now
        self.bye_answered_at = now
        self.phase = Phase.ENDED
