"""Why a directory could not be read: a code and facts. `wording` makes sentences of them."""

from callvault.errors import CallvaultError


class SourceFault(CallvaultError):
    """A directory did not give all that was asked for; nothing may be concluded from the rest.

    `values` holds names, addresses and the server's own words; never a password or a token.
    """

    def __init__(self, code: str, **values: str) -> None:
        told = ", ".join(f"{name} {value}" for name, value in sorted(values.items()) if value)
        super().__init__(f"{code}: {told}" if told else code)
        self.code = code
        self.values = values
