"""Global settings by the API: what is not sent stays, who is late is told, every change audited."""

from datetime import UTC, datetime
from typing import Any

import pytest

from callvault.portal.audit.models import AuditEntry
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.people.models import User
from callvault.vault import KeyKind, make_self_signed

from .conftest import Caller, Calling

pytestmark = pytest.mark.django_db

_AUTHORITY, _KEY = make_self_signed("Example", kind=KeyKind.EC, now=datetime.now(UTC))
ROOT = _AUTHORITY.to_pem().decode()
SECTIONS: list[tuple[str, dict[str, Any]]] = [
    ("system", {"zone": "Europe/Rome"}),
    ("permissions", {"download": "administrators"}),
    ("numbering-plan", {"outgoing_prefixes": ["0"], "internal_patterns": ["2..."]}),
    ("pilot-numbers", {"recording_prefix": "8400", "dial_in": ["8600"]}),
    ("pilot-numbers", {"keys_on": True, "key_stop": "#9", "key_drop": "", "end_silence_s": 30}),
    ("capacity", {"model": "channels", "most_channels": 30}),
    ("modes", {"of_pilot": "on_demand", "groups": {"sales": "never"}, "pause_resume_min": 10}),
    ("modes", {"keeps_unmarked": True, "keep_within_s": 60, "pause_alarm_min": 0}),
    ("sign-in", {"min_length": 14}),
    ("tokens", {"most_days": 30}),
    ("gadget", {"origins": ["https://finesse.example.com:8445"]}),
    ("recording-mail", {"limit_mb": 20}),
    ("integrity", {"url": "https://tsa.example.com/tsr", "authorities": ROOT}),
    ("filters/system", {"directions": "in", "black_list": ["7100", "72."]}),
]


@pytest.fixture
def administrator(rita: User, calling: Calling) -> Caller:
    """A program of Rita's."""
    return calling(rita)


@pytest.mark.parametrize(("section", "change"), SECTIONS)
def test_a_section_is_read_changed_and_never_over_anothers_edit(
    administrator: Caller, section: str, change: dict[str, Any]
) -> None:
    path = f"/settings/{section}"
    read = administrator("GET", path).json()
    changed = administrator("PATCH", path, change | {"version": read["version"]})
    assert changed.status_code == 200, changed.content
    now = changed.json()
    assert {name: now[name] for name in change} == change
    kept = set(read) - set(change) - {"version"}
    assert {name: now[name] for name in kept} == {name: read[name] for name in kept}
    assert administrator("GET", path).json() == now
    late = administrator("PATCH", path, change | {"version": read["version"]})
    assert (late.status_code, late.json()["code"]) == (409, "stale")
    assert late.json()["version"] == now["version"]
    entry = AuditEntry.objects.get(action="settings_changed")
    assert entry.detail["token"] == str(administrator.row.public_id)


@pytest.mark.parametrize(("section", "change"), SECTIONS)
def test_settings_are_for_administrators_and_their_scopes(
    ann: User, sam: User, rita: User, calling: Calling, section: str, change: dict[str, Any]
) -> None:
    path = f"/settings/{section}"
    version = calling(rita)("GET", path).json()["version"]
    for person in (ann, sam):
        caller = calling(person)
        assert caller("GET", path).status_code == 403
        assert caller("PATCH", path, change | {"version": version}).status_code == 403
    reader = calling(rita, "settings:read", name="reader")
    answer = reader("PATCH", path, change | {"version": version})
    assert (answer.status_code, answer.json()["scope"]) == (403, "settings:write")


