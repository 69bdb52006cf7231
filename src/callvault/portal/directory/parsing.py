"""What people type about a directory, line by line. Pure; ValueError says which line is wrong."""

from collections.abc import Callable

import ldap.dn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils.translation import gettext as _

from .ldap_channel import Server

MAX_PEM_BYTES = 64 * 1024
MAX_LINES = 200
ARROW = "=>"


def parse_lines(text: str, read: Callable[[str], str]) -> list[str]:
    """Return the lines that are not blank, each read; the same twice once."""
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise ValueError(_("At most %(count)s lines.") % {"count": MAX_LINES})
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(read(line.strip()))
            except ValueError as wrong:
                told = {"line": number, "why": str(wrong)}
                raise ValueError(_("Line %(line)s: %(why)s") % told) from wrong
    return list(dict.fromkeys(found))


def parse_uris(text: str) -> list[str]:
    """Return addresses of servers, as typed; what Server refuses is refused."""
    return parse_lines(text, _uri)


def _uri(line: str) -> str:
    address = line if "://" in line else f"ldap://{line}"
    try:
        Server.of(address)
    except ValueError as wrong:
        raise ValueError(
            _("A server is written as ldaps://dc1.example.com or ldap://192.0.2.7:389.")
        ) from wrong
    return address.rstrip("/")


def parse_dns(text: str) -> list[str]:
    """Return names of places in a directory."""
    return parse_lines(text, distinguished_name)


def distinguished_name(line: str) -> str:
    """Refuse what is no DN (RFC 4514)."""
    if not ldap.dn.is_dn(line) or "=" not in line:
        raise ValueError(_("A DN looks like OU=Staff,DC=example,DC=com."))
    return line


def parse_group_rules(text: str) -> list[str]:
    """Return rules in one form: group of the directory => recording group."""
    return parse_lines(text, _group_rule)


def _group_rule(line: str) -> str:
    there, arrow, here = line.rpartition(ARROW)
    there, here = there.strip(), " ".join(here.split())
    if not arrow or not there or not here:
        raise ValueError(_("A rule is written as CN=Sales,OU=Groups,DC=example,DC=com => sales."))
    if ";" in here or len(here) > 100:
        raise ValueError(_("A recording group has at most 100 characters, and no semicolon."))
    return f"{there} {ARROW} {here}"


def rule_pair(rule: str) -> list[str]:
    """Return a rule as it is stored: both groups.

    >>> rule_pair("cn=a => sales")
    ['cn=a', 'sales']
    """
    there, _arrow, here = rule.rpartition(ARROW)
    return [there.strip(), here.strip()]


def attribute_names(text: str) -> list[str]:
    """Return names of attributes in order of preference, separated by commas or blanks."""
    names = text.replace(",", " ").split()
    for name in names:
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise ValueError(_("“%(name)s” is no name of an attribute.") % {"name": name[:50]})
    return list(dict.fromkeys(names))[:5]


def authority_pem(data: bytes) -> str:
    """Return certificates of an uploaded file, PEM or DER, as PEM. Raises ValueError."""
    if len(data) > MAX_PEM_BYTES:
        raise ValueError(_("The file is larger than 64 kB. Is it a certificate?"))
    if b"PRIVATE KEY" in data:
        raise ValueError(_("This file holds a private key. Upload the certificate alone."))
    try:
        if b"-----BEGIN" in data:
            found = x509.load_pem_x509_certificates(data)
        else:
            found = [x509.load_der_x509_certificate(data)]
    except ValueError as wrong:
        raise ValueError(_("This file is no certificate, neither PEM nor DER.")) from wrong
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in found)


def certificates_in(pem: str) -> list[x509.Certificate]:
    """Return the certificates of a text that was checked when it was uploaded."""
    return x509.load_pem_x509_certificates(pem.encode()) if pem else []
