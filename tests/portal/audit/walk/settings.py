"""People, trunks and settings."""

from uuid import uuid4

from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.portal.audit.models import Action
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.configuration.models import LowestLevel, RecordingOrder, Trunk
from callvault.portal.configuration.ordering import order_recording, withdraw
from callvault.portal.configuration.rights import (
    LowestLevels,
    change_rights,
    levels_in_force,
    phrase_to_type,
)
from callvault.portal.decisions.models import Attempt
from callvault.portal.people.models import User
from callvault.spool.entries import PeerAttempt
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import STARTED
from tests.portal.configuration.test_trunk_pages import typed
from tests.portal.people.test_people import data

from . import Stage, walk


@walk(Action.PERSON_CREATED)
def create_person(stage: Stage) -> None:
    stage.rita.post("/people/new", data(extension="2015", alias="+1 555 0199"))


@walk(Action.PERSON_CHANGED)
def change_person(stage: Stage) -> None:
    form = data(extension="2014", alias="+1 555 0199")
    form |= {"version": str(User.objects.get(pk=stage.ann.pk).version)}
    stage.rita.post(f"/people/{stage.ann.public_id}", form)


@walk(Action.TRUNK_CREATED)
def create_trunk(stage: Stage) -> None:
    stage.rita.post("/settings/trunks/new", typed(name="Branch"))


def trunk_of(stage: Stage) -> Trunk:
    create_trunk(stage)
    return Trunk.objects.get(name="Branch")


@walk(Action.TRUNK_CHANGED)
def change_trunk(stage: Stage) -> None:
    trunk = trunk_of(stage)
    changed = typed(name="Another", version=str(trunk.version))
    stage.rita.post(f"/settings/trunks/{trunk.public_id}", changed)


@walk(Action.TRUNK_DELETED)
def delete_trunk(stage: Stage) -> None:
    stage.rita.post(f"/settings/trunks/{trunk_of(stage).public_id}/delete")


def knock() -> Attempt:
    attempt = PeerAttempt(
        at_ns=ns_from_utc(STARTED),
        event_id=uuid4(),
        peer_address="203.0.113.9",
        peer_port=5060,
        transport="tcp",
        method="INVITE",
        request_uri="sip:+15550142@192.0.2.1",
    )
    DjangoCatalogue().add_attempt(attempt, node="rec-1")
    return Attempt.objects.get()


@walk(Action.PEER_ALLOWED)
def allow(stage: Stage) -> None:
    stage.rita.post(f"/decisions/peers/{knock().public_id}/allow", {"name": "Branch"})


@walk(Action.PEER_DISMISSED)
def dismiss(stage: Stage) -> None:
    stage.rita.post(f"/decisions/peers/{knock().public_id}/dismiss")


def set_rights(stage: Stage, wanted: LowestLevels, phrase: str = "") -> None:
    request = request_of(stage.rita_user)
    change_rights(request, wanted, seen=levels_in_force(), phrase=phrase)


@walk(Action.SETTINGS_CHANGED)
def change_settings(stage: Stage) -> None:
    set_rights(stage, LowestLevels(LowestLevel.ADMINISTRATORS, LowestLevel.ADMINISTRATORS))


@walk(Action.DELETION_FORBIDDEN)
def forbid_deletion(stage: Stage) -> None:
    wanted = LowestLevels(LowestLevel.ADMINISTRATORS, LowestLevel.NOBODY_MAY)
    set_rights(stage, wanted, phrase_to_type())


@walk(Action.RECORDING_ORDERED)
def order(stage: Stage) -> None:
    order_recording(request_of(stage.rita_user), stage.ann)


@walk(Action.ORDER_WITHDRAWN)
def withdraw_order(stage: Stage) -> None:
    order(stage)
    withdraw(request_of(stage.rita_user), RecordingOrder.objects.get(), now=timezone.now())
