"""The columns of a CSV file of people: their names, and the forms in which people write them."""

import re

COLUMNS = {
    "username": "Username",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "extension": "Extension",
    "alias": "First extension number alias",
    "pbx_username": "PBX username",
    "numeric_user_id": "Numeric User ID",
    "numeric_partition_id": "Numeric Partition ID",
    "department": "Department",
    "language": "Language",
    "zone": "Time zone",
    "group": "Group name",
    "additional_groups": "List of additional groups",
    "mode": "Recording mode",
    "send_notifications": "Send email notifications",
    "attach_recording": "Attach recording file to email notifications",
    "level": "Permission level",
    "is_active": "Active",
}
"""Name of each field's column, the same in every language."""

_ALSO = {
    "username": ("user", "user id", "login"),
    "first_name": ("firstname", "given name", "name"),
    "last_name": ("lastname", "surname", "family name"),
    "email": ("e-mail", "mail", "email address"),
    "extension": ("extension number", "ext", "phone number"),
    "alias": ("alias", "first extension alias", "did", "first alias"),
    "pbx_username": ("pbx user name", "pbx user"),
    "numeric_user_id": ("user numeric id",),
    "numeric_partition_id": ("partition id", "partition"),
    "language": ("locale",),
    "zone": ("zone", "timezone"),
    "group": ("group", "recording group"),
    "additional_groups": ("additional groups",),
    "mode": ("mode",),
    "send_notifications": ("send e-mail notifications", "notifications"),
    "attach_recording": ("attach recording", "attach recording file"),
    "level": ("level", "permission", "role"),
    "is_active": ("is active", "enabled"),
}
EXAMPLE_MARK = "#"
"""A row whose user name begins with it is left out: no user name can hold it."""

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_DIAL_STRING = re.compile(r"\+?[0-9*#]+")


def field_of(heading: str) -> str | None:
    """Return the field that a heading names, however it is written.

    >>> field_of(" first_NAME "), field_of("Group Name"), field_of("Shoe size")
    ('first_name', 'group', None)
    """
    return _FIELDS.get(_folded(heading))


def is_password(heading: str) -> bool:
    """Whether a heading promises passwords, which are never taken from a file."""
    return _folded(heading) in {"password", "pin", "passwordhash"}


def to_cell(text: str) -> str:
    """Return text as it stands in a cell: what a spreadsheet would run gets a `'` before it.

    >>> to_cell("=1+1"), to_cell("+39021234567"), from_cell(to_cell("'=1"))
    ("'=1+1", '+39021234567', "'=1")
    """
    runs = _FORMULA.match(text) and not _DIAL_STRING.fullmatch(text)
    return f"'{text}" if runs else text


def from_cell(cell: str) -> str:
    """Return the text of a cell, without the `'` that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _folded(heading: str) -> str:
    return re.sub(r"[\W_]", "", heading).casefold()


_FIELDS = {_folded(name): field for field, name in COLUMNS.items()} | {
    _folded(name): field for field, names in _ALSO.items() for name in names
}
