"""What peers must know of a node to reach it: its addresses, its SIP ports, its media ports."""

from ipaddress import ip_address

from callvault.config.sections import Config
from callvault.monitoring.reachability import NodeAddress
from callvault.sip.own_address import OwnAddress
from callvault.sip.sockets import has_ipv6, routed_address, usable_bind_address

_SOMEWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Addresses that belong to nobody (RFC 5737, RFC 3849): the way there is the default one."""


def node_address(config: Config) -> NodeAddress:
    """Return where peers reach a node of these settings."""
    sip = config.sip
    own = OwnAddress.of(sip.advertised_address, sip.advertised_address_ipv6)
    found = (_address(version, own, sip.bind_address) for version in (4, 6))
    return NodeAddress(
        addresses=tuple(address for address in found if address),
        is_advertised=bool(own.ipv4 or own.ipv6),
        sip_port=sip.port,
        tls_port=sip.listening_tls_port if sip.tls else 0,
        media_first=config.capture.port_first,
        media_last=config.capture.port_last + 1,
    )


def _address(version: int, own: OwnAddress, bind_address: str) -> str:
    """Return the address of one family, or nothing where peers do not come by it."""
    advertised = own.ipv4 if version == 4 else own.ipv6
    if advertised:
        return advertised
    bound = ip_address(usable_bind_address(bind_address))
    if not bound.is_unspecified:
        return str(bound) if bound.version == version else ""
    if (bound.version == 4 and version == 6) or (version == 6 and not has_ipv6()):
        return ""
    routed = routed_address(_SOMEWHERE[version])
    return "" if version == 6 and ip_address(routed).is_loopback else routed
