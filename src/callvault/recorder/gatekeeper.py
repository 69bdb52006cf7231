"""Whom this node lets in, and what it tells of those it does not."""

import logging
from collections.abc import Callable, Sequence
from typing import Literal

from callvault import sip
from callvault.clock import Instant
from callvault.errors import ProtocolError
from callvault.ids import new_id
from callvault.policy.snapshot import Trunk
from callvault.recorder.facts import TurnedAway, shown_peer
from callvault.recorder.figures import Tally
from callvault.recorder.journals import NodeJournal
from callvault.recorder.policy_source import PolicySource
from callvault.sip.probe import ProbeKey
from callvault.spool.entries import CallVerdict, NodeEvent, PeerAttempt, StreamDescription

logger = logging.getLogger(__name__)

Severity = Literal["info", "warning", "error"]

TELL_EVERY_NS = 3_600_000_000_000
STRICT_PROBLEM = "RFC 7866 wants both +sip.src in Contact and Require: siprec"


class Gatekeeper:
    """Knows the trunk of each peer; writes into the node's event journal, and counts."""

    def __init__(
        self,
        policy: PolicySource,
        node_journal: NodeJournal,
        tally: Tally,
        read_clocks: Callable[[], Instant],
        *,
        probe_key: ProbeKey | None = None,
    ) -> None:
        """`probe_key` knows the probes of this node itself (recorder.reachability)."""
        self._probe_key = probe_key
        self._policy = policy
        self._node_journal = node_journal
        self._tally = tally
        self._read_clocks = read_clocks
        self._told_recvonly_ns: dict[str, int] = {}  # by trunk

    def trunk_of(self, flow: sip.Flow) -> Trunk | None:
        """Return the trunk that a peer belongs to; None for a stranger."""
        table = self._policy.in_force.trunks
        return table.find(flow.remote[0], flow.transport, flow.peer_names)

    def knows(self, host: str) -> bool:
        """Whether a trunk lets this address in over TLS, before its certificate is seen."""
        return self._policy.in_force.trunks.find(host, "tls") is not None

    def admits(self, flow: sip.Flow) -> bool:
        """Whether a peer is heard at all."""
        return self.trunk_of(flow) is not None

    def sender_of(self, flow: sip.Flow) -> str:
        """With whom a peer shares its turns: those of its trunk, or all strangers together."""
        trunk = self.trunk_of(flow)
        return str(trunk.trunk_id) if trunk is not None else ""

    def vouches(self, data: bytes) -> bool:
        """Whether a message that no trunk lets in is a probe of our own."""
        if self._probe_key is None:
            return False
        return self._probe_key.vouches(data, self._read_clocks().realtime_ns // 1_000_000_000)

    def credentials(self, flow: sip.Flow) -> sip.Credentials | None:
        """Return what a peer must prove; None: nothing."""
        trunk = self.trunk_of(flow)
        if trunk is None or not trunk.digest_user:
            return None
        return sip.Credentials(
            trunk.digest_user, trunk.digest_realm, trunk.digest_ha1_md5, trunk.digest_ha1_sha256
        )

    def problem_of(self, request: sip.Request, trunk: Trunk) -> str:
        """Why a trunk does not take an INVITE as a recording session; empty: it does."""
        return STRICT_PROBLEM if trunk.strict_siprec and not request.keeps_to_rfc_7866 else ""

    def heard(self, flow: sip.Flow) -> None:
        """Note when a trunk last gave a sign of life."""
        if (trunk := self.trunk_of(flow)) is not None:
            self._tally.heard_at_ns[trunk.name] = self._read_clocks().realtime_ns

    def stranger_heard(self, event: sip.StrangerHeard) -> None:
        """Note an attempt of a source that no trunk has."""
        now = self._read_clocks()
        host, port = event.flow.remote
        self._tally.unknown_attempts += event.count
        logger.info("stranger heard %s method=%s count=%d", host, event.method, event.count)
        attempt = PeerAttempt(
            at_ns=now.realtime_ns,
            event_id=new_id(),
            peer_address=host,
            peer_port=port,
            transport=event.flow.transport,
            method=event.method,
            request_uri=event.request_uri,
            user_agent=event.user_agent,
            count=event.count,
        )
        self._node_journal.append(attempt, now=now)

    def credentials_refused(self, event: sip.CredentialsRefused) -> None:
        """Tell of a peer that does not know the password. What it sent instead is kept nowhere."""
        self._tally.wrong_credentials += event.count
        trunk = self.trunk_of(event.flow)
        values = {
            "trunk": trunk.name if trunk else "",
            "peer": shown_peer(event.flow),
            "attempts": str(event.count),
        }
        self.note("credentials_refused", "warning", values)

    def request_refused(self, event: sip.RequestRefused) -> None:
        """Keep the verdict of a call that the agent itself refused, as far as it can be read."""
        logger.info("refused status=%d method=%s", event.status, event.request.method)
        trunk = self.trunk_of(event.flow)
        if event.request.method != "INVITE" or trunk is None:
            return
        why = TurnedAway(event.status, "room" if event.status == 503 else "offer", event.problem)
        self.turned_away(event.request, event.flow, trunk, why)

    def turned_away(
        self, request: sip.Request, flow: sip.Flow, trunk: Trunk, why: TurnedAway
    ) -> None:
        """Keep the verdict of a call that never had a session."""
        now = self._read_clocks()
        try:
            verdict = why.verdict(request, flow, trunk, event_id=new_id(), now=now)
        except ProtocolError as error:  # no Call-ID, no From: there is nothing to tell of it
            logger.info("refused: %s", error)
            return
        self.report(verdict)

    def streams_changed(self, trunk_name: str, streams: Sequence[StreamDescription]) -> None:
        """Tell of lines on which an SRC wants to receive (a wrong setting), once an hour and trunk.

        They are answered `inactive`: a recorder has nothing to send.
        """
        now_ns, told_ns = self._read_clocks().monotonic_ns, self._told_recvonly_ns.get(trunk_name)
        is_odd = any(one.port and one.offered == "recvonly" for one in streams)
        if is_odd and (told_ns is None or now_ns - told_ns >= TELL_EVERY_NS):
            self._told_recvonly_ns[trunk_name] = now_ns
            self.note("offered_recvonly", "warning", {"trunk": trunk_name})

    def report(self, entry: CallVerdict) -> None:
        """Write a verdict into the node's event journal."""
        self._tally.add_refusal(entry)
        self._node_journal.append(entry, now=self._read_clocks())

    def note(self, kind: str, severity: Severity, values: dict[str, str]) -> None:
        """Write an event of this node that operators must know."""
        logger.log(logging.INFO if severity == "info" else logging.WARNING, "node %s", kind)
        now = self._read_clocks()
        self._node_journal.append(
            NodeEvent(now.realtime_ns, new_id(), kind, severity, values), now=now
        )
