"""What a simulated call says: its INVITE, and the bodies of all its offers.

As an SRC of RFC 7866 would: SDP and metadata in each, the caller's stream first, labels that
join the two.
"""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from callvault.simulator import metadata, offer
from callvault.simulator.script import CallScript, Party, Speaker
from callvault.simulator.sealing import Sealing
from callvault.sip import Flow, HostPort
from callvault.sip.client import Invitation

DOMAIN = "demo.example"


class Signalling:
    """The words of one call. `ports` are those of the caller's stream and of the callee's."""

    def __init__(
        self,
        script: CallScript,
        *,
        address: str,
        ports: tuple[int, int],
        rng: Random,
        placed_at: datetime,
        sealing: Sealing | None = None,
    ) -> None:
        self._ports = ports
        self.sealing = sealing
        self._script = script
        self._address = address
        self._placed_at = placed_at
        self._told = _told_call(script, self.offered, rng, placed_at)
        self._sdp_id = rng.getrandbits(31)
        self._sdp_version = 0

    @property
    def offered(self) -> tuple[offer.OfferedStream, ...]:
        """The streams as the next offer has them."""
        lines = self.sealing.lines if self.sealing else ("",) * len(self._ports)
        return tuple(
            offer.OfferedStream(port, str(index + 1), crypto)
            for index, (port, crypto) in enumerate(zip(self._ports, lines, strict=True))
        )

    def invitation(self, flow: Flow) -> Invitation:
        """Return the INVITE that begins the recording session."""
        content_type, body = self.body(seconds=0.0, held=False)
        return Invitation(
            uri=f"sip:srs@{_host_port(flow.remote)};transport={flow.transport}",
            from_address=f"<{_aor(self._script.caller)}>",
            to_address=f"<sip:srs@{_host_port(flow.remote)}>",
            contact=f"<sip:src@{_host_port(flow.local)};transport={flow.transport}>;+sip.src",
            headers=(
                ("Require", "siprec"),
                ("Supported", "siprec"),
                ("Accept", "application/sdp"),
                ("User-Agent", "Callvault-SRC"),
            ),
            content_type=content_type,
            body=body,
        )

    def body(self, *, seconds: float, held: bool) -> tuple[str, bytes]:
        """Return content type and body of an offer made some seconds after the INVITE."""
        self._sdp_version += 1
        sdp = offer.build(
            self.offered,
            address=self._address,
            session_id=self._sdp_id,
            version=self._sdp_version,
            codec=self._script.codec,
            held=held,
        )
        now = self._placed_at + timedelta(seconds=seconds)
        return offer.body_of(sdp, metadata.build(self._told, now=now, held=held))


def sides_in_order(script: CallScript) -> tuple[Speaker, Speaker]:
    """Return whose voice each m-line carries: the caller's first, as most SRCs do."""
    first = Speaker.OWNER if script.caller is script.owner else Speaker.REMOTE
    return first, first.other


def _told_call(
    script: CallScript,
    offered: tuple[offer.OfferedStream, ...],
    rng: Random,
    placed_at: datetime,
) -> metadata.ToldCall:
    parties = (script.caller, script.callee)
    return metadata.ToldCall(
        group_id=_uuid(rng),
        session_id=_uuid(rng),
        sip_session_id=f"{_uuid(rng).hex};remote={_uuid(rng).hex}",
        started_at=placed_at,
        parties=tuple(
            metadata.ToldParty(_uuid(rng), _uuid(rng), _aor(party), party.name, line.label)
            for party, line in zip(parties, offered, strict=True)
        ),
    )


def _uuid(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def _aor(party: Party) -> str:
    return f"sip:{party.number}@{DOMAIN}"


def _host_port(address: HostPort) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
