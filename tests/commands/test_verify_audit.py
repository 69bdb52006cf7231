"""`callvault verify audit` on an exported file: no system, no settings."""

import json
from pathlib import Path

import pytest

from callvault.commands.main import main
from callvault.portal.audit.anchor import as_document
from callvault.vault import audit_key
from tests.portal.audit.test_chain import CHAIN, Log


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    audit_key(tmp_path)
    return tmp_path / "audit" / "audit-1.pub.pem"


@pytest.fixture
def export(tmp_path: Path, key_file: Path) -> Path:
    """An exported log of three entries, signed."""
    log = Log()
    for action in ("signed_in", "played", "signed_out"):
        log.add(action)
    log.sign(audit_key(tmp_path))
    head = {"format": "callvault-audit-export-1", "chain": CHAIN, "complete": True}
    lines = [head | {"exported_at": "2026-11-23T14:30:00+00:00", "filter": {}}]
    lines += [
        {
            "sequence": link.sequence,
            "content": link.sealed.hex(),
            "digest": link.digest.hex(),
            "entry": link.content,
        }
        for link in log.links
    ]
    lines += [
        {"statement": as_document(log.statements[0])},
        {"end": {"entries": 3, "last_sequence": 3}},
    ]
    path = tmp_path / "audit.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_an_export_is_verified_with_a_public_key_alone(
    export: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "audit", str(export), "--key", str(key_file)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("3 entries, exported 2026-11-23T14:30:00+00:00")
    assert "signed                  up to place 3, at 2026-11-23T14:25:30Z" in told
    assert told.endswith("Nothing is wrong.\n")


def test_what_is_wrong_is_told_and_written(
    export: Path, key_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export.write_text(export.read_text().replace("played", "deleted"))
    report = tmp_path / "report.json"
    options = ["--key", str(key_file), "--json", str(report)]
    assert main(["verify", "audit", str(export), *options]) == 1
    assert "changed: entry 2, at place 2" in capsys.readouterr().out
    assert json.loads(report.read_text())["findings"][0]["place"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["audit", "{export}"], "--key: names the public key"),
        (["audit", "{export}", "--key", "{export}"], "is not an Ed25519 key"),
        (["audit", "{key}", "--key", "{key}"], "this is no export of the audit log"),
        (["audit", "/nowhere", "--key", "{key}"], "cannot be read"),
        (["audit", "--since", "2026-01-01"], "are about recordings"),
        (["--accept"], "are about the audit log"),
    ],
)
def test_what_cannot_begin_says_why(
    export: Path,
    key_file: Path,
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = [one.format(export=export, key=key_file) for one in arguments]
    assert main(["verify", *asked]) == 2
    assert said in capsys.readouterr().err
