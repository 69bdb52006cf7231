"""What CUCM says in a recording call: its INVITE as traces show it, and its session descriptions.

Two calls of a pair differ in one flag of the From (`x-nearend`, `x-farend`), in tag, Call-ID and
session id. From is written as CUCM writes it: over several lines, blanks behind semicolons, and
device names of one case here and another there.
"""

from dataclasses import dataclass
from random import Random

from callvault.simulator.codecs import PAYLOAD_TYPES
from callvault.simulator.cucm.plan import End, PairPlan
from callvault.simulator.script import Codec, Speaker
from callvault.sip import Flow, HostPort
from callvault.sip.client import Invitation, UserAgentClient

SESSION_S = 1_800
DUMMY_PORT = 4000
"""CUCM names it for every phone; nothing is ever sent from there."""
_RTPMAP = {Codec.PCMU: "PCMU/8000", Codec.PCMA: "PCMA/8000", Codec.G722: "G722/8000"}
_ON_ONE_LINE = 3  # parameters of a From


@dataclass(frozen=True, slots=True)
class LegWords:
    """The words of one recording call."""

    pair: PairPlan
    side: Speaker
    pilot: str
    cluster_address: str  # of CUCM, as it names itself
    media_address: str
    call_id: str
    tag: str
    session_id: str  # of this recording call, not of the recorded one
    is_offering: bool

    def invitation(self, flow: Flow, *, crypto: str = "") -> Invitation:
        """Return the INVITE. `crypto`: the line that tells the key, where it offers SRTP."""
        host = _host(flow.local)
        near = self.pair.near
        return Invitation(
            uri=f"sip:{self.pilot}@{_host(flow.remote)}",
            from_address=self.sender(self.pair.far),
            to_address=f"<sip:{self.pilot}@{_host(flow.remote)}>",
            contact=(
                f"<sip:{near.number}@{host};transport={flow.transport}>;isFocus"
                f';+u.sip!devicename.ccm.cisco.com="{near.device}"'
            ),
            headers=(
                ("Supported", "timer,resource-priority,replaces"),
                ("Supported", "X-cisco-srtp-fallback"),
                ("Supported", "Geolocation"),
                ("Min-SE", f"{SESSION_S}"),
                ("User-Agent", "Cisco-CUCM14.0"),
                ("Allow", "INVITE, OPTIONS, INFO, BYE, CANCEL, ACK, PRACK, UPDATE, REFER"),
                ("Expires", "180"),
                ("Allow-Events", "presence, kpml"),
                ("Call-Info", f"<urn:x-cisco-remotecc:callinfo>;x-cisco-loc-name={near.cluster}"),
                ("Session-ID", f"{self.session_id};remote={'0' * 32}"),
                ("Cisco-Guid", _guid(self.session_id)),
                ("Session-Expires", f"{SESSION_S}"),
                ("P-Asserted-Identity", f"<sip:{near.number}@{self.cluster_address}>"),
                (
                    "Remote-Party-ID",
                    f"<sip:{near.number}@{self.cluster_address}>;party=calling"
                    ";screen=yes;privacy=off",
                ),
            ),
            content_type="application/sdp" if self.is_offering else "",
            body=self.description(crypto) if self.is_offering else b"",
            acknowledges=False,
            from_tag=self.tag,
            call_id=self.call_id,
            cseq=101,
        )

    def sender(self, far: End) -> str:
        """Return From without its tag: whose voice, of which phone, in a call with whom."""
        near = self.pair.near
        is_near = self.side is Speaker.OWNER
        # Both cases were seen inside one dialog.
        device = near.device if is_near else f"{near.device[:3].lower()}{near.device[3:]}"
        parameters = [
            "x-nearend" if is_near else "x-farend",
            f"x-refci={near.refci}",
            f"x-nearendclusterid={near.cluster}",
            f"x-nearenddevice={device}",
            f"x-nearendaddr={near.number}",
            f"x-farendrefci={far.refci}",
            f"x-farendclusterid={far.cluster}",
            f"x-farenddevice={far.device}",
            f"x-farendaddr={far.number}",
            f"x-sessionid={self.pair.session_id}",
        ]
        if far.is_conference:
            parameters.append("isfocus")
        return f"<sip:{near.number}@{self.cluster_address};{'; '.join(parameters)}>"

    def description(self, crypto: str = "") -> bytes:
        """Return the offer, or the answer to the recorder's: one codec, and a port of no use."""
        codec = self.pair.script.codec
        payload_type = PAYLOAD_TYPES[codec]
        text = [
            "v=0",
            f"o=CiscoSystemsCCM-SIP {int(self.session_id[:8], 16)} 1 IN"
            f" {_family(self.cluster_address)}",
            "s=SIP Call",
            f"c=IN {_family(self.media_address)}",
            "b=TIAS:64000",
            "b=AS:64",
            "t=0 0",
            f"m=audio {DUMMY_PORT} {'RTP/SAVP' if crypto else 'RTP/AVP'} {payload_type}",
            *([crypto] if crypto else []),
            f"a=rtpmap:{payload_type} {_RTPMAP[codec]}",
            "a=ptime:20",
            "a=sendonly",
            "",
        ]
        return "\r\n".join(text).encode("ascii")


def new_words(
    pair: PairPlan,
    side: Speaker,
    ids: Random,
    *,
    address: str,
    media_address: str,
    pilot: str,
    is_offering: bool,
) -> LegWords:
    """Draw the ids of a recording call. Its own call leg's id is not the one that it names."""
    bits, own_refci = f"{ids.getrandbits(128):032x}", pair.near.refci + 2 + ids.randrange(1, 9)
    return LegWords(
        pair=pair,
        side=side,
        pilot=pilot,
        cluster_address=address,
        media_address=media_address,
        call_id=f"{bits[:8]}-{bits[8:16]}-{bits[16:20]}-{bits[20:28]}@{address}",
        tag=f"{ids.randrange(1, 99_999)}~{_uuid(bits)}-{own_refci}",
        session_id=f"{ids.getrandbits(128):032x}",
        is_offering=is_offering,
    )


class CucmClient(UserAgentClient):
    """A client that writes From over several lines, as CUCM does."""

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take what is to be sent, in order."""
        return [(flow, folded(message)) for flow, message in super().messages_to_send()]


def folded(message: bytes) -> bytes:
    """Return a message whose From names a recorded call with that From on several lines."""
    head, blank_line, body = message.partition(b"\r\n\r\n")
    lines = [
        _folded(line) if line.startswith(b"From:") and b"; x-" in line else line
        for line in head.split(b"\r\n")
    ]
    return b"\r\n".join(lines) + blank_line + body


def _folded(line: bytes) -> bytes:
    words = line.split(b"; ")
    starts = range(0, len(words), _ON_ONE_LINE)
    return b";\r\n ".join(b"; ".join(words[start : start + _ON_ONE_LINE]) for start in starts)


def _uuid(bits: str) -> str:
    return f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}"


def _guid(bits: str) -> str:
    return "-".join(f"{int(bits[start : start + 8], 16):010d}" for start in (0, 8, 16, 24))


def _family(address: str) -> str:
    return f"IP6 {address}" if ":" in address else f"IP4 {address}"


def _host(address: HostPort) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
