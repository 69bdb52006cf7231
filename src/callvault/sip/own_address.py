"""Which address of ours goes into Contact and SDP towards a peer. Pure: routes are the drivers'."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """The addresses by which peers reach this node, where they are not those it has itself."""

    ipv4: str = ""  # empty: the one from which the kernel sends to the peer
    ipv6: str = ""

    @classmethod
    def of(cls, *addresses: str) -> "OwnAddress":
        """Sort addresses by family; "auto" and "" stand for none."""
        given = [address for address in addresses if address not in ("", "auto")]
        of_ipv4 = next((one for one in given if ":" not in one), "")
        return cls(of_ipv4, next((one for one in given if ":" in one), ""))

    def towards(self, local: str) -> str:
        """Return the address to name to a peer that is reached from `local`."""
        return (self.ipv6 if ":" in local else self.ipv4) or local
