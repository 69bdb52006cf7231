"""The list of people and the form of one."""

from typing import ClassVar

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PolicyRevision, SystemSettings
from callvault.portal.people.forms import PersonForm
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.people.saving import LastAdministrator, change_person, delete_person
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_visible_to
from tests.portal.acting import request_of
from tests.portal.gated import GatedViewTest

pytestmark = pytest.mark.django_db


def data(**changed: str) -> dict[str, str]:
    """Return a form filled in well, but for what a test changes."""
    good = {
        "first_name": "Bruno",
        "last_name": "Castellani",
        "username": "bruno",
        "extension": "2031",
        "level": "20",
        "is_active": "on",
    }
    return {name: value for name, value in (good | changed).items() if value}


def errors(client: Client, **changed: str) -> dict[str, list[str]]:
    response = client.post("/people/new", data(**changed))
    assert response.status_code == 422
    return {name: list(found) for name, found in response.context["form"].errors.items()}


def test_a_person_is_created_without_sign_in_and_recorders_are_told(
    rita_client: Client, rita: User
) -> None:
    before = PolicyRevision.current()
    response = rita_client.post(
        "/people/new", data(alias="+39 02 1234-567", additional_groups=" a; ;b;a")
    )
    person = User.objects.get(username="bruno")
    assert response["Location"] == f"/people/{person.public_id}"
    assert (person.alias, person.additional_groups) == ("+39021234567", "a;b")
    assert not person.has_usable_password()
    assert PolicyRevision.current() == before + 1
    entry = AuditEntry.objects.get(action=Action.PERSON_CREATED)
    assert (entry.actor, entry.object_id) == (rita, str(person.public_id))
    assert "extension" in entry.detail["fields"]
    assert "2031" not in str(entry.detail)


def test_numbers_of_active_people_are_unique_and_the_holder_is_named(
    rita_client: Client, ann: User
) -> None:
    told = errors(rita_client, extension="2014")
    assert told == {"extension": ["2014 already belongs to Ann Keller."]}


def test_the_number_of_an_inactive_person_is_free(rita_client: Client, ann: User) -> None:
    ann.is_active = False
    ann.save()
    assert rita_client.post("/people/new", data(extension="2014")).status_code == 302


@pytest.mark.parametrize(
    ("held", "added", "told"),
    [
        ({}, {"numeric_user_id": "7"}, {"extension"}),
        ({"numeric_user_id": "7"}, {}, {"extension"}),
        ({"numeric_user_id": "7"}, {"numeric_user_id": "8"}, set()),
        ({"numeric_user_id": "7"}, {"numeric_user_id": "7"}, {"numeric_user_id"}),
        ({"numeric_user_id": "7"}, {"numeric_user_id": "07"}, set()),  # other digits are dialled
        ({"numeric_user_id": "7"}, {"numeric_partition_id": "8"}, set()),
        ({"numeric_partition_id": "7"}, {"numeric_partition_id": "7"}, {"extension"}),
        ({"numeric_partition_id": "7"}, {"numeric_partition_id": "8"}, set()),
    ],
)
def test_an_extension_is_shared_only_where_ids_tell_who_is_meant(
    rita_client: Client, held: dict[str, str], added: dict[str, str], told: set[str]
) -> None:
    User.objects.create_user("first", extension="2014", alias="+390212", **held)
    response = rita_client.post("/people/new", data(extension="2014", **added))
    form = response.context["form"] if response.status_code == 422 else None
    assert set(form.errors if form else ()) == told
    fields = {"extension": "2014", **added}
    if told:
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user("second", **fields)


