"""Directories that give no answer: those that do are walked beside their servers."""

from types import SimpleNamespace
from typing import cast

from django.urls import reverse

from callvault.portal.audit.models import Action
from callvault.portal.directory.models import DirectorySource, Purpose
from callvault.portal.directory.runs import ask_for_run
from callvault.portal.directory.saving import remove_source
from tests.portal.acting import request_of
from tests.portal.directory.conftest import source_of, sync
from tests.portal.directory.slapd import Slapd

from . import Stage, walk


def unreachable() -> DirectorySource:
    nowhere = SimpleNamespace(ldaps_uri="ldaps://127.0.0.1:9", ca_pem="")
    return source_of(cast("Slapd", nowhere))


@walk(Action.DIRECTORY_DELETED)
def delete(stage: Stage) -> None:
    remove_source(request_of(stage.rita_user), unreachable())


@walk(Action.DIRECTORY_RUN_CANCELLED)
def cancel(stage: Stage) -> None:
    run = ask_for_run(unreachable(), Purpose.SYNC, asked_by=stage.rita_user)
    assert run is not None
    stage.rita.post(reverse("directory:cancel", args=[run.public_id]))


@walk(Action.DIRECTORY_SYNC_FAILED)
def fail(stage: Stage) -> None:
    sync(unreachable())