@pytest.mark.parametrize(
    ("section", "change", "pointer"),
    [
        ("system", {"zone": "Europe/Nowhere"}, "/zone"),
        ("system", {"zone": None}, "/zone"),
        ("system", {"colour": "blue"}, "/colour"),
        ("numbering-plan", {"internal_patterns": ["2!3"]}, "/internal_patterns/0"),
        ("pilot-numbers", {"recording_prefix": "x"}, "/recording_prefix"),
        ("capacity", {"model": "users"}, "/most_users"),
        ("sign-in", {"min_length": 4}, "/min_length"),
        ("modes", {"groups": {"sales": "sometimes"}}, "/groups/sales"),
        ("modes", {"pause_alarm_min": 1441}, "/pause_alarm_min"),
        ("permissions", {"delete": "nobody_may"}, "/delete"),
        ("mail", {"host": "smtp.example.com"}, "/sender_address"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    administrator: Caller, section: str, change: dict[str, Any], pointer: str
) -> None:
    path = f"/settings/{section}"
    before = administrator("GET", path).json()
    answer = administrator("PATCH", path, change | {"version": before["version"]})
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert administrator("GET", path).json() == before


def test_what_was_before_stands_in_the_audit_log(administrator: Caller) -> None:
    version = administrator("GET", "/settings/system").json()["version"]
    administrator("PATCH", "/settings/system", {"country_code": "39", "version": version})
    detail = AuditEntry.objects.get(action="settings_changed").detail
    assert (detail["old"], detail["new"]) == ({"country_code": ""}, {"country_code": "39"})


def test_groups_and_people_have_rules_of_their_own(administrator: Caller, ann: User) -> None:
    path = "/settings/filters"
    made = administrator("POST", path, {"group": "sales", "traffic": "external"})
    assert made.status_code == 201, made.content
    own = administrator("POST", path, {"username": "ann", "black_list": ["7100"]}).json()
    assert [one["group"] or one["username"] for one in administrator("GET", path).json()] == [
        "sales",
        "ann",
    ]
    twice = administrator("POST", path, {"group": "SALES"})
    assert twice.json()["errors"][0]["pointer"] == "/group"
    one = f"{path}/{own['id']}"
    changed = administrator("PATCH", one, {"directions": "out", "version": own["version"]}).json()
    assert (changed["directions"], changed["black_list"]) == ("out", ["7100"])
    late = administrator("PATCH", one, {"directions": "in", "version": own["version"]})
    assert late.status_code == 409
    revision = PolicyRevision.current()
    assert administrator("DELETE", one).status_code == 204
    assert administrator("GET", one).status_code == 404
    assert PolicyRevision.current() > revision


def test_a_trunk_is_added_changed_and_deleted(administrator: Caller) -> None:
    path = "/settings/trunks"
    made = administrator("POST", path, {"name": "Main SBC", "peers": ["192.0.2.14"]})
    assert made.status_code == 201, made.content
    trunk = made.json()
    assert (trunk["transports"], trunk["mode"]) == (["udp", "tcp"], "always_on")
    one = f"{path}/{trunk['id']}"
    secret = {"digest_user": "sbc", "digest_password": "correct horse"}
    changed = administrator("PATCH", one, secret | {"version": trunk["version"]})
    assert (changed.json()["digest_user"], changed.json()["peers"]) == ("sbc", ["192.0.2.14"])
    assert "correct horse" not in changed.content.decode()
    again = administrator("PATCH", one, {"srtp": "required", "version": trunk["version"]})
    assert (again.status_code, again.json()["version"]) == (409, changed.json()["version"])
    off = {"digest_user": "", "version": changed.json()["version"]}
    assert administrator("PATCH", one, off).json()["digest_user"] == ""
    other = administrator("POST", path, {"name": "Second", "peers": ["192.0.2.14"]})
    assert other.json()["errors"][0]["pointer"] == "/peers"
    assert [row["name"] for row in administrator("GET", path).json()] == ["Main SBC"]
    assert administrator("DELETE", one).status_code == 204
    assert administrator("GET", path).json() == []
    assert "correct horse" not in str(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_mail_is_set_up_tried_and_forgotten(administrator: Caller) -> None:
    path = "/settings/mail"
    nothing = administrator("GET", path).json()
    assert (nothing["is_set_up"], nothing["has_password"]) == (False, False)
    assert administrator("POST", f"{path}/test", {"to": "rita@example.com"}).status_code == 409
    wanted = {
        "host": "127.0.0.1", "port": 9, "security": "none", "sender_address": "cv@example.com",
        "portal_url": "https://calls.example.com", "timeout_s": 2,
        "username": "cv", "password": "of the server",
    }  # fmt: skip
    saved = administrator("PATCH", path, wanted | {"version": nothing["version"]})
    assert (saved.json()["is_set_up"], saved.json()["has_password"]) == (True, True)
    assert "of the server" not in saved.content.decode()
    late = administrator("PATCH", path, {"port": 25, "version": nothing["version"]})
    assert late.json()["version"] == saved.json()["version"]
    tried = administrator("POST", f"{path}/test", {"to": "rita@example.com"})
    assert (tried.status_code, tried.json()["was_taken"]) == (200, False)
    assert administrator("DELETE", path).status_code == 204
    assert administrator("GET", path).json()["is_set_up"] is False


def test_modes_of_groups_are_changed_one_by_one_and_taken_away(administrator: Caller) -> None:
    path, version = "/settings/modes", 0
    for groups in ({"sales": "never", "claims": "on_demand"}, {"sales": ""}):
        sent = {"groups": groups, "version": version}
        version = administrator("PATCH", path, sent).json()["version"]
    told = administrator("PATCH", path, {"pause_alarm_min": 5, "version": version}).json()
    assert told["groups"] == {"claims": "on_demand"}
    told = administrator("PATCH", path, {"pause_alarm_min": None, "version": version + 1}).json()
    assert (told["pause_alarm_min"], told["groups"]) == (None, {"claims": "on_demand"})