def test_the_database_refuses_shared_numbers_too(ann: User) -> None:
    for fields in ({"extension": "2014"}, {"username": "ANN"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user(**{"username": "second", **fields})
    third = User.objects.create_user("third", extension="2014", is_active=False)
    third.is_active = True
    with pytest.raises(ValidationError, match="person_extension_shared"):
        third.validate_constraints()
    with pytest.raises(IntegrityError), transaction.atomic():
        third.save()


def test_a_person_s_times_are_in_their_own_zone(rita_client: Client, rita: User) -> None:
    rita.zone = "Asia/Kathmandu"
    rita.save()
    assert rita_client.get("/people/").context["zone_name"] == "Asia/Kathmandu"
    User.objects.update(zone="Mars/Olympus")  # known when it was saved, gone since
    assert rita_client.get("/people/").context["zone_name"] == "UTC"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "a b"),
        ("username", "rita"),
        ("username", "RITA"),
        ("extension", "twenty"),
        ("alias", "+"),
        ("email", "no address"),
        ("group", "a;b"),
        ("group", "a\nb"),
        ("first_name", "A\tB"),
        ("numeric_user_id", "12a"),
        ("numeric_partition_id", "-1"),
        ("language", "xx"),
        ("zone", "Mars/Olympus"),
        ("mode", "sometimes"),
    ],
)
def test_a_wrong_field_is_pointed_out(rita_client: Client, field: str, value: str) -> None:
    assert set(errors(rita_client, **{field: value})) == {field}


def test_input_is_not_lost_with_an_error(rita_client: Client) -> None:
    page = rita_client.post("/people/new", data(username="a b")).content.decode()
    assert 'value="a b"' in page
    assert 'value="2031"' in page
    assert 'role="alert"' in page


def test_a_group_supervisor_needs_a_group(rita_client: Client) -> None:
    assert set(errors(rita_client, level="30")) == {"group"}


def test_the_form_is_filled_in_from_a_call_without_owner(rita_client: Client) -> None:
    page = rita_client.get("/people/new?extension=2099&level=40").content.decode()
    assert 'value="2099"' in page
    assert '<option value="20" selected>' in page  # a level is not taken from an address


def test_a_change_is_saved_audited_and_told_to_recorders(rita_client: Client, ann: User) -> None:
    before = PolicyRevision.current()
    form = data(username="ann", first_name="Ann", last_name="Keller", extension="2015")
    response = rita_client.post(f"/people/{ann.public_id}", form)
    assert response.status_code == 302
    ann.refresh_from_db()
    assert ann.extension == "2015"
    assert PolicyRevision.current() == before + 1
    entry = AuditEntry.objects.get(action=Action.PERSON_CHANGED)
    assert set(entry.detail["fields"]) == {"extension", "group"}


def test_nobody_takes_their_own_rights_away(rita_client: Client, rita: User) -> None:
    form = data(username="rita", extension="", level=str(Level.BASE), is_active="")
    response = rita_client.post(f"/people/{rita.public_id}", form)
    assert set(response.context["form"].errors) == {"level", "is_active"}
    rita.refresh_from_db()
    assert rita.is_administrator


def test_a_refused_change_leaves_the_person_as_it_was(rita_client: Client, ann: User) -> None:
    page = rita_client.post(f"/people/{ann.public_id}", data(username="a b")).content.decode()
    assert '<h1 class="cv-page-title">Ann Keller</h1>' in page
    assert not AuditEntry.objects.filter(action=Action.PERSON_CHANGED).exists()


def test_a_one_time_password_is_shown_once(rita_client: Client, ann: User) -> None:
    page = rita_client.post(f"/people/{ann.public_id}/password")
    password = page.context["password"]
    assert password in page.content.decode()
    ann.refresh_from_db()
    assert ann.must_change_password
    assert ann.check_password(password)
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert AuditEntry.objects.filter(action=Action.ONE_TIME_PASSWORD_SET).count() == 1


def test_who_comes_back_to_a_one_time_password_is_led_to_the_person(
    rita_client: Client, ann: User
) -> None:
    response = rita_client.get(f"/people/{ann.public_id}/password")
    assert response["Location"] == f"/people/{ann.public_id}"
    ann.refresh_from_db()
    assert not ann.must_change_password


