"""The page *Audit log*: in words, filtered, paged, with the state of the chain on top."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from callvault.portal.audit import lease, listing, triggers
from callvault.portal.audit.anchor import FILE_NAME
from callvault.portal.audit.keeper import Keeper
from callvault.portal.audit.linking import link_waiting
from callvault.portal.audit.log import number_reference, record_command, record_own
from callvault.portal.audit.models import Action, AuditEntry, ChainFinding
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.vault import audit_key, audit_keys
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db

LOG = "/audit/"


class TestLogGate(GatedViewTest):
    url = LOG


class TestCsvGate(GatedViewTest):
    url = "/audit/export.csv"


class TestJsonLinesGate(GatedViewTest):
    url = "/audit/export.jsonl"


def deed(who: User | None, action: Action, **columns: Any) -> AuditEntry:
    """Write an entry as a view does; `at` moves it in time."""
    at = columns.pop("at", None)
    entry = AuditEntry(
        actor=who,
        actor_name=who.username if who else "",
        address=columns.pop("address", "192.0.2.7"),
        action=action,
        object_kind=columns.pop("kind", ""),
        object_id=str(columns.pop("object_id", "")),
        detail=columns.pop("detail", {}),
    )
    if at is not None:
        entry._meta.get_field("at").auto_now_add = False
        entry.at = at
    try:
        entry.save()
    finally:
        entry._meta.get_field("at").auto_now_add = True
    return entry


def sentences(client: Client, query: str = "") -> list[str]:
    """Return what the page says of each entry, but for the reading of the page itself."""
    page = client.get(LOG + query)
    assert page.status_code == 200
    check_policy(page)
    said = [strip_tags(row.sentence) for row in page.context["rows"]]
    return [one for one in said if "searched" not in one]


def test_an_entry_says_in_words_who_did_what(
    rita_client: Client, ann: User, anns_recording: Recording
) -> None:
    deed(ann, Action.PLAYED, kind="recording", object_id=anns_recording.recording_id)
    number = f"{anns_recording.record_number:06}"
    assert sentences(rita_client)[0] == f"Ann Keller played recording {number}"
    page = rita_client.get(LOG).content.decode()
    assert f'href="/recordings/{anns_recording.recording_id}/"' in page
    assert f'href="/people/{ann.public_id}"' in page


def test_what_is_gone_is_still_named(rita_client: Client, ann: User) -> None:
    gone = "3fa2c1d0-5a7b-4c3e-9d1f-2b3c4d5e6f70"
    deed(ann, Action.PLAYED, kind="recording", object_id=gone)
    ann.delete()
    assert sentences(rita_client)[0] == "ann played recording 3fa2c1d0, which is gone"


def test_a_command_and_callvault_itself_are_told_apart(rita_client: Client, ann: User) -> None:
    entry = record_command(Action.ONE_TIME_PASSWORD_SET, kind="person", object_id=ann.public_id)
    record_own(Action.PERSON_CHANGED, kind="person", object_id=ann.public_id)
    assert sentences(rita_client) == [
        "Callvault changed Ann Keller",
        f"{entry.actor_name} at the command line gave Ann Keller a one-time password",
        "Rita Marsh signed in",
    ]


def test_names_are_escaped(rita_client: Client) -> None:
    evil = User.objects.create_user("eve", first_name="<script>alert(1)</script>%(who)s")
    deed(evil, Action.SIGNED_IN)
    page = rita_client.get(LOG).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;%(who)s" in page


def test_details_show_what_was_before_and_what_is_now(rita_client: Client, ann: User) -> None:
    detail = {"fields": ["group"], "old": {"group": "sales"}, "new": {"group": "claims"}}
    deed(ann, Action.PERSON_CHANGED, kind="person", object_id=ann.public_id, detail=detail)
    row = rita_client.get(LOG).context["rows"][0]
    assert [(fact.name, fact.before, fact.value) for fact in row.facts] == [
        ("Recording group", "sales", "claims")
    ]


def test_an_action_of_a_later_version_is_shown_by_its_name(rita_client: Client, ann: User) -> None:
    deed(ann, "moon_landed")  # type: ignore[arg-type]
    assert sentences(rita_client)[0].strip() == "Ann Keller: moon landed"


DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def several(ann: User, sam: User, anns_recording: Recording) -> dict[str, AuditEntry]:
    recording = {"kind": "recording", "object_id": anns_recording.recording_id}
    number = {"asked": {"q": number_reference("+15550142")}}
    return {
        "old": deed(ann, Action.DOWNLOADED, at=DAY, **recording),
        "play": deed(ann, Action.PLAYED, at=DAY + timedelta(days=2), **recording),
        "six": deed(sam, Action.PLAYED, at=DAY + timedelta(days=3), address="2001:db8::7"),
        "search": deed(
            sam, Action.SEARCHED, at=DAY + timedelta(days=3), kind="search", detail=number
        ),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?action=played", {"play", "six"}),
        ("?person={ann}", {"old", "play"}),
        ("?person={ann}&action=played", {"play"}),
        ("?first=2026-11-21&last=2026-11-22", {"play"}),
        ("?last=2026-11-20", {"old"}),
        ("?address=2001:DB8:0::7", {"six"}),
        ("?kind=search", {"search"}),
        ("?object={number}", {"old", "play"}),
        ("?object={recording}", {"old", "play"}),
        ("?q=sam", {"six", "search"}),
        ("?q=%2B1 555 0142", {"search"}),
        ("?q=nowhere", set()),
    ],
)
def test_the_log_is_filtered(
    rita_client: Client,
    several: dict[str, AuditEntry],
    ann: User,
    anns_recording: Recording,
    query: str,
    found: set[str],
) -> None:
    asked = query.format(
        ann=ann.public_id,
        number=anns_recording.record_number,
        recording=anns_recording.recording_id,
    )
    rows = {row.entry.pk for row in rita_client.get(LOG + asked).context["rows"]}
    assert {name for name, entry in several.items() if entry.pk in rows} == found
    assert rita_client.get(LOG + asked).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "?person=nobody",
        "?action=no",
        "?first=x",
        "?address=here",
        "?after=x",
        "?q=%00",
        "?object=é",
    ],
)
def test_a_filter_that_cannot_be_read_is_pointed_out(rita_client: Client, query: str) -> None:
    assert rita_client.get(LOG + query).status_code == 200


def test_a_search_is_written_down_with_numbers_by_reference(rita_client: Client) -> None:
    rita_client.get(LOG + "?q=%2B1 555 0142")
    rita_client.get(LOG + "?q=%2B1 555 0142")
    (entry,) = AuditEntry.objects.filter(action=Action.SEARCHED)
    assert entry.detail == {"where": "audit", "asked": {"text": number_reference("+15550142")}}


def test_pages_lead_to_and_fro(rita_client: Client, ann: User) -> None:
    for half in range(120):
        deed(ann, Action.PLAYED, at=DAY + timedelta(seconds=half // 2))
    asked = f"{LOG}?person={ann.public_id}"
    pages = [rita_client.get(asked)]
    while older := pages[-1].context["older_url"]:
        pages.append(rita_client.get(older))
    shown = [[row.entry.pk for row in one.context["rows"]] for one in pages]
    assert [len(page) for page in shown] == [50, 50, 20]
    everything = [pk for page in shown for pk in page]
    assert everything == sorted(everything, reverse=True)
    back = rita_client.get(pages[-1].context["newer_url"])
    assert [row.entry.pk for row in back.context["rows"]] == shown[1]


def test_a_text_is_looked_for_in_parts(
    rita_client: Client, ann: User, sam: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "TEXT_WINDOW", 10)
    found = deed(sam, Action.PLAYED, at=DAY)
    for later in range(1, 16):
        deed(ann, Action.PLAYED, at=DAY + timedelta(seconds=later))
    first = rita_client.get(f"{LOG}?q=sam&last=2026-11-20")
    assert first.context["rows"] == []
    assert "Nothing found yet" in first.content.decode()
    further = rita_client.get(first.context["older_url"])
    assert [row.entry.pk for row in further.context["rows"]] == [found.pk]


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper("rec-1", audit_key(tmp_path), audit_keys(tmp_path), tmp_path / FILE_NAME)


def chain_told(client: Client) -> str:
    page = client.get(LOG).content.decode()
    start = page.index('<div class="cv-stack">')
    return re.sub(r"\s+", " ", strip_tags(page[start : page.index("<form", start)])).strip()


def test_the_chain_is_told_before_it_was_ever_checked(rita_client: Client) -> None:
    assert "none has run yet" in chain_told(rita_client)


def test_an_unchanged_chain_is_told_with_its_number(rita_client: Client, keeper: Keeper) -> None:
    keeper.step(now=timezone.now())
    assert re.match(r"\d+ entr(y|ies) unchanged. Checked up to", chain_told(rita_client))


def test_a_worker_that_is_gone_is_told(rita_client: Client, keeper: Keeper) -> None:
    keeper.step(now=timezone.now())
    state = lease.state()
    state.held_until = timezone.now() - timedelta(hours=1)
    state.save()
    assert "No worker looks after the chain now" in chain_told(rita_client)


def test_triggers_that_are_gone_are_told(rita_client: Client, keeper: Keeper) -> None:
    from django.db import connection

    keeper.step(now=timezone.now())
    triggers.remove(connection)
    assert "its triggers are gone" in chain_told(rita_client)
    triggers.install(connection)


def test_tampering_is_told_with_what_it_means(rita_client: Client) -> None:
    text = "entry 17, at place 15, is not what it was when it was chained"
    now = timezone.now()
    ChainFinding.objects.create(
        problem="changed", sequence=15, entry_number=17, text=text, found_at=now, seen_at=now
    )
    told = chain_told(rita_client)
    assert "Entry 17, at place 15, is not what it was" in told
    assert "callvault verify audit" in told


def test_the_page_asks_the_database_little(
    rita_client: Client, several: dict[str, AuditEntry], django_assert_max_num_queries: Any
) -> None:
    link_waiting()
    with django_assert_max_num_queries(30):
        rita_client.get(LOG)
