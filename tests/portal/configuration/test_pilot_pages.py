"""The page *Pilot numbers*, and who is refused a number because it is a pilot's (IDENT-5)."""

import time
from typing import ClassVar

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from callvault.policy.dial_in_rules import DialInRules
from callvault.policy.keypad import Command, Keypad
from callvault.policy.pilots import Pilots
from callvault.policy.prompts import Announcement, Prompts
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import (
    NumberingPlan,
    PilotNumbers,
    PolicyRevision,
    RecordingFilter,
)
from callvault.portal.configuration.pilot_claims import problems_of
from callvault.portal.people import saving
from callvault.portal.people.csv_import import look_at
from callvault.portal.people.forms import PersonForm
from callvault.portal.people.models import User
from callvault.portal.people.planning import Outcome
from callvault.portal.snapshot import build_snapshot
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db
PAGE, FILTERS, PLAN = "/settings/pilot-numbers", "/settings/filters/", "/settings/numbering-plan"
TYPED = {
    "recording_prefix": "84 00",
    "live_keep_prefix": "8500",
    "automated_prefix": "9000XXXX",
    "dial_in": "8600\n86-01",
    "version": "0",
}
IN_FORCE = Pilots("8400", "8500", "9000", ("8600", "8601"))


class TestPilots(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = PAGE


def unmarked(page: bytes) -> str:
    return " ".join(strip_tags(page.decode()).split())


def errors_of(client: Client, **changed: str) -> dict[str, list[str]]:
    answer = client.post(PAGE, TYPED | changed)
    assert answer.status_code == 422
    found: dict[str, list[str]] = answer.context["form"].errors
    return found


def test_pilots_are_saved_audited_and_told_to_recorders(rita_client: Client) -> None:
    check_policy(rita_client.get(PAGE))
    assert rita_client.post(PAGE, TYPED).status_code == 302
    assert build_snapshot().pilots == IN_FORCE
    assert PolicyRevision.current() == 1
    assert rita_client.post(PAGE, TYPED | {"dial_in": "", "version": "1"}).status_code == 302
    made, changed = AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).order_by("at")
    assert made.detail["new"]["recording_prefix"] == "8400"
    assert changed.detail["old"] == {"dial_in": ["8600", "8601"]}
    log = unmarked(rita_client.get("/audit/?kind=pilots").content)
    assert "Pilot numbers" in log  # among the kinds to filter by
    assert log.count("Rita Marsh changed the settings") == 2, log
    assert (changed.detail["new"], changed.detail["fields"]) == ({"dial_in": []}, ["dial_in"])


def test_who_saves_an_older_form_is_told_and_may_save_again(rita_client: Client) -> None:
    rita_client.post(PAGE, TYPED)
    answer = rita_client.post(PAGE, TYPED | {"recording_prefix": "8410"})
    assert answer.status_code == 422
    assert "Rita Marsh changed this" in answer.content.decode()
    assert build_snapshot().pilots == IN_FORCE
    again = TYPED | {"recording_prefix": "8410", "version": "1"}
    assert rita_client.post(PAGE, again).status_code == 302
    assert build_snapshot().pilots.recording_prefix == "8410"


def test_what_is_said_in_dial_ins_is_saved_audited_and_told_to_recorders(
    rita_client: Client,
) -> None:
    spoken = {"announcement": "it", "beep_every_s": "15"}
    assert rita_client.post(PAGE, TYPED | spoken).status_code == 302
    assert build_snapshot().prompts == Prompts(Announcement.ITALIAN, 15)
    assert rita_client.post(PAGE, TYPED | {"version": "1"}).status_code == 302
    assert build_snapshot().prompts == Prompts()
    *_, changed = AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).order_by("at")
    assert changed.detail["old"] == {"announcement": "it", "beep_every_s": 15}
    assert changed.detail["new"] == {"announcement": "", "beep_every_s": 0}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("beep_every_s", "4"),
        ("beep_every_s", "301"),
        ("beep_every_s", "-1"),
        ("announcement", "xx"),
    ],
)
def test_what_cannot_be_said_is_refused(rita_client: Client, field: str, wrong: str) -> None:
    assert set(errors_of(rita_client, **{field: wrong})) == {field}


CODES = {f"key_{one.value}": f"*{place}" for place, one in enumerate(Command, start=1)}
LED = CODES | {"keys_on": "on", "end_silence_s": "30", "end_without_speech_min": "5"}


