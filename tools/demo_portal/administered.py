"""What the demo portal's administrator set up: a directory with its runs, and a token."""

from datetime import time, timedelta

from django.utils import timezone

from callvault.portal.api.models import ApiToken
from callvault.portal.api.tokens import SHOWN, digest_of, draw
from callvault.portal.directory.models import (
    DirectoryPerson,
    DirectoryRun,
    DirectorySource,
    Purpose,
    Rhythm,
    RunState,
)
from callvault.portal.people.models import User
from tools.demo_portal import cast

TOKEN = "Nightly report"  # noqa: S105 - the name of one


def fill() -> None:
    """Make them."""
    now = timezone.now()
    rita = User.objects.get(username="rita.marsh")
    ann = User.objects.get(username="ann.keller")
    source = DirectorySource.objects.create(
        name=cast.DIRECTORY,
        kind="ldap",
        uris=["ldaps://dc1.northgate.example", "ldaps://dc2.northgate.example"],
        bind_dn="CN=callvault,OU=Service,DC=northgate,DC=example",
        base_dns=["OU=People,DC=northgate,DC=example"],
        search_filter="(&(objectCategory=person)(objectClass=user))",
        id_attribute="objectGUID",
        mapping={"username": ["sAMAccountName"], "extension": ["ipPhone", "telephoneNumber"]},
        signs_in=False,  # nobody listens there: each wrong password would be told so
        rhythm=Rhythm.DAILY,
        daily_at=time(2, 30),
        next_run_at=now + timedelta(hours=8),
    )
    DirectoryPerson.objects.create(
        person=ann, source=source, external_id="a1b2", reference=f"CN=Ann Keller,{_BASE}"
    )
    for purpose, state, facts in _runs(ann):
        DirectoryRun.objects.create(
            source=source, purpose=purpose, state=state, asked_by=rita, linked_count=10,
            read_count=312, started_at=now - timedelta(seconds=95),
            finished_at=now - timedelta(seconds=90), **facts,
        )  # fmt: skip
    token = draw()
    ApiToken.objects.create(
        person=rita, name=TOKEN, beginning=token[:SHOWN], digest=digest_of(token),
        scopes=["audit:read", "recordings:read"], created_at=now,
        expires_at=now + timedelta(days=90),
    )  # fmt: skip


_BASE = "OU=Claims,OU=People,DC=northgate,DC=example"


def _runs(ann: User) -> tuple[tuple[Purpose, RunState, dict[str, object]], ...]:
    """Return one that failed, one that was stopped, and a preview; the oldest first."""
    planned = [
        {
            "kind": "create", "username": "nina.rossi", "name": "Nina Rossi",
            "reference": f"CN=Nina Rossi,{_BASE}",
            "changes": {"extension": ["", "2099"], "group": ["", "Claims"]},
        },
        {
            "kind": "change", "key": str(ann.public_id), "username": ann.username,
            "name": ann.get_full_name(), "changes": {"group": ["Claims", "Sales"]},
        },
        {
            "kind": "error", "name": "Meeting room 3", "reference": f"CN=Meeting room 3,{_BASE}",
            "reason": "no_username", "told": {"about": "sAMAccountName"},
        },
        {
            "kind": "delete", "key": "00000000-0000-4000-8000-000000000001", "removes": True,
            "username": "paul.frey", "name": "Paul Frey", "reason": "gone",
        },
    ]  # fmt: skip
    kinds = {"create": 1, "change": 1, "error": 1, "delete": 1}
    fault = {"fault_code": "silent", "fault_values": {"server": "dc1.northgate.example:636"}}
    plan: dict[str, object] = {"rows": planned, "counts": kinds}
    return (
        (Purpose.SYNC, RunState.FAILED, {**fault}),
        (Purpose.SYNC, RunState.STOPPED, plan),
        (Purpose.PREVIEW, RunState.PREVIEWED, plan),
    )
