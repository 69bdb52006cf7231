"""Ordering a recording of automated dial-in by the API (CAP-4)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration import ordering
from callvault.portal.configuration.models import PilotNumbers, PolicyRevision, RecordingOrder
from callvault.portal.people.models import User
from callvault.portal.snapshot import build_snapshot

from .conftest import Calling

pytestmark = pytest.mark.django_db
ORDERS = "/automated-recordings"


@pytest.fixture(autouse=True)
def pilot() -> PilotNumbers:
    return PilotNumbers.objects.create(automated_prefix="9000")


def test_an_order_is_given_a_number_told_to_recorders_audited_and_withdrawn(
    rita: User, ann: User, calling: Calling
) -> None:
    caller = calling(rita)
    before = PolicyRevision.current()
    answer = caller("POST", ORDERS, {"extension": ann.extension, "reason": "case 7"})
    assert answer.status_code == 201
    told = answer.json()
    assert told["number"].startswith("9000")
    assert len(told["number"]) == 8
    assert (told["person_id"], told["is_expired"]) == (str(ann.public_id), False)
    (order,) = build_snapshot().orders
    row = RecordingOrder.objects.get()
    assert (order.digits, order.user_id) == (told["number"][4:], ann.public_id)
    assert order.until_ns == ns_from_utc(row.expires_at)
    assert row.expires_at - row.ordered_at == ordering.VALID_FOR
    assert PolicyRevision.current() == before + 1
    assert caller("GET", f"{ORDERS}/{told['id']}").json() == told
    assert caller("DELETE", f"{ORDERS}/{told['id']}").status_code == 204
    assert caller("GET", f"{ORDERS}/{told['id']}").json()["is_expired"] is True
    assert caller("DELETE", f"{ORDERS}/{told['id']}").status_code == 204  # done already
    made, withdrawn = AuditEntry.objects.filter(object_id=str(ann.public_id)).order_by("at")
    assert (made.action, withdrawn.action) == (Action.RECORDING_ORDERED, Action.ORDER_WITHDRAWN)
    assert made.detail["reason"] == "case 7"
    assert told["number"] not in str(made.detail)  # who reads the log cannot call it


def test_others_order_for_themselves_alone(ann: User, otto: User, calling: Calling) -> None:
    caller = calling(ann)
    own = caller("POST", ORDERS, {"username": ann.username})
    assert own.status_code == 201
    assert caller("POST", ORDERS, {"username": otto.username}).status_code == 404
    assert caller("POST", ORDERS, {"username": "nobody"}).status_code == 404
    order = f"{ORDERS}/{own.json()['id']}"
    assert calling(otto)("GET", order).status_code == 404
    assert calling(otto)("DELETE", order).status_code == 404
    assert calling(ann, "live:read")("POST", ORDERS, {"username": "a"}).status_code == 403


@pytest.mark.parametrize("asked", [{}, {"extension": "1001", "username": "akeller"}, {"x": "1"}])
def test_one_person_is_named(rita: User, calling: Calling, asked: dict[str, str]) -> None:
    assert calling(rita)("POST", ORDERS, asked).status_code == 422


def test_without_a_pilot_nothing_can_be_ordered(
    rita: User, ann: User, calling: Calling, pilot: PilotNumbers
) -> None:
    pilot.delete()
    problem = calling(rita)("POST", ORDERS, {"username": ann.username})
    assert (problem.status_code, problem.json()["code"]) == (409, "no_pilot")


def test_a_number_rests_before_it_is_given_again(
    rita: User, ann: User, calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "_NUMBERS", 2)
    caller = calling(rita)
    numbers = {
        caller("POST", ORDERS, {"username": ann.username}).json()["number"] for _ in range(2)
    }
    assert numbers == {"90000000", "90000001"}
    RecordingOrder.objects.update(expires_at=timezone.now() - timedelta(minutes=59))
    problem = caller("POST", ORDERS, {"username": ann.username})
    assert (problem.status_code, problem.json()["code"]) == (503, "no_number_free")
    RecordingOrder.objects.update(expires_at=timezone.now() - timedelta(minutes=61))
    assert caller("POST", ORDERS, {"username": ann.username}).status_code == 201


def test_one_person_has_a_few_numbers_open_at_most(
    rita: User, ann: User, otto: User, calling: Calling
) -> None:
    caller = calling(rita)
    for _ in range(ordering.MOST_OPEN):
        last = caller("POST", ORDERS, {"username": ann.username})
        assert last.status_code == 201
    problem = caller("POST", ORDERS, {"username": ann.username})
    assert (problem.status_code, problem.json()["code"]) == (429, "too_many_open")
    assert RecordingOrder.objects.count() == ordering.MOST_OPEN
    assert caller("POST", ORDERS, {"username": otto.username}).status_code == 201
    assert caller("DELETE", f"{ORDERS}/{last.json()['id']}").status_code == 204
    assert caller("POST", ORDERS, {"username": ann.username}).status_code == 201


def test_one_of_several_with_an_extension_orders_for_themselves(
    ann: User, calling: Calling
) -> None:
    for number in range(3):
        User.objects.create_user(f"a{number}", extension="2077", numeric_user_id=f"{number}")
    User.objects.filter(pk=ann.pk).update(extension="2077", numeric_user_id="9")
    assert calling(ann)("POST", ORDERS, {"extension": "2077"}).status_code == 201
