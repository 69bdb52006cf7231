"""What a sync does to people, whatever changed between its plan and its deeds."""

import pytest
from django.test import Client
from django.utils import timezone
from msgspec.structs import replace

from callvault.portal.api.tokens import create_token, token_named
from callvault.portal.configuration.models import SystemCapacity
from callvault.portal.directory.applying import apply_plan
from callvault.portal.directory.models import DirectoryPerson, DirectorySource, Kind, Purpose
from callvault.portal.directory.planning import Row, RowKind
from callvault.portal.directory.runs import Claim, ask_for_run, claim_run
from callvault.portal.people.fields import Value
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from tests.portal.acting import request_of


@pytest.fixture
def claim(db: None) -> Claim:
    """A run of a directory under way."""
    source = DirectorySource.objects.create(name="Head office", kind=Kind.LDAP)
    ask_for_run(source, Purpose.SYNC, asked_by=None)
    claim = claim_run(worker="rec-1", now=timezone.now())
    assert claim is not None
    return claim


def row_of(person: User, kind: RowKind, claim: Claim) -> Row:
    """Return a row that takes a person's activity away, and link them to the directory."""
    name = person.username
    DirectoryPerson.objects.create(person=person, source=claim.run().source, external_id=name)
    row = Row(kind=kind, key=str(person.public_id), external_id=name)
    changes = {"is_active": (True, False)}
    return replace(row, changes=changes) if kind is RowKind.CHANGE else row


@pytest.mark.parametrize("kind", [RowKind.DEACTIVATE, RowKind.CHANGE])
def test_who_was_deactivated_comes_back_without_tokens_and_sessions(
    claim: Claim, ann: User, kind: RowKind
) -> None:
    browser = Client()
    browser.force_login(ann)
    token = create_token(request_of(ann), ann, name="report", scopes=[], days=90)[1]
    assert apply_plan(claim, claim.run(), [row_of(ann, kind, claim)]) == []
    assert not User.objects.get(pk=ann.pk).is_active
    User.objects.filter(pk=ann.pk).update(is_active=True)
    assert token_named(token, now=timezone.now()) is None
    assert browser.get("/recordings/mine/").status_code == 302


@pytest.mark.parametrize("kind", [RowKind.DELETE, RowKind.DEACTIVATE, RowKind.CHANGE])
def test_the_last_administrator_stays_though_the_plan_knew_another(
    claim: Claim, ann: User, rita: User, kind: RowKind
) -> None:
    row = row_of(rita, kind, claim)
    left = row_of(ann, RowKind.DEACTIVATE, claim)
    User.objects.create_user("second", level=Level.BASE)  # demoted since the plan was made
    (refused,) = apply_plan(claim, claim.run(), [row, left])
    assert (refused.kind, refused.reason) == (RowKind.ERROR, "last_administrator")
    assert User.objects.get(pk=rita.pk).is_active
    assert not User.objects.get(pk=ann.pk).is_active


def test_a_place_that_was_taken_since_the_plan_is_not_given_twice(claim: Claim, ann: User) -> None:
    SystemCapacity.objects.create(model="users", most_users=1)
    changes: dict[str, tuple[Value, Value]] = {"username": ("", "new"), "is_active": ("", True)}
    new = Row(kind=RowKind.CREATE, external_id="id-new", username="new", changes=changes)
    (refused,) = apply_plan(claim, claim.run(), [new])
    assert (refused.kind, refused.reason) == (RowKind.ERROR, "taken_meanwhile")
    assert list(User.objects.all()) == [ann]
