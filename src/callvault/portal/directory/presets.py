"""What a new directory is filled in with: the attributes of Active Directory, OpenLDAP, Webex."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Flavour(StrEnum):
    """Which kind of directory the attributes are those of."""

    ACTIVE_DIRECTORY = "active_directory"
    OPENLDAP = "openldap"
    WEBEX = "webex"


@dataclass(frozen=True, slots=True)
class Preset:
    """Names of attributes, field by field; several stand in order of preference."""

    fields: Mapping[str, tuple[str, ...]]
    id_attribute: str
    search_filter: str = ""
    active: str = ""
    membership: str = "memberOf"
    extra: tuple[str, ...] = field(default_factory=tuple)


PRESETS = {
    Flavour.ACTIVE_DIRECTORY: Preset(
        fields={
            "username": ("sAMAccountName",),
            "first_name": ("givenName",),
            "last_name": ("sn",),
            "email": ("mail",),
            "extension": ("ipPhone",),
            "alias": ("telephoneNumber",),
            "pbx_username": ("userPrincipalName",),
            "department": ("department",),
        },
        id_attribute="objectGUID",
        # Accounts of people: no contacts, no computers, no accounts of services managed by AD.
        search_filter="(&(objectCategory=person)(objectClass=user)(sAMAccountName=*))",
        active="userAccountControl",
    ),
    Flavour.OPENLDAP: Preset(
        fields={
            "username": ("uid",),
            "first_name": ("givenName",),
            "last_name": ("sn",),
            "email": ("mail",),
            "extension": ("telephoneNumber",),
            "pbx_username": ("mail",),
            "department": ("departmentNumber", "ou"),
            "language": ("preferredLanguage",),
        },
        id_attribute="entryUUID",
        search_filter="(objectClass=inetOrgPerson)",
    ),
    # The account in Webex is the e-mail address; Webex Calling names it in the metadata of calls.
    Flavour.WEBEX: Preset(
        fields={
            "username": ("email",),
            "first_name": ("firstName",),
            "last_name": ("lastName",),
            "email": ("email",),
            "extension": ("extension",),
            "alias": ("workNumber",),
            "pbx_username": ("email",),
            "department": ("department",),
        },
        id_attribute="id",
        active="loginEnabled",
    ),
}
