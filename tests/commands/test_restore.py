"""What `callvault restore` asks again: to put recordings back may take hours."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from callvault.commands import restore
from callvault.portal.backups import node_files, putting_back
from callvault.portal.backups.stricter import Known, Upheld


def test_what_must_not_come_back_is_asked_again_once_the_recordings_are_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    earlier, later = Known(), Known()
    told: list[Any] = []

    def objects(*_: object) -> int:
        told.append("objects")
        return 3

    def database(*_: object, known: Known, **__: object) -> Upheld:
        told.append(known)
        return Upheld(deleted=0, holds=0, is_banned=False, tokens=0)

    for name in ("put_back_certificates", "put_back_secrets", "use_what_opens"):
        monkeypatch.setattr(node_files, name, lambda *_: None)
    monkeypatch.setattr(putting_back, "put_back_objects", objects)
    monkeypatch.setattr(putting_back, "check_place", lambda _: told.append("place"))
    monkeypatch.setattr(putting_back, "ask_present_database", lambda: later)
    monkeypatch.setattr(putting_back, "put_back_database", database)
    monkeypatch.setattr(putting_back, "put_back_head", lambda *_: "")
    file = tmp_path / "one.cvb"
    file.write_bytes(b"")
    manifest = SimpleNamespace(
        with_recordings=True, made_at="", node="", recordings=3, certificates=()
    )
    restore._put_back(
        SimpleNamespace(file=file),  # type: ignore[arg-type]
        SimpleNamespace(manifest=manifest, small={}),  # type: ignore[arg-type]
        {},
        SimpleNamespace(config=SimpleNamespace(vault=SimpleNamespace(folder=tmp_path))),  # type: ignore[arg-type]
        earlier,
        "aside",
    )
    assert told[:2] == ["objects", "place"]
    assert told[2] is later
