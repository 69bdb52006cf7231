"""Every operation asked as its description says, and as it forbids, through the WSGI application.

Requests are made by schemathesis from the description; what they change is rolled back, so that
each meets the same portal. `make fuzz` asks many more.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from callvault.portal.api.v1 import api
from callvault.portal.configuration.filter_models import RecordingFilter
from callvault.portal.configuration.models import Trunk
from callvault.portal.decisions.models import Attempt
from callvault.portal.directory.models import DirectoryRun, DirectorySource
from callvault.portal.exports.models import RecordingExport
from callvault.portal.nodes.models import NodeReport
from callvault.portal.people.import_report import packed
from callvault.portal.people.models import PeopleImport, User
from callvault.portal.recordings import notes
from callvault.portal.recordings.models import Recording
from callvault.portal.subjects.models import Erasure
from callvault.portal.wsgi import application
from tests.portal.acting import request_of
from tests.portal.live.conftest import Recorder, call_of, recorder
from tests.portal.recordings.test_media import sealed

from .conftest import Calling

__all__ = ["recorder", "sealed"]

pytestmark = [pytest.mark.flow, pytest.mark.hypothesis, pytest.mark.django_db]

Operation = APIOperation[Any, Any, Any, Any]
OPERATIONS = [
    (method, path) for path, item in api.get_openapi_schema()["paths"].items() for method in item
]
# Whom a request stands for is asked elsewhere: here each is an administrator's.
CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"with-security-parameters": False},
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
    }
)
HOST = {"Host": "127.0.0.1"}
# What a body says may be refused by rules that no schema can tell: that a name is free. Of
# addresses these are such: a range that ends before it begins, a person who is not there.
SPANNED = {"/api/v1/audit/export"}
EXAMPLES = max(3, settings().max_examples // 100)  # of `make fuzz`: 200


class Undone(Exception):
    """Ends a request's transaction without a trace."""


@pytest.fixture
def real(ann: User, rita: User, sealed: Recording, recorder: Recorder) -> dict[str, str]:
    """Ids of things that are there, by the name that paths give them."""
    recorder.calls = [call_of(ann)]
    note = notes.add_note(request_of(rita), sealed, "Refund agreed.", at_ms=None)
    trunk = Trunk.objects.create(name="Main SBC", peers=["192.0.2.14"], transports=["udp"])
    erasure = Erasure.objects.create(reference="x", expected=0, asked_by=rita)
    rules = RecordingFilter.objects.create(scope="group", group="sales")
    source = DirectorySource.objects.create(name="Staff", kind="ldap")
    run = DirectoryRun.objects.create(source=source, purpose="preview", state="previewed")
    now = timezone.now()
    knocks = Attempt.objects.create(
        peer_address="192.0.2.7", peer_port=5060, transport="udp", first_seen_at=now,
        last_seen_at=now,
    )  # fmt: skip
    draft = PeopleImport.objects.create(
        made_by=rita, file_name="people.csv", content=b"Username\nbea\n", rows=packed([])
    )
    export = RecordingExport.objects.create(recording=sealed, asked_at=now, next_try_at=now)
    NodeReport.objects.create(node="one", at=timezone.now(), document={"at_ns": 1})
    return {
        "recording_id": str(sealed.recording_id),
        "note_id": str(note.note_id),
        "person_id": str(ann.public_id),
        "call_id": str(UUID(int=1)),
        "trunk_id": str(trunk.public_id),
        "filter_id": str(rules.public_id),
        "erasure_id": str(erasure.public_id),
        "directory_id": str(source.public_id),
        "run_id": str(run.public_id),
        "attempt_id": str(knocks.public_id),
        "import_id": str(draft.public_id),
        "export_id": str(export.public_id),
        "node": "one",
    }


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_keeps_to_its_description(
    method: str, path: str, rita: User, real: dict[str, str], calling: Calling
) -> None:
    headers = {"Authorization": f"Bearer {calling(rita).token}"} | HOST
    excluded = [ignored_auth]
    if method != "get" or path in SPANNED:
        excluded.append(positive_data_acceptance)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=_cases(described()[path][method.upper()], real))
    def ask(case: Case[Any]) -> None:
        try:
            with transaction.atomic():
                case.validate_response(case.call(headers=headers), excluded_checks=excluded)
                raise Undone
        except Undone:
            pass

    ask()


@lru_cache(maxsize=1)
def described() -> Any:
    """Read the description once, as any program would."""
    return from_wsgi("/api/v1/openapi.json", application, config=CONFIG, headers=HOST)


def _cases(operation: Operation, real: dict[str, str]) -> st.SearchStrategy[Case[Any]]:
    """Requests as described, of things that are there and of others; and such as are forbidden."""
    there = {name: value for name, value in real.items() if f"{{{name}}}" in operation.path}
    return st.one_of(
        operation.as_strategy(GenerationMode.POSITIVE, path_parameters=there or None),
        operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=there or None),
        operation.as_strategy(GenerationMode.POSITIVE),
    )
