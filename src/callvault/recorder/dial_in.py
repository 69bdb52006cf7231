"""Who calls the recorder, by the headers of a plain INVITE (CAP-3)."""

from callvault.cucm import leg_of_invite
from callvault.sip import Address, Request
from callvault.siprec import NameId

MOST_CALLERS = 8


def callers_of(request: Request) -> tuple[NameId, ...]:
    """Return the addresses of whoever calls, the most believed first; none of a recording client.

    What the network asserts, then who diverted the call first, then From: a bridge calls under
    its own name, and what forwards a call to us under that of the one who called it.
    """
    if request.is_from_recording_client or leg_of_invite(request, has_metadata=False) is not None:
        return ()
    found = [
        *request.addresses("p-asserted-identity")[:2],
        *request.addresses("remote-party-id")[:1],
        # Of diversions the newest stands first (RFC 5806), of the history the oldest (RFC 7044).
        *reversed(request.addresses("diversion")[-3:]),
        *request.addresses("history-info")[:1],
        request.from_address,
    ]
    named = [_name_id(one) for one in found if _names(one)]
    # A bridge may call as a host alone: somebody calls all the same, who is nobody we know.
    return tuple(dict.fromkeys(named))[:MOST_CALLERS] or (_name_id(request.from_address),)


def _name_id(address: Address) -> NameId:
    return NameId(address.uri.text[:512], address.display_name[:256])


def _names(address: Address) -> bool:
    """Whether an address names anybody: what cannot be read has no user part."""
    return bool(address.uri.user)
