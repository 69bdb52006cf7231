"""Calls that nobody got since several people share the number are told of, until it is mended."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.policy.decision import Decision, Outcome, Step, Verdict
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.configuration.models import SystemCapacity
from callvault.portal.decisions.shared_numbers import discarded_as_shared
from callvault.portal.people.models import User
from callvault.spool import entries
from tests.portal.catalogue_facts import call_facts
from tests.portal.gated import check_policy

pytestmark = pytest.mark.django_db
TOLD = "discarded: its number is shared by several people"


def happened(verdict: Verdict = Verdict.DISCARDED, *, hours_ago: int = 1) -> None:
    """Have a call whose number is several people's, told of by both of its dialogs."""
    step = Step("owner", Outcome.STOPPED, {"reason": "ambiguous", "number": "2014"})
    at = timezone.now() - timedelta(hours=hours_ago)
    call = call_facts(decision=Decision(verdict, (step,)), at=at)
    DjangoCatalogue().add_call(call, ())
    for journal in (call.event_id, uuid4()):
        event = entries.NodeEvent(
            at_ns=ns_from_utc(at),
            event_id=uuid4(),
            kind="owner_ambiguous",
            severity="warning",
            values={"journal": str(journal)},
        )
        DjangoCatalogue().add_node_event(event, node="rec-1")


@pytest.mark.parametrize("path", ["/decisions/", "/nodes/"])
def test_the_pages_say_it_and_lead_to_what_mends_it(rita_client: Client, path: str) -> None:
    assert TOLD not in rita_client.get(path).content.decode()
    happened()
    answer = rita_client.get(path)
    check_policy(answer)
    page = answer.content.decode()
    assert TOLD in page
    assert "1 call of the last 24 hours" in page
    for link in ("/settings/pilot-numbers", "/people/", "/settings/capacity", "/decisions/"):
        assert f'<a href="{link}' in page


def test_what_is_kept_or_long_ago_is_not_told_of(rita: User) -> None:
    happened(Verdict.RECORDED)
    happened(hours_ago=25)
    assert discarded_as_shared(timezone.now()) is None
    happened()
    found = discarded_as_shared(timezone.now())
    assert found is not None
    assert found.count == 1
    SystemCapacity.objects.create(catch_all=rita)
    assert discarded_as_shared(timezone.now()) is None
