"""The log as a file: what an export holds, and what verifying it offline finds."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from callvault.portal.audit import lease
from callvault.portal.audit.anchor import FILE_NAME
from callvault.portal.audit.chain import Kind
from callvault.portal.audit.keeper import Keeper
from callvault.portal.audit.linking import link_waiting, sign, tail_of
from callvault.portal.audit.log import record_own
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.audit.offline import NoExport, Verification
from callvault.portal.people.models import User
from callvault.vault import AuditKey, audit_key, audit_keys

pytestmark = pytest.mark.django_db

JSON_LINES, CSV = "/audit/export.jsonl", "/audit/export.csv"


@pytest.fixture
def key(tmp_path: Path) -> AuditKey:
    return audit_key(tmp_path)


@pytest.fixture
def log(tmp_path: Path, key: AuditKey) -> Keeper:
    """Twelve entries in the chain, signed at places 0, 4, 8 and 12; the last is of Rita."""
    keeper = Keeper("rec-1", key, audit_keys(tmp_path), tmp_path / FILE_NAME)
    keeper.step(now=timezone.now())
    for number in range(12):
        action = Action.DOWNLOADED if number % 5 == 1 else Action.PLAYED
        record_own(action, kind="recording", object_id=number, name="Zoë “Z” 日本")
        link_waiting()
        if number % 4 == 3:
            sign(key, Kind.HEAD, lease.state(), tail_of(lease.state()), now=timezone.now())
    return keeper


def content(response: HttpResponseBase) -> bytes:
    return b"".join(response)


def exported(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(JSON_LINES + query)
    assert answer["Content-Disposition"].endswith('.jsonl"')
    return [json.loads(line) for line in content(answer).splitlines()]


def verified(log: Keeper, lines: list[dict[str, Any]]) -> Verification:
    verification = Verification(log.keys)
    list(verification.read(json.dumps(line).encode() for line in lines))
    return verification


def problems(log: Keeper, lines: list[dict[str, Any]]) -> set[str]:
    return {one.problem.value for one in verified(log, lines).findings}


def test_an_export_of_all_proves_itself(rita_client: Client, log: Keeper) -> None:
    lines = exported(rita_client)
    verification = verified(log, lines)
    assert (verification.findings, verification.is_complete) == ([], True)
    # The sign-in before, twelve, and the two of this reader that have no place yet.
    assert verification.entries - verification.unchained >= 12
    assert verification.signed_up_to >= 12
    assert verification.unsigned == 0


def test_an_export_is_itself_in_the_log(rita_client: Client, log: Keeper) -> None:
    content(rita_client.get(JSON_LINES + "?action=played"))
    entry = AuditEntry.objects.filter(action=Action.AUDIT_EXPORTED).get()
    assert entry.detail == {"file": "jsonl", "asked": {"action": "played"}}


def test_a_filtered_export_proves_each_entry_and_shows_no_other(
    rita_client: Client, log: Keeper
) -> None:
    lines = exported(rita_client, "?action=downloaded")
    entries = [line["entry"] for line in lines if "entry" in line]
    assert {entry["action"] for entry in entries} == {"downloaded"}
    verification = verified(log, lines)
    assert (verification.findings, verification.entries, verification.unsigned) == ([], 3, 0)
    assert not verification.is_complete


def entry_lines(lines: list[dict[str, Any]]) -> list[int]:
    return [at for at, line in enumerate(lines) if line.get("sequence")]


def change(lines: list[dict[str, Any]]) -> None:
    lines[entry_lines(lines)[3]]["entry"]["actor"] = "otto"


def change_with_digest(lines: list[dict[str, Any]]) -> None:
    from callvault.portal.audit.chain import content_digest

    line = lines[entry_lines(lines)[3]]
    line["entry"]["actor"] = "otto"
    line["content"] = content_digest(line["entry"]).hex()


def remove(lines: list[dict[str, Any]]) -> None:
    del lines[entry_lines(lines)[3]]


def swap(lines: list[dict[str, Any]]) -> None:
    first, second = entry_lines(lines)[3:5]
    lines[first], lines[second] = lines[second], lines[first]


def insert(lines: list[dict[str, Any]]) -> None:
    at = entry_lines(lines)[3]
    lines.insert(at, json.loads(json.dumps(lines[at])))


def cut_off(lines: list[dict[str, Any]]) -> None:
    del lines[entry_lines(lines)[6] :]


def write_anew(lines: list[dict[str, Any]]) -> None:
    """Compute the chain again over a changed entry, without the key."""
    from callvault.portal.audit.chain import content_digest, genesis_digest, link_digest

    change(lines)
    digest = genesis_digest(lines[0]["chain"])
    for at in entry_lines(lines):
        line = lines[at]
        line["content"] = content_digest(line["entry"]).hex()
        digest = link_digest(digest, line["sequence"], bytes.fromhex(line["content"]))
        line["digest"] = digest.hex()


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (change, {"changed"}),
        (change_with_digest, {"reordered"}),
        (remove, {"removed"}),
        (swap, {"removed", "reordered"}),
        (insert, {"reordered", "removed"}),
        (cut_off, {"cut_off"}),
        (write_anew, {"rebuilt"}),
    ],
)
def test_tampering_with_a_file_is_found(
    rita_client: Client,
    log: Keeper,
    tamper: Callable[[list[dict[str, Any]]], None],
    found: set[str],
) -> None:
    lines = exported(rita_client)
    tamper(lines)
    assert found <= problems(log, lines)


def test_a_changed_entry_of_a_filtered_export_is_found(rita_client: Client, log: Keeper) -> None:
    lines = exported(rita_client, "?action=downloaded")
    at = next(at for at, line in enumerate(lines) if "entry" in line)
    change_at = lines[at]
    change_at["entry"]["actor"] = "otto"
    assert problems(log, lines) == {"changed"}


def test_what_another_key_signed_proves_nothing(
    rita_client: Client, log: Keeper, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    audit_key(tmp_path / "other")
    verification = Verification(audit_keys(tmp_path / "other"))
    lines = exported(rita_client)
    list(verification.read(json.dumps(line).encode() for line in lines))
    assert "signature" in {one.problem.value for one in verification.findings}
    assert verification.signed_up_to == 0


@pytest.mark.parametrize("data", [b"", b"{}\n", b"no\n", b'{"format": "other"}\n', b"[]\n"])
def test_what_is_no_export_is_refused(log: Keeper, data: bytes) -> None:
    with pytest.raises(NoExport):
        list(Verification(log.keys).read(io.BytesIO(data)))


def test_a_line_that_cannot_be_read_is_told(rita_client: Client, log: Keeper) -> None:
    lines: list[Any] = exported(rita_client)
    lines[3] = {"sequence": "x"}
    assert "changed" in problems(log, lines)


def test_an_export_from_before_the_chain_tells_what_has_no_place(
    rita_client: Client, rita: User, tmp_path: Path
) -> None:
    audit_key(tmp_path)
    verification = Verification(audit_keys(tmp_path))
    lines = exported(rita_client)
    list(verification.read(json.dumps(line).encode() for line in lines))
    assert verification.findings == []
    assert verification.unchained == verification.entries > 0


def test_the_spreadsheet_has_the_words_and_the_place(rita_client: Client, log: Keeper) -> None:
    User.objects.create_user("=cmd()")
    rows = list(csv.DictReader(io.StringIO(content(rita_client.get(CSV)).decode())))
    played = [row for row in rows if row["Action"] == "played"]
    assert len(played) == 9
    assert played[0]["In words"] == "Callvault played Zoë “Z” 日本"
    assert played[0]["Place in the chain"].isdecimal()
    assert len(played[0]["Digest of the place"]) == 64
    assert played[0]["Time"].endswith(("+00:00", "+01:00", "+02:00"))


def test_a_spreadsheet_takes_no_text_for_a_formula(rita_client: Client, ann: User) -> None:
    evil = User.objects.create_user("=cmd()", first_name="=cmd()")
    AuditEntry.objects.create(actor=evil, actor_name=evil.username, action=Action.PLAYED)
    assert "\n=" not in content(rita_client.get(CSV)).decode().replace("\r\n", "\n").replace(
        ",=", "\n="
    )


@pytest.mark.parametrize("address", [JSON_LINES, CSV])
def test_a_filter_that_cannot_be_read_exports_nothing(rita_client: Client, address: str) -> None:
    answer = rita_client.get(address + "?first=yesterday")
    assert answer.status_code == 302
    assert not AuditEntry.objects.filter(action=Action.AUDIT_EXPORTED).exists()
