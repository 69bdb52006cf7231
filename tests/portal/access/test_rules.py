"""Rules that know no database: who needs a factor, which device it is, where passkeys work."""

import base64

import pytest

from callvault.errors import VaultError
from callvault.portal.access.claims import Refused, value_of
from callvault.portal.access.codes import step_of
from callvault.portal.access.demands import Demand, is_demanded
from callvault.portal.access.devices import browser_and_system
from callvault.portal.access.hosts import obstacle
from callvault.portal.people.levels import Level
from callvault.portal.sealing import seal, unseal

SHA1_SECRET = base64.b32encode(b"12345678901234567890").decode()  # RFC 6238, appendix B


@pytest.mark.parametrize(
    ("demand", "levels"),
    [
        (Demand.NOBODY, set()),
        (Demand.ADMINISTRATORS, {Level.ADMINISTRATOR}),
        (Demand.SUPERVISORS, {Level.GROUP_SUPERVISOR, Level.ADMINISTRATOR}),
        (Demand.EVERYONE, set(Level)),
    ],
)
def test_each_demand_includes_the_one_before(demand: Demand, levels: set[Level]) -> None:
    assert {level for level in Level if is_demanded(demand, level)} == levels


WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (WINDOWS + CHROME, ("Chrome 141", "Windows")),
        (WINDOWS + CHROME + " Edg/141.0.0.0", ("Edge 141", "Windows")),
        (WINDOWS + CHROME + " OPR/120.0", ("Opera 120", "Windows")),
        (WINDOWS + "Gecko/20100101 Firefox/142.0", ("Firefox 142", "Windows")),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.4 Safari/605.1.15",
            ("Safari 18", "macOS"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1",
            ("Safari 18", "iPhone"),
        ),
        ("Mozilla/5.0 (Linux; Android 10; K) " + CHROME, ("Chrome 141", "Android")),
        ("Mozilla/5.0 (X11; Cr" "OS x86_64 14541.0.0) " + CHROME, ("Chrome 141", "ChromeOS")),
        ("curl/8.5.0", ("", "")),
        ("", ("", "")),
        ("Firefox/" + "9" * 5000, ("Firefox " + "9" * 292, "")),
    ],
)  # fmt: skip
def test_a_device_is_named_in_words(agent: str, told: tuple[str, str]) -> None:
    assert browser_and_system(agent) == told


@pytest.mark.parametrize(
    ("host", "is_secure", "can_work"),
    [
        ("portal.example.com", True, True),
        ("portal.example.com", False, False),
        ("localhost", False, True),
        ("node.localhost", False, True),
        ("192.0.2.7", True, False),
        ("127.0.0.1", False, False),
        ("[2001:db8::1]", True, False),
    ],
)
def test_passkeys_are_offered_where_browsers_allow_them(
    host: str, is_secure: bool, can_work: bool
) -> None:
    assert (obstacle(host, is_secure=is_secure) == "") is can_work


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    assert step_of(SHA1_SECRET, code, at // 30) == at // 30
    assert step_of(SHA1_SECRET, code, at // 30 + 1) == at // 30  # a clock that is a step off
    assert step_of(SHA1_SECRET, code, at // 30 + 2) is None


@pytest.mark.parametrize(
    "typed", ["", "28708", "2870822", "\uff12\uff18\uff17\uff10\uff18\uff12", "abcdef", "\0"]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert step_of(SHA1_SECRET, typed, 1) is None


ADDRESS = {"email": "ann@example.com", "email_verified": True}


@pytest.mark.parametrize("claims", [ADDRESS, ADDRESS | {"email_verified": "true"}])
def test_a_verified_address_is_believed(claims: dict[str, object]) -> None:
    assert value_of(claims, "email", domains=frozenset({"example.com"})) == "ann@example.com"


@pytest.mark.parametrize(
    ("claims", "name", "reason"),
    [
        ({"email": "ann@example.com"}, "email", "email_not_verified"),
        (ADDRESS | {"email_verified": False}, "email", "email_not_verified"),
        (ADDRESS | {"email_verified": "yes"}, "email", "email_not_verified"),
        (ADDRESS | {"email_verified": 1}, "email", "email_not_verified"),
        ({"email_verified": True}, "email", "claim_missing"),
        ({"email": ["ann@example.com"], "email_verified": True}, "email", "claim_missing"),
        ({"preferred_username": " "}, "preferred_username", "claim_missing"),
        ({"preferred_username": "a\0b"}, "preferred_username", "claim_missing"),
        ({"preferred_username": "a" * 255}, "preferred_username", "claim_missing"),
        (ADDRESS | {"email": "ann@evil.example"}, "email", "domain_not_allowed"),
        (ADDRESS | {"email": "ann@sub.example.com"}, "email", "domain_not_allowed"),
        ({"preferred_username": "ann"}, "preferred_username", "domain_not_allowed"),
    ],
)
def test_claims_that_let_nobody_in(claims: dict[str, object], name: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        value_of(claims, name, domains=frozenset({"example.com"}))
    assert refused.value.reason == reason


def test_a_sealed_secret_opens_for_its_purpose_only() -> None:
    sealed = seal("s3cret", purpose="one")
    assert "s3cret" not in sealed
    assert seal("s3cret", purpose="one") != sealed
    assert unseal(sealed, purpose="one") == "s3cret"
    for broken, purpose in ((sealed, "other"), (sealed[:-4], "one"), ("v1.", "one"), ("ü", "one")):
        with pytest.raises(VaultError):
            unseal(broken, purpose=purpose)
