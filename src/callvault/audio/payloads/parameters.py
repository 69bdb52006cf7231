"""The parameters of an fmtp line (RFC 4566, section 6): `name=value`, separated by semicolons."""


def read_parameters(text: str) -> dict[str, str]:
    """Return parameters by name in lower case; a name without a value has an empty one.

    The first of two alike counts. Blanks around names and values are no part of them.
    """
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip())
    return found


def is_on(parameters: dict[str, str], name: str) -> bool:
    """Whether a switch of 0 and 1 is on."""
    return parameters.get(name, "0") not in ("0", "")