def test_who_was_slower_is_told_and_loses_nothing(rita_client: Client, ann: User) -> None:
    form = data(username="ann", extension="2014", department="IT", version="1")
    assert rita_client.post(f"/people/{ann.public_id}", form).status_code == 302
    slower = rita_client.post(f"/people/{ann.public_id}", form | {"department": "Legal"})
    text = slower.content.decode()
    assert slower.status_code == 422
    assert "Rita Marsh changed this person" in text
    assert 'value="Legal"' in text
    again = {**form, "department": "Legal", "version": str(slower.context["form"].data["version"])}
    assert rita_client.post(f"/people/{ann.public_id}", again).status_code == 302
    ann.refresh_from_db()
    assert (ann.department, ann.version) == ("Legal", 3)
    entry = AuditEntry.objects.filter(action=Action.PERSON_CHANGED).latest("pk")
    assert (entry.detail["old"], entry.detail["new"]) == (
        {"department": "IT"},
        {"department": "Legal"},
    )


def test_the_last_administrator_is_kept_by_others_too(rita_client: Client, rita: User) -> None:
    second = User.objects.create_user("second", level=Level.ADMINISTRATOR)
    User.objects.filter(pk=rita.pk).update(is_active=False)
    form = PersonForm(data(username="second", level="20"), instance=second, editor=rita)
    assert form.is_valid()
    request = RequestFactory().post("/")
    request.user = rita
    with pytest.raises(LastAdministrator):
        change_person(request, form)
    with pytest.raises(LastAdministrator):
        delete_person(request, second)
    second.refresh_from_db()
    assert second.is_administrator


def test_a_field_is_checked_when_it_is_left(rita_client: Client, ann: User) -> None:
    page = rita_client.post("/people/check?field=extension", data(extension="2014"))
    assert "2014 already belongs to Ann Keller." in page.content.decode()
    own = rita_client.post(f"/people/{ann.public_id}/check?field=extension", data(extension="2014"))
    assert "already" not in own.content.decode()
    assert rita_client.post("/people/check?field=password", data()).status_code == 400


def test_a_deleted_person_s_recordings_stay_and_nobody_inherits_them(
    rita_client: Client, ann: User, sam: User, anns_recording: Recording
) -> None:
    address = f"/people/{ann.public_id}/delete"
    page = rita_client.get(address).content.decode()
    assert "1 recording stays, under the name Ann Keller." in page
    assert rita_client.post(address).status_code == 302
    kept = recordings_visible_to(sam).get()
    assert (kept.owner, kept.owner_name, kept.owner_username) == (None, "Ann Keller", "ann")
    again = User.objects.create_user("ann", extension="2014", group="sales")
    assert not recordings_visible_to(again).exists()
    entry = AuditEntry.objects.get(action=Action.PERSON_DELETED)
    assert (entry.object_id, entry.detail["name"]) == (str(ann.public_id), "Ann Keller")


def test_nobody_deletes_themselves(rita_client: Client, rita: User) -> None:
    assert rita_client.post(f"/people/{rita.public_id}/delete").status_code == 422
    assert User.objects.filter(pk=rita.pk).exists()


def test_several_are_deactivated_after_a_look(
    rita_client: Client, ann: User, sam: User, rita: User
) -> None:
    form = {"deed": "deactivate", "person": [ann.public_id, sam.public_id, rita.public_id, "x"]}
    page = rita_client.post("/people/several", form).content.decode()
    assert "Deactivate 2 people?" in page
    assert "Nobody deactivates themselves." in page
    assert User.objects.filter(is_active=False).count() == 0
    rita_client.post("/people/several", form | {"confirmed": "yes"})
    assert set(User.objects.filter(is_active=False)) == {ann, sam}
    assert AuditEntry.objects.filter(action=Action.PERSON_CHANGED).count() == 2


