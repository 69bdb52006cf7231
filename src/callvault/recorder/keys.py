"""Keys of SRTP on the live side: what a trunk lets in, and what the journal is told of keys."""

import logging
from dataclasses import dataclass
from uuid import UUID

from callvault import sip
from callvault.policy.snapshot import SrtpPolicy, Trunk
from callvault.recorder.actions import Append
from callvault.sdp import Transports
from callvault.spool.entries import MediaKeys, StreamKeys, TimelineEvent

logger = logging.getLogger(__name__)

_CISCO_FALL_BACK = "x-cisco-srtp-fallback"


def transports_of(trunk: Trunk) -> Transports:
    """Return how media may come by a trunk."""
    return Transports(
        srtp=trunk.srtp is not SrtpPolicy.REFUSED, plain=trunk.srtp is not SrtpPolicy.REQUIRED
    )


def falls_back(invite: sip.Request) -> bool:
    """Whether the peer answers RTP/AVP to an offer of RTP/SAVP where it has to (CUCM)."""
    return _CISCO_FALL_BACK in invite.supported


@dataclass(slots=True)
class KeyWatch:
    """Tells the journal of keys each time they change, and once that anybody could read them."""

    journal_id: UUID
    transport: str = "tls"  # by which the call came
    written: tuple[StreamKeys, ...] = ()
    is_told: bool = False  # that they came in clear

    def update(self, keys: tuple[StreamKeys, ...], *, at_ns: int) -> list[Append]:
        """Return what is to be written, before anything is said of the streams that they open."""
        if keys == self.written:
            return []
        self.written = keys
        news = [Append(MediaKeys(at_ns, keys))]
        if keys and self.transport != "tls" and not self.is_told:
            self.is_told = True
            logger.info("rs=%s keys came in clear transport=%s", self.journal_id, self.transport)
            news.append(Append(TimelineEvent(at_ns, "keys_in_clear", detail=self.transport)))
        return news

    def go_on(self, keys: tuple[StreamKeys, ...], *, at_ns: int) -> list[Append]:
        """Return what the journal of the next process is to begin with."""
        self.written, self.is_told = keys, True
        return [Append(MediaKeys(at_ns, keys))] if keys else []
