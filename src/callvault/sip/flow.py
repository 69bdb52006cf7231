"""Where a message comes from and goes to: transport, two addresses, one connection."""

from dataclasses import dataclass
from typing import Literal

Transport = Literal["udp", "tcp", "tls"]
HostPort = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Flow:
    """The path between us and one peer.

    `connection_id` names one connection of tcp or tls; 0 asks for any connection to `remote`,
    to be opened if there is none. On udp it is always 0.
    """

    transport: Transport
    local: HostPort  # ours, as the peer reaches it: the address that routes there, never 0.0.0.0
    remote: HostPort
    connection_id: int = 0
    peer_names: tuple[
        str, ...
    ] = ()  # of the verified TLS certificate, as `sip.peer_names` reads them

    @property
    def is_reliable(self) -> bool:
        """Whether the transport itself retransmits."""
        return self.transport != "udp"
