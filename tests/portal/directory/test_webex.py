"""People of Webex: paging, tokens and limits of the public API, against a stand-in for it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.portal.directory.credentials import Credentials, credentials_of, put_credentials
from callvault.portal.directory.faults import SourceFault
from callvault.portal.directory.models import DirectorySource, Kind, RunState
from callvault.portal.directory.presets import PRESETS, Flavour
from callvault.portal.directory.webex_client import MAX_ANSWER_BYTES, WebexClient, items_of
from callvault.portal.directory.webex_people import FLAGS, PLAIN, entries_of, entry_of
from callvault.portal.people.models import User
from tests.portal.directory.conftest import sync
from tests.portal.directory.webex_stand_in import (
    CLIENT_ID,
    CLIENT_SECRET,
    FIRST_REFRESH_TOKEN,
    StandIn,
    serving,
    webex_person,
)

APP = Credentials(client_secret=CLIENT_SECRET, refresh_token=FIRST_REFRESH_TOKEN)


@pytest.fixture
def webex() -> Iterator[StandIn]:
    """A Webex with five people of calling."""
    with serving() as stand_in:
        stand_in.people = [webex_person(number) for number in range(1, 6)]
        yield stand_in


def client(webex: StandIn, held: Credentials = APP, **changed: Any) -> WebexClient:
    options: dict[str, Any] = {"client_id": CLIENT_ID, "sleep": lambda _seconds: None} | changed
    return WebexClient(webex.url, held, **options)


def read(asked: WebexClient) -> list[dict[str, Any]]:
    return [one for page in asked.pages("people", callingData="true") for one in page]


# --- pure


def test_the_pbx_user_name_is_the_account_in_webex() -> None:
    entry = entry_of(webex_person(7, emails=["first@example.com", "second@example.com"]))
    names = PRESETS[Flavour.WEBEX].fields["pbx_username"]
    assert [entry.first(name) for name in names] == ["first@example.com"]
    assert (entry.first("extension"), entry.first("workNumber")) == ("3007", "+15550100007")
    assert entry.first("workExtension") == "83007"
    assert entry.first("loginEnabled") == "true"


@pytest.mark.parametrize(
    ("changed", "is_taken"),
    [
        ({}, True),
        ({"type": "bot"}, False),
        ({"locationId": None}, False),
        ({"extension": None}, True),
        ({"extension": None, "phoneNumbers": []}, False),
        ({"locationId": "LOC-2"}, False),
    ],
)
def test_only_people_with_calling_at_the_chosen_locations_are_taken(
    changed: dict[str, Any], *, is_taken: bool
) -> None:
    items = [webex_person(1, **changed)]
    assert len(list(entries_of(items, calling_only=True, location_ids=["LOC-1"]))) == is_taken


def test_values_of_another_type_are_spoilt_not_shown() -> None:
    entry = entry_of(webex_person(1, extension=3001, firstName=["x"], department="a\x00b"))
    assert entry.spoilt == {"extension", "firstname", "department"}


JSON = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([{"type": "work"}])
NAMES = st.sampled_from([*PLAIN, *FLAGS, "id", "emails", "phoneNumbers"])


@given(st.dictionaries(NAMES, JSON | st.lists(JSON, max_size=2), max_size=6))
def test_no_person_breaks_the_reader(item: dict[str, Any]) -> None:
    entry = entry_of(item)
    assert all(isinstance(value, str) for values in entry.attributes.values() for value in values)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"items": {}}', b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_page_is_a_fault(body: bytes) -> None:
    with pytest.raises(SourceFault, match="webex_malformed"):
        items_of(body)


# --- against the stand-in


@pytest.mark.flow
def test_every_page_is_read_and_a_renewed_token_is_kept(webex: StandIn) -> None:
    kept: list[Credentials] = []
    found = read(client(webex, on_tokens=kept.append))
    assert [one["extension"] for one in found] == ["3001", "3002", "3003", "3004", "3005"]
    assert [(one.access_token, one.refresh_token) for one in kept] == [("access-1", "refresh-1")]


@pytest.mark.flow
def test_a_token_that_ends_between_pages_is_renewed_once(webex: StandIn) -> None:
    held = Credentials("", CLIENT_SECRET, FIRST_REFRESH_TOKEN, "access-0", 9e12)
    asked = client(webex, held)
    pages = asked.pages("people", callingData="true")
    first = next(pages)
    webex.valid_tokens = set()
    rest = [one for page in pages for one in page]
    assert (len(first), len(rest), webex.renewals) == (2, 3, 1)


@pytest.mark.flow
def test_the_wait_that_webex_asks_for_is_kept(webex: StandIn) -> None:
    waits: list[float] = []
    webex.next_answers.extend(
        [(429, {"Retry-After": "7"}, b"{}"), (503, {}, b"{}"), (500, {}, b"oops")]
    )
    assert len(read(client(webex, sleep=waits.append))) == 5
    assert waits == [7.0, 2.0, 4.0]


@pytest.mark.flow
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((429, {"Retry-After": "3600"}, b"{}"), "webex_busy"),
        ((403, {"TrackingID": "T-1"}, b"{}"), "webex_forbidden"),
        ((404, {}, b"{}"), "webex_status"),
        ((302, {"Location": "https://evil.example"}, b"{}"), "webex_status"),
        ((200, {}, b'{"items": [1]}'), "webex_malformed"),
        ((200, {}, b"x" * (MAX_ANSWER_BYTES + 1)), "too_large"),
    ],
)
def test_an_answer_that_gives_no_people_is_a_fault(
    webex: StandIn, answer: tuple[int, dict[str, str], bytes], code: str
) -> None:
    webex.next_answers.append(answer)
    with pytest.raises(SourceFault) as fault:
        read(client(webex))
    assert fault.value.code == code


@pytest.mark.flow
def test_a_webex_that_fails_on_and_on_is_given_up(webex: StandIn) -> None:
    webex.next_answers.extend([(502, {}, b"")] * 20)
    with pytest.raises(SourceFault, match="webex_status"):
        read(client(webex))
    assert len(webex.next_answers) == 14


@pytest.mark.flow
def test_a_wrong_refresh_token_says_so_and_shows_none(webex: StandIn) -> None:
    with pytest.raises(SourceFault) as fault:
        read(client(webex, Credentials(client_secret=CLIENT_SECRET, refresh_token="secret-token")))
    assert fault.value.code == "webex_refresh"
    assert "secret-token" not in str(fault.value)


@pytest.mark.flow
def test_a_fixed_token_is_not_renewed(webex: StandIn) -> None:
    assert len(read(client(webex, Credentials(access_token="access-0"), client_id=""))) == 5
    with pytest.raises(SourceFault, match="webex_token"):
        read(client(webex, Credentials(access_token="ended"), client_id=""))


@pytest.mark.flow
def test_no_next_page_leads_the_token_elsewhere(webex: StandIn) -> None:
    webex.link_host = "https://evil.example"
    with pytest.raises(SourceFault, match="webex_elsewhere"):
        read(client(webex))


@pytest.mark.flow
def test_a_webex_that_hangs_is_given_up(webex: StandIn) -> None:
    webex.hangs.set()
    held = Credentials(access_token="access-0")
    with pytest.raises(SourceFault, match="webex_silent"):
        read(client(webex, held, client_id="", read_s=0.2, tries=2))


# --- synced


@pytest.fixture
def source(db: None, webex: StandIn) -> DirectorySource:
    """A directory that asks the stand-in as a service app."""
    preset = PRESETS[Flavour.WEBEX]
    made = DirectorySource(
        name="Webex",
        kind=Kind.WEBEX,
        api_url=webex.url,
        client_id=CLIENT_ID,
        active_attribute=preset.active,
        mapping={name: list(names) for name, names in preset.fields.items()},
    )
    put_credentials(made, APP)
    made.save()
    return made


@pytest.mark.flow
def test_people_of_webex_come_change_and_go(source: DirectorySource, webex: StandIn) -> None:
    assert sync(source).counts == {"create": 5}
    person = User.objects.get(username="w3@example.com")
    facts = (person.extension, person.alias, person.pbx_username, person.department)
    assert facts == ("3003", "+15550100003", "w3@example.com", "Sales")
    webex.people[2] |= {"emails": ["renamed@example.com"], "loginEnabled": False}
    del webex.people[0]
    run = sync(source)
    assert (run.state, run.linked_count) == (RunState.STOPPED, 5)  # two of five are more than 10 %
    source.max_removed_percent = 50
    source.save()
    assert sync(source).counts == {"change": 1, "delete": 1, "unchanged": 3}
    person.refresh_from_db()
    assert (person.username, person.is_active) == ("renamed@example.com", False)


@pytest.mark.flow
def test_a_page_that_is_missing_takes_nobody_away(source: DirectorySource, webex: StandIn) -> None:
    sync(source)
    webex.next_answers.extend([(200, {}, json.dumps({"items": webex.people[:2]}).encode()[:-5])])
    run = sync(source)
    assert (run.state, run.fault_code) == (RunState.FAILED, "webex_malformed")
    assert User.objects.count() == 5


@pytest.mark.flow
def test_tokens_that_webex_renewed_are_sealed_for_the_next_run(
    source: DirectorySource, webex: StandIn
) -> None:
    sync(source)
    source.refresh_from_db()
    assert credentials_of(source).refresh_token == "refresh-1"
    assert "refresh" not in source.sealed
    sync(source)
    assert webex.renewals == 1