def test_keys_and_ends_of_dial_ins_are_saved_audited_and_told_to_recorders(
    rita_client: Client,
) -> None:
    shown = rita_client.get(PAGE).context["form"]
    assert {name: shown[name].value() for name in CODES} == CODES
    assert [shown[name].value() for name in ("keys_on", "end_silence_s")] == [False, None]
    assert build_snapshot().dial_in == DialInRules()
    assert rita_client.post(PAGE, TYPED | LED).status_code == 302
    assert build_snapshot().dial_in == DialInRules(Keypad(is_on=True), 30, 5)
    after = TYPED | CODES | {"version": "1", "keys_on": "on", "key_drop": "", "key_stop": "#22"}
    assert rita_client.post(PAGE, after).status_code == 302
    keypad = Keypad(is_on=True, stop="#22", drop="")
    assert build_snapshot().dial_in == DialInRules(keypad)
    *_, changed = AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).order_by("at")
    assert changed.detail["old"] == {
        "key_stop": "*2",
        "key_drop": "*6",
        "end_silence_s": 30,
        "end_without_speech_min": 5,
    }
    assert changed.detail["new"]["key_stop"] == "#22"


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"key_start": "1"}, {"key_start"}),
        ({"key_start": "*12345678"}, {"key_start"}),
        ({"key_start": "*2"}, {"key_start", "key_stop"}),
        ({"key_drop": "*55"}, {"key_keep", "key_drop"}),
        ({"end_silence_s": "9"}, {"end_silence_s"}),
        ({"end_silence_s": "3601"}, {"end_silence_s"}),
        ({"end_without_speech_min": "-1"}, {"end_without_speech_min"}),
        ({"end_without_speech_min": "241"}, {"end_without_speech_min"}),
    ],
)
def test_codes_that_are_not_heard_apart_and_ends_that_come_too_soon_are_refused(
    rita_client: Client, changed: dict[str, str], fields: set[str]
) -> None:
    answer = rita_client.post(PAGE, TYPED | LED | changed)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == fields


@pytest.mark.parametrize("wrong", ["8", "84a0", "84+0", "8" * 24, "<8400>"])
def test_what_cannot_be_dialled_is_no_pilot(rita_client: Client, wrong: str) -> None:
    assert set(errors_of(rita_client, recording_prefix=wrong)) == {"recording_prefix"}
    told = errors_of(rita_client, dial_in=f"8600\n{wrong}")["dial_in"]
    assert told[0].startswith("Line 2")
    assert not PilotNumbers.objects.exists()


def test_pilots_that_overlap_each_other_are_refused_with_the_other(rita_client: Client) -> None:
    assert errors_of(rita_client, live_keep_prefix="840") == {
        "live_keep_prefix": ["840 overlaps the recording pilot 8400."]
    }
    assert errors_of(rita_client, dial_in="90001234") == {
        "dial_in": ["90001234 overlaps the pilot of automated dial-in 9000."]
    }