def test_several_who_were_deactivated_come_back_signed_out(rita_client: Client, ann: User) -> None:
    browser = Client()
    browser.force_login(ann)
    form = {"person": [ann.public_id], "confirmed": "yes"}
    for deed in ("deactivate", "activate"):
        rita_client.post("/people/several", form | {"deed": deed})
    assert User.objects.get(pk=ann.pk).is_active
    assert browser.get("/recordings/mine/").status_code == 302


def test_a_password_replaced_while_the_person_is_changed_stays(rita: User, ann: User) -> None:
    form = PersonForm(data(username="ann"), instance=ann, editor=rita)
    assert form.is_valid()
    User.objects.filter(pk=ann.pk).update(password="replaced", theme="dark")
    change_person(request_of(rita), form)
    ann.refresh_from_db()
    assert (ann.first_name, ann.password, ann.theme) == ("Bruno", "replaced", "dark")


def test_several_change_their_group(rita_client: Client, ann: User, otto: User) -> None:
    form = {"deed": "group", "group": " SALES", "person": [otto.public_id], "confirmed": "yes"}
    rita_client.post("/people/several", form)
    otto.refresh_from_db()
    assert otto.group == "sales"
    assert rita_client.post("/people/several", {"deed": "nonsense"}).status_code == 302


def test_pages_of_the_list_follow_each_other(rita_client: Client, rita: User) -> None:
    for number in range(60):
        User.objects.create_user(f"u{number:02}", group=f"g{number % 3}")
    for sort in ("name", "-name", "group", "extension", "level", "-username"):
        first = rita_client.get("/people/", {"sort": sort})
        second = rita_client.get("/people/" + first.context["next_url"])
        seen = [one.pk for one in (*first.context["people"], *second.context["people"])]
        assert (len(first.context["people"]), len(set(seen))) == (50, 61)
        back = rita_client.get("/people/" + second.context["previous_url"])
        assert list(back.context["people"]) == list(first.context["people"])
    assert rita_client.get("/people/?after=x&sort=z").status_code == 200


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"level": "30"}, {"otto", "sam"}),
        ({"group": "sales"}, {"ann", "sam"}),
        ({"group": "-"}, {"rita"}),
        ({"state": "inactive"}, set()),
        ({"source": "hand", "level": "20"}, {"ann"}),
        ({"source": "nonsense", "level": "x"}, {"ann", "otto", "rita", "sam"}),
    ],
)
def test_the_list_is_filtered(
    rita_client: Client, ann: User, sam: User, otto: User, filters: dict[str, str], found: set[str]
) -> None:
    people = rita_client.get("/people/", filters).context["people"]
    assert {person.username for person in people} == found


def test_each_filter_is_shown_with_what_takes_it_away(rita_client: Client, ann: User) -> None:
    chips = rita_client.get("/people/?q=a&level=20&sort=-group&state=active").context["chips"]
    assert chips == [
        {"label": "Level", "value": "Base", "remove_url": "?q=a&state=active&sort=-group"},
        {"label": "Active", "value": "Active", "remove_url": "?q=a&level=20&sort=-group"},
    ]


def test_a_number_is_found_in_each_of_its_forms(rita_client: Client, ann: User) -> None:
    SystemSettings.objects.create(country_code="39")
    ann.alias = "+39021234567"
    ann.save()
    for text in ("+39 02 1234567", "02 1234567", "0039021234567", "1234567"):
        assert list(rita_client.get("/people/", {"q": text}).context["people"]) == [ann]


class TestList(GatedViewTest):
    url: ClassVar[str] = "/people/"


class TestNew(GatedViewTest):
    url: ClassVar[str] = "/people/new"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kell", {"ann"}),
        ("KÉLLER ann", {"ann"}),
        ("sales whitlock", {"sam"}),
        ("ke\0ll", {"ann"}),
        ("2014", {"ann"}),
        ("zz", set()),
    ],
)
def test_people_are_found_by_name_and_number(
    rita_client: Client, ann: User, sam: User, text: str, found: set[str]
) -> None:
    people = rita_client.get("/people/", {"q": text}).context["people"]
    assert {person.username for person in people} == found
