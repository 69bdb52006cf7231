"""One form of words and numbers for the search, the same for what is stored and what is typed."""

import re
import unicodedata

from callvault.policy.numbers import SHORTEST_FULL_NUMBER, normalise

# What people put into numbers to read them better (RFC 3966, section 5.1.1, and blanks).
SEPARATORS = re.compile(r"[\s().\-/\u2010-\u2015]")
NUMBER = re.compile(r"\+?[0-9*#]+")


def folded(text: str) -> str:
    """Return text without case and accents: "Tomás VEGA" is found by "tomas vega"."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def number_in(text: str) -> str:
    """Return the number that a text is, without separators; empty: it is no number."""
    bare = SEPARATORS.sub("", text)
    return normal_form(bare) if NUMBER.fullmatch(bare) else ""


def normal_form(number: str) -> str:
    """Return a number as it is shown and found: no separators, `+` for a leading `00`."""
    plain = normalise(number)
    if plain.startswith("00") and plain.isdecimal() and len(plain) > SHORTEST_FULL_NUMBER:
        return f"+{plain[2:]}"
    return plain


def user_part(address: str) -> str:
    """Return the number or name of a SIP address: `sip:+39021@example.com;x` gives `+39021`."""
    without_scheme = re.sub(r"^[a-z]+:", "", address.strip(), flags=re.IGNORECASE)
    return without_scheme.split("@", 1)[0].split(";", 1)[0]
