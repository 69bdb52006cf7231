"""What may stand in each field of a person, however it came: typed, by CSV or from a directory.

A rule takes text and returns the value as it is kept, or raises FieldProblem with a sentence for
whoever typed it. Rules of one field only; what people have to do with each other is `planning`.
"""

import re
import unicodedata
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from callvault.portal.configuration.mode_choices import modes
from callvault.portal.configuration.zones import zone_name
from callvault.portal.recordings.folding import SEPARATORS

from .levels import Level

USER_NAME = re.compile(r"[\w.@+-]{1,150}")
NUMBER = re.compile(r"\+?[0-9*#]{1,31}")
DIGITS = re.compile(r"[0-9]{1,16}")

Value = str | bool | Level

TEXT_LENGTHS = {
    "first_name": 150,
    "last_name": 150,
    "email": 254,
    "pbx_username": 254,
    "department": 150,
    "group": 100,
    "additional_groups": 1000,
}


class FieldProblem(ValueError):
    """Why a value cannot stand in a field, in the reader's language."""


def username(text: str) -> str:
    """Refuse characters that file names and directories do not share.

    >>> username(" a.rossi ")
    'a.rossi'
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise FieldProblem(_("A user name is needed."))
    if not USER_NAME.fullmatch(name):
        raise FieldProblem(_("Only letters, digits and . @ + - _ may stand here."))
    return name


def number(text: str) -> str:
    """Return a number as dialled, without what is put into it for reading.

    >>> number("+39 02 1234-567")
    '+39021234567'
    """
    plain = SEPARATORS.sub("", text)
    if plain and not NUMBER.fullmatch(plain):
        raise FieldProblem(_("Only digits, * and #, with a + before them."))
    return plain


def numeric_id(text: str) -> str:
    """Return an ID that is dialled behind a pilot's prefix: a leading zero counts."""
    plain = text.strip()
    if plain and not DIGITS.fullmatch(plain):
        raise FieldProblem(_("Only digits, 16 at most."))
    return plain


def email(text: str) -> str:
    """Refuse what is no address."""
    address = plain_text(text, TEXT_LENGTHS["email"])
    try:
        if address:
            validate_email(address)
    except ValidationError:
        raise FieldProblem(_("This is no e-mail address.")) from None
    return address


def group(text: str) -> str:
    """Refuse a name that could not stand in a list."""
    if ";" in text:
        raise FieldProblem(_("Only one group; others go into additional groups."))
    return group_name(plain_text(text, TEXT_LENGTHS["group"]))


def additional_groups(text: str) -> str:
    """Bring the list into one form: no blanks around names, no empty ones, none twice.

    >>> additional_groups(" claims ;; Sales;claims;CLAIMS")
    'claims;Sales'
    """
    names = [group_name(name) for name in plain_text(text, None).split(";")]
    if any(len(name) > TEXT_LENGTHS["group"] for name in names):
        raise FieldProblem(_("The name of a group has at most 100 characters."))
    once: dict[str, str] = {}
    for name in names:
        once.setdefault(name.casefold(), name)
    return plain_text(";".join(filter(None, once.values())), TEXT_LENGTHS["additional_groups"])


def group_name(text: str) -> str:
    """Return a name without blanks around it, and single ones inside.

    >>> group_name("  North   sales ")
    'North sales'
    """
    return " ".join(text.split())


def zone(text: str) -> str:
    """Take nothing, or an IANA time zone."""
    if not text.strip():
        return ""
    try:
        return zone_name(text)
    except ValidationError as unknown:
        raise FieldProblem(str(unknown.messages[0])) from None


def language(text: str) -> str:
    """Take a language by its code or its own name; nothing is the system's."""
    known = {name.casefold(): code for code, named in settings.LANGUAGES for name in (code, named)}
    typed = text.strip().casefold()
    if not typed:
        return ""
    if typed not in known:
        codes = ", ".join(code for code, _named in settings.LANGUAGES)
        raise FieldProblem(_("No such language. Known are %(codes)s.") % {"codes": codes})
    return known[typed]


def level(text: str) -> Level:
    """Take a permission level by its name, in English or in the reader's language."""
    known = {_folded(one.name): one for one in Level} | {_folded(one.label): one for one in Level}
    known |= {"admin": Level.ADMINISTRATOR, "supervisor": Level.GROUP_SUPERVISOR}
    known |= {"baseaccess": Level.BASE}
    found = known.get(_folded(text))
    if found is None:
        names = ", ".join(str(one.label) for one in Level)
        raise FieldProblem(_("No such level. Known are: %(names)s.") % {"names": names})
    return found


def mode(text: str) -> str:
    """Take a recording mode by its code or its name; nothing: as the group or the trunk says."""
    known = {_folded(name): code for code, label in modes() for name in (code, label)}
    if not text.strip():
        return ""
    found = known.get(_folded(text))
    if found is None:
        names = ", ".join(code for code, _label in modes())
        raise FieldProblem(_("No such recording mode. Known are: %(names)s.") % {"names": names})
    return found


def yes_or_no(text: str) -> bool:
    """Take yes and no as spreadsheets and people write them."""
    typed = text.strip().casefold()
    if typed in {"yes", "y", "true", "1", "on", "x", "active", "sì", "si", "vero", "oui", "vrai"}:
        return True
    if typed in {"no", "n", "false", "0", "off", "inactive", "falso", "non", "faux"}:
        return False
    raise FieldProblem(_("Only yes or no."))


def plain_text(text: str, longest: int | None) -> str:
    """Return text in one line, composed, without blanks around it."""
    plain = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in plain):
        raise FieldProblem(_("Only what can be written in one line."))
    if longest is not None and len(plain) > longest:
        raise FieldProblem(_("At most %(count)s characters.") % {"count": longest})
    return plain


def _text(field: str) -> Callable[[str], str]:
    return lambda text: plain_text(text, TEXT_LENGTHS[field])


def _folded(text: object) -> str:
    return re.sub(r"[\s_-]", "", str(text)).casefold()


RULES: dict[str, Callable[[str], Value]] = {
    "username": username,
    "first_name": _text("first_name"),
    "last_name": _text("last_name"),
    "email": email,
    "extension": number,
    "alias": number,
    "pbx_username": _text("pbx_username"),
    "numeric_user_id": numeric_id,
    "numeric_partition_id": numeric_id,
    "department": _text("department"),
    "language": language,
    "zone": zone,
    "group": group,
    "additional_groups": additional_groups,
    "mode": mode,
    "send_notifications": yes_or_no,
    "attach_recording": yes_or_no,
    "level": level,
    "is_active": yes_or_no,
}
"""The rule of each field, in the order of the form and of the CSV file."""

DEFAULTS: dict[str, Value] = {
    "send_notifications": False,
    "attach_recording": False,
    "level": Level.BASE,
    "is_active": True,
}
"""Fields that cannot be blank, with what they are of a new person."""
