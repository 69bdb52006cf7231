"""Names that certificates bear, as people type them: one a line, with the line in each error."""

import re
from ipaddress import ip_address

from django.utils.translation import gettext as _

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\*(?:\.{_LABEL}){{2,}}")
_MAX_CHARACTERS = 253  # RFC 1035, section 2.3.4, as text


class TlsNameError(ValueError):
    """A line is no name of a certificate; `line` counts from 1."""

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse_tls_names(text: str) -> list[str]:
    """Return names in lower case, none twice, in the order typed: `sbc.example.com`.

    A name is what stands in a certificate's subjectAltName, or is its common name. `*` may stand
    for the first of three labels. Raises TlsNameError for the first line that is none.
    """
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        name = line.strip().removesuffix(".").lower()
        if name:
            found.append(_checked(name, number))
    return list(dict.fromkeys(found))


def _checked(name: str, line: int) -> str:
    told = {"line": line, "name": name}
    if _is_address(name):
        message = _("Line %(line)s: %(name)s is an address. It belongs under Peers.")
        raise TlsNameError(message % told, line=line)
    if len(name) > _MAX_CHARACTERS or not _NAME.fullmatch(name):
        message = _("Line %(line)s: “%(name)s” is no name of a certificate.")
        raise TlsNameError(message % told, line=line)
    return name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