def test_what_uses_a_pilot_is_said_with_whose_it_is(rita_client: Client, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(extension="84007", alias="8601")
    NumberingPlan.objects.create(internal_patterns=["2...", "85.."])
    assert errors_of(rita_client) == {
        "recording_prefix": ["8400 overlaps the extension 84007 of Ann Keller."],
        "live_keep_prefix": ["8500 overlaps the internal numbers 85.. of the numbering plan."],
        "dial_in": ["8601 overlaps the alias 8601 of Ann Keller."],
    }
    User.objects.filter(pk=ann.pk).update(is_active=False)  # nobody's number any more
    assert set(errors_of(rita_client)) == {"live_keep_prefix"}


def test_a_number_taken_after_the_form_was_checked_is_found_when_it_is_saved(
    rita_client: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bump = PolicyRevision.bump

    def somebody_is_quicker() -> None:
        bump()
        User.objects.filter(pk=ann.pk).update(extension="84007")

    monkeypatch.setattr(PolicyRevision, "bump", somebody_is_quicker)
    assert list(errors_of(rita_client)) == ["recording_prefix"]
    assert not PilotNumbers.objects.exists()


def test_many_numbers_in_the_way_are_told_of_by_a_few_and_found_quickly(
    db: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    User.objects.bulk_create(
        User(username=f"u{number}", extension=f"{10000 + number}", alias=f"+3902{number:06}")
        for number in range(20_000)
    )
    began = time.perf_counter()
    with django_assert_max_num_queries(5):
        told = problems_of(Pilots("1234", "8500"))
    assert time.perf_counter() - began < 5
    assert len(told["recording_prefix"]) == 6
    assert told["recording_prefix"][-1] == "And 5 more."
    assert "live_keep_prefix" not in told


def test_a_person_s_form_refuses_a_pilot_and_leaves_what_was_there(rita: User, ann: User) -> None:
    PilotNumbers.objects.create(recording_prefix="8400")
    typed = dict(PersonForm(instance=ann, editor=rita).initial)
    form = PersonForm(typed | {"extension": "84-001"}, instance=ann, editor=rita)
    assert form.errors["extension"] == [
        "84001 is a number of the recorder: the recording pilot is 8400."
    ]
    ann.refresh_from_db()
    inactive = typed | {"extension": "84001", "is_active": False}
    assert PersonForm(inactive, instance=ann, editor=rita).is_valid()
    User.objects.filter(pk=ann.pk).update(extension="84001")  # from before the pilot
    ann.refresh_from_db()
    typed = dict(PersonForm(instance=ann, editor=rita).initial, department="Depot")
    assert PersonForm(typed, instance=ann, editor=rita).is_valid()


def test_a_person_s_form_refuses_an_id_that_is_another_s_of_the_other_kind(
    rita: User, ann: User, otto: User
) -> None:
    User.objects.filter(pk=ann.pk).update(numeric_user_id="7", numeric_partition_id="8")
    typed = dict(PersonForm(instance=otto, editor=rita).initial)
    form = PersonForm(typed | {"numeric_partition_id": "7"}, instance=otto, editor=rita)
    assert form.errors == {
        "numeric_partition_id": [
            "7 is the numeric user ID of Ann Keller: a pilot takes both kinds of ID."
        ]
    }
    otto.refresh_from_db()
    form = PersonForm(typed | {"numeric_user_id": "8"}, instance=otto, editor=rita)
    assert list(form.errors) == ["numeric_user_id"]
    otto.refresh_from_db()
    shared = typed | {"numeric_partition_id": "8"}
    assert PersonForm(shared, instance=otto, editor=rita).is_valid()


def test_a_person_s_form_says_what_the_phone_system_dials(rita: User, ann: User) -> None:
    assert "dials" not in PersonForm(instance=ann, editor=rita).fields["numeric_user_id"].help_text
    PilotNumbers.objects.create(recording_prefix="8400")
    User.objects.filter(pk=ann.pk).update(numeric_user_id="12")
    ann.refresh_from_db()
    fields = PersonForm(instance=ann, editor=rita).fields
    assert fields["numeric_user_id"].help_text.endswith("The phone system dials 840012.")
    assert "dials" not in fields["numeric_partition_id"].help_text


def test_a_number_that_became_a_pilot_s_while_the_form_was_open_is_refused(
    rita_client: Client, rita: User, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bump = PolicyRevision.bump

    def somebody_is_quicker() -> None:
        bump()
        if not PilotNumbers.objects.exists():
            PilotNumbers.objects.create(recording_prefix="8400")

    monkeypatch.setattr(PolicyRevision, "bump", somebody_is_quicker)
    typed = {"username": "zoe", "extension": "84001", "level": "20", "is_active": "on"}
    form = PersonForm(typed, editor=rita)
    assert form.is_valid(), form.errors
    with pytest.raises(IntegrityError):
        saving.add_person(rita_client.get(PAGE).wsgi_request, form)
    assert not User.objects.filter(username="zoe").exists()


def test_a_csv_file_tells_the_row_that_has_a_pilot(rita: User) -> None:
    PilotNumbers.objects.create(dial_in=["8600"])
    rows = look_at(b"Username,Extension\nzoe,8600\nleo,8601\n").plan.rows
    assert [row.outcome for row in rows] == [Outcome.ERROR, Outcome.CREATED]
    assert rows[0].problems[0].message == (
        "8600 is a number of the recorder: the dial-in number is 8600."
    )


def test_the_numbering_plan_takes_no_pilot_for_an_internal_number(rita_client: Client) -> None:
    NumberingPlan.objects.create(internal_patterns=["84!"])  # from before the pilot
    PilotNumbers.objects.create(recording_prefix="8400", live_keep_prefix="8500")
    typed = {"international_prefixes": "00", "internal_patterns": "84!\n85..", "version": "1"}
    answer = rita_client.post(PLAN, typed)
    assert answer.context["form"].errors["internal_patterns"] == [
        "85.. overlaps the live-keep pilot 8500."
    ]


def test_the_recorder_s_own_numbers_are_put_on_the_black_list_with_one_click(
    rita_client: Client,
) -> None:
    assert "once there are any" in rita_client.get(FILTERS).content.decode()
    PilotNumbers.objects.create(
        recording_prefix="8400", live_keep_prefix="8500", dial_in=["8600", "9100"]
    )
    typed = {"directions": "in", "traffic": "both", "black_list": "7100\n91!", "version": "0"}
    rita_client.post(FILTERS, typed)
    page = rita_client.get(FILTERS).content.decode()
    assert "8400!, 8500!, 8600" in page
    click = typed | {"version": "1", "pilots": "1"}
    assert rita_client.post(FILTERS, click).status_code == 302
    row = RecordingFilter.objects.get()
    assert row.black_list == ["7100", "91!", "8400!", "8500!", "8600"]
    page = rita_client.get(FILTERS).content.decode()
    assert "are on this list" in page
    assert 'name="pilots"' not in page
    entry = AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).latest("at")
    assert "8400!" in entry.detail["new"]["black_list"]


def test_a_number_dialled_is_read_as_recorders_do(rita_client: Client, ann: User) -> None:
    PilotNumbers.objects.create(recording_prefix="8400", live_keep_prefix="8500")
    User.objects.filter(pk=ann.pk).update(numeric_user_id="12")

    def test_of(number: str, phone: str = "") -> str:
        answer = rita_client.post(PAGE, {"test": "1", "number": number, "phone": phone})
        assert answer.status_code == 200
        return str(answer.content.decode())

    assert "user ID 12, which is Ann Keller&#x27;s" in test_of("84 00-12")
    assert "Without an ID behind it" in test_of("8400")
    assert "Extension 2014 is Ann Keller." in test_of("8400", "2014")
    assert "<dd>none</dd>" in test_of("7100")
    assert "live-keep pilot" in test_of("8500")
