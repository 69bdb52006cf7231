"""Deeds that were kept on disk while the database was away."""

from pathlib import Path

import pytest

from callvault.portal.audit import late
from callvault.portal.audit.models import Action, AuditEntry


def test_what_was_kept_is_written_once_and_marked_as_late(db: None, tmp_path: Path) -> None:
    file = late.keep(tmp_path, Action.RECOVERY_ENDED, kind="journals", recordings=3, stopped="away")
    assert file.stat().st_mode & 0o077 == 0
    assert (late.write_kept(tmp_path), late.write_kept(tmp_path)) == (1, 0)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_kind) == (Action.RECOVERY_ENDED, "journals")
    told = {"recordings": 3, "stopped": "away", "late": True, "command_line": True}
    assert told.items() <= entry.detail.items()
    assert entry.detail["ended_at"].endswith("Z")
    assert entry.actor_name


@pytest.mark.parametrize("content", [b"", b"{}", b'{"action": "x"}', b"\xff" * 100_000])
def test_a_file_that_is_no_deed_is_put_aside(db: None, tmp_path: Path, content: bytes) -> None:
    (tmp_path / late.FOLDER).mkdir()
    (tmp_path / late.FOLDER / "1.json").write_bytes(content)
    assert (late.write_kept(tmp_path), AuditEntry.objects.count()) == (0, 0)
    assert [one.name for one in (tmp_path / late.FOLDER).iterdir()] == ["1.broken"]


def test_a_node_without_late_deeds_has_none_to_write(db: None, tmp_path: Path) -> None:
    assert late.write_kept(tmp_path) == 0
