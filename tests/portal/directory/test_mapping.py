"""From an entry to the fields of a person: text, binary values, groups, who is active."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.portal.directory.entry import MAX_VALUE_BYTES, MAX_VALUES, SourceEntry, text_values
from callvault.portal.directory.ldap_people import entry_of, identity, identity_filter
from callvault.portal.directory.mapping import (
    FieldMapping,
    GroupRule,
    Wanted,
    common_name,
    is_active,
    wanted_person,
)

FIELDS = {"username": ("uid",), "extension": ("ipPhone", "telephoneNumber")}
SALES = "CN=Sales,OU=Groups,DC=example,DC=com"


def entry(**attributes: str | list[str]) -> SourceEntry:
    values = {
        name.lower(): tuple([value] if isinstance(value, str) else value)
        for name, value in attributes.items()
    }
    return SourceEntry("id-1", "uid=ann,dc=example", values)


def test_the_first_attribute_that_holds_something_fills_the_field() -> None:
    wanted = wanted_person(entry(uid="ann", telephoneNumber="2014"), FieldMapping(FIELDS))
    assert wanted == Wanted("id-1", "uid=ann,dc=example", {"username": "ann", "extension": "2014"})


def test_a_field_that_is_mapped_and_empty_there_becomes_empty() -> None:
    assert wanted_person(entry(uid="ann"), FieldMapping(FIELDS)).fields["extension"] == ""


def test_a_field_that_is_not_mapped_is_not_decided() -> None:
    assert "group" not in wanted_person(entry(uid="ann"), FieldMapping(FIELDS)).fields


def test_an_entry_without_user_name_or_identity_is_a_problem_of_its_own() -> None:
    nameless = wanted_person(entry(cn="x"), FieldMapping(FIELDS))
    assert (nameless.problem, nameless.about) == ("no_username", "uid")
    lost = wanted_person(SourceEntry("", "dn", {"uid": ("ann",)}), FieldMapping(FIELDS))
    assert lost.problem == "no_id"


def test_a_mapped_attribute_that_is_no_text_is_a_problem_and_another_is_not() -> None:
    spoilt = SourceEntry("1", "dn", {"uid": ("ann",)}, frozenset({"ipphone", "jpegphoto"}))
    assert wanted_person(spoilt, FieldMapping(FIELDS)).about == "ipPhone"
    unmapped = SourceEntry("1", "dn", {"uid": ("ann",)}, frozenset({"jpegphoto"}))
    assert wanted_person(unmapped, FieldMapping(FIELDS)).problem == ""


def test_memberships_become_groups_in_the_order_of_the_rules() -> None:
    rules = (GroupRule(SALES.upper(), "sales"), GroupRule("Claims", "claims"), GroupRule("x", "y"))
    mapping = FieldMapping(
        FIELDS, group_by="membership", additional_groups_by="membership", group_rules=rules
    )
    ann = entry(uid="ann", memberOf=["CN=Claims,DC=example", SALES])
    fields = wanted_person(ann, mapping).fields
    assert (fields["group"], fields["additional_groups"]) == ("sales", "claims")
    only = FieldMapping(FIELDS, additional_groups_by="membership", group_rules=rules)
    assert wanted_person(ann, only).fields["additional_groups"] == "sales;claims"
    assert "group" not in wanted_person(ann, only).fields


def test_additional_groups_come_from_several_values_and_from_one_with_semicolons() -> None:
    mapping = FieldMapping({**FIELDS, "additional_groups": ("ou",)})
    fields = wanted_person(entry(uid="ann", ou=["a; b", "b", "c"]), mapping).fields
    assert fields["additional_groups"] == "a;b;c"


@pytest.mark.parametrize(
    ("value", "attribute", "active"),
    [
        ("512", "userAccountControl", True),
        ("514", "userAccountControl", False),
        ("66050", "useraccountcontrol", False),
        ("", "userAccountControl", True),
        ("much", "userAccountControl", True),
        ("FALSE", "loginEnabled", False),
        ("true", "loginEnabled", True),
        ("", "loginEnabled", True),
        ("TRUE", "nsAccountLock", False),
        ("", "nsAccountLock", True),
    ],
)
def test_who_is_disabled_there_is_not_active(value: str, attribute: str, *, active: bool) -> None:
    assert is_active(value, attribute) is active


@pytest.mark.parametrize(
    ("dn", "name"),
    [("CN=Sales\\, North,OU=x", "Sales, North"), ("cn=a", "a"), ("", ""), ("cn=", "")],
)
def test_a_group_is_known_by_its_name_alone(dn: str, name: str) -> None:
    assert common_name(dn) == name


def test_a_guid_is_read_as_microsoft_writes_it_and_found_again() -> None:
    guid = uuid.UUID("01020304-0506-0708-090a-0b0c0d0e0f10")
    assert identity("objectguid", [guid.bytes_le]) == str(guid)
    assert identity_filter("objectGUID", str(guid)).startswith("(objectGUID=\\04\\03\\02\\01")


def test_an_identity_in_a_filter_is_escaped_whole() -> None:
    assert identity_filter("uid", "*)(x") == "(uid=\\2a\\29\\28\\78)"


def test_a_range_of_values_is_not_taken_for_all_of_them() -> None:
    raw = {"memberOf;range=0-1499": [b"cn=x"], "UID": [b"ann"], "entryUUID": [b"e-1"]}
    read = entry_of(("uid=ann", raw), id_attribute="entryUUID")
    assert read == SourceEntry("e-1", "uid=ann", {"uid": ("ann",)}, frozenset({"memberof"}))


def test_values_are_bounded_in_length_and_number() -> None:
    assert text_values([b"x" * (MAX_VALUE_BYTES + 1)]) is None
    assert text_values([b"x"] * (MAX_VALUES + 1)) is None
    assert text_values([b"a\x00b"]) is None


@given(st.dictionaries(st.text(max_size=20), st.lists(st.binary(max_size=50), max_size=5)))
def test_no_entry_breaks_the_reader(raw: dict[str, list[bytes]]) -> None:
    read = entry_of(("uid=x", raw), id_attribute="objectGUID")
    wanted_person(read, FieldMapping(FIELDS, active="userAccountControl"))
