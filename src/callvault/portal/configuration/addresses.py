"""Lists of addresses and networks as people type them: one a line, with the line in each error."""

from ipaddress import IPv6Address, ip_network

from django.utils.translation import gettext as _


class AddressError(ValueError):
    """A line is no address or network; `line` counts from 1."""

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse_networks(text: str) -> list[str]:
    """Return addresses and networks in canonical form, none twice, in the order typed.

    A single address comes back as it is, a network with its length: `192.0.2.14`,
    `2001:db8::/32`. Raises AddressError for the first line that is neither.
    """
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if "%" in entry:  # a zone (RFC 4007, section 11) names an interface of one machine
            raise AddressError(_no_address(entry, number), line=number)
        if entry:
            found.append(_network(entry, number))
    return list(dict.fromkeys(found))


def _network(entry: str, line: int) -> str:
    told = {"line": line, "entry": entry}
    try:
        network = ip_network(entry)
    except ValueError as wrong:
        if _host_bits_set(entry):
            told["right"] = str(ip_network(entry, strict=False))
            message = _("Line %(line)s: %(entry)s is inside a network. Write %(right)s.") % told
        else:
            message = _no_address(entry, line)
        raise AddressError(message, line=line) from wrong
    if network.num_addresses > 1:
        return str(network)
    address = network.network_address
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)  # a peer that came by IPv4 is known by its IPv4 address


def _no_address(entry: str, line: int) -> str:
    told = {"line": line, "entry": entry}
    return _("Line %(line)s: “%(entry)s” is no address or network.") % told


def _host_bits_set(entry: str) -> bool:
    try:
        ip_network(entry, strict=False)
    except ValueError:
        return False
    return True
