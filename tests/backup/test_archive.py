"""The file of a backup: what is written is read, and nothing else is."""

import errno
import os
import subprocess
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.backup import FORMAT, BackupFile, BackupWriter, Manifest, Signed, archive
from callvault.backup.blocks import BLOCK, END, header_of, padding_of, read_header
from callvault.errors import BackupRefused

ABOUT = Manifest(FORMAT, "1.0", "2026-11-27T12:00:00+00:00", "one", "sqlite", ["a.0001"], 2, 1)
SIGNED = Signed("0" * 64, "1" * 128)
LONG = "vault/" + "/".join("3f" * 20 for _ in range(4))


def written(path: Path, members: dict[str, bytes]) -> Path:
    """Write a backup with these members."""
    writer = BackupWriter(path)
    try:
        for name, data in members.items():
            writer.add(name, [data[:3], data[3:]])
        writer.finish(ABOUT, lambda _manifest: SIGNED, before=lambda: None)
    finally:
        writer.close()
    return path


MEMBERS = {
    "settings.toml": b"[node]\n",
    "database.sqlite3": b"x" * 1500,
    "vault/3f/a2/3fa2/audio.mp3": b"sealed",
    LONG: b"",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of four members."""
    return written(tmp_path_factory.mktemp("backup") / "one.cvbackup", MEMBERS)


def test_what_is_written_is_read(whole: Path) -> None:
    with closing(BackupFile(whole)) as backup:
        assert backup.small == {"settings.toml": b"[node]\n"}
        assert b"".join(backup.chunks("database.sqlite3")) == b"x" * 1500
        found = {f"vault/{name}": b"".join(chunks) for name, _size, chunks in backup.objects()}
        assert found == {name: data for name, data in MEMBERS.items() if name.startswith("vault/")}
        assert (backup.manifest.recordings, backup.manifest.vault_objects) == (2, 2)
    assert whole.stat().st_mode & 0o077 == 0


def test_plain_tar_reads_it(whole: Path) -> None:
    listed = subprocess.run(["tar", "-tf", whole], check=True, capture_output=True, text=True)
    assert listed.stdout.split() == ["callvault-backup", *MEMBERS, "manifest.json", "manifest.sig"]


def test_a_file_that_is_there_is_never_replaced(whole: Path, tmp_path: Path) -> None:
    before = whole.read_bytes()
    with pytest.raises(FileExistsError):
        BackupWriter(whole)
    late = BackupWriter(tmp_path / "late.cvbackup")

    def quicker() -> None:
        (tmp_path / "late.cvbackup").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        late.finish(ABOUT, lambda _manifest: SIGNED, before=quicker)
    late.close()
    assert whole.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["late.cvbackup"]


@pytest.mark.parametrize("size", [0, 1, 8**11 - 1, 8**11, 2**40])
def test_a_header_says_name_and_size(size: int) -> None:
    for name in ("manifest.json", LONG):
        assert read_header(header_of(name, size)) == (name, size)


@given(st.data())
def test_a_changed_byte_is_found_wherever_it_is(whole: Path, data: st.DataObject) -> None:
    changed = bytearray(whole.read_bytes())
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    if _is_within_manifest(bytes(changed), at):
        return  # what the signature is over: asked by whoever restores
    refused(whole, bytes(changed))


@given(st.data())
def test_a_file_that_is_cut_or_goes_on_is_refused(whole: Path, data: st.DataObject) -> None:
    good = whole.read_bytes()
    cut = data.draw(st.integers(0, len(good) - 1))
    more = data.draw(st.binary(min_size=1, max_size=2 * BLOCK))
    for bad in (good[:cut], good + more):
        refused(whole, bad)


@given(st.binary(max_size=4 * BLOCK))
def test_anything_else_is_refused(whole: Path, noise: bytes) -> None:
    begin = whole.read_bytes()[: 2 * BLOCK]
    for bad in (noise, begin + noise):
        refused(whole, bad)


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "keys/archive/../../x.crt.pem",
        "keys/archive/.x",
        "vault/../x",
        "a\n",
    ],
)
def test_no_name_leads_out(name: str) -> None:
    with pytest.raises(ValueError, match="member name"):
        header_of(name, 0)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([("keys/archive/a.key.pem", b"")], "no backup does"),
        ([("settings.toml", b"a"), ("settings.toml", b"a")], "not in its place"),
        ([("vault/a", b"a"), ("settings.toml", b"a")], "not in its place"),
        ([("manifest.sig", b"{}")], "not in its place"),
        ([("settings.toml", b"a" * 1_048_577)], "has 1048577 bytes"),
        ([("manifest.json", b"[" * 5000), ("manifest.sig", b"{}")], "cannot be read"),
    ],
)
def test_what_no_backup_holds_is_refused(
    whole: Path, members: list[tuple[str, bytes]], told: str
) -> None:
    begin = whole.read_bytes()[: 2 * BLOCK]
    refused(whole, begin + b"".join(_member(*one) for one in members) + END, told)


def test_what_is_kept_in_memory_is_bounded(whole: Path) -> None:
    begin = whole.read_bytes()[: 2 * BLOCK]
    large = b"".join(_member(f"keys/archive/a{n}.crt.pem", b"x" * 1_048_576) for n in range(33))
    refused(whole, begin + large + END, "too large")


def test_a_newer_form_is_named(whole: Path) -> None:
    newer = _member("callvault-backup", b"callvault-backup-2\n")
    refused(whole, newer + whole.read_bytes()[2 * BLOCK :], "has the form callvault-backup-2")


def test_a_manifest_of_other_members_is_refused(whole: Path) -> None:
    with closing(BackupFile(whole)) as backup:
        other = msgspec.structs.replace(backup.manifest, vault_sha256=sha256(b"").hexdigest())
    manifest = _member("manifest.json", msgspec.json.encode(other))
    begin = whole.read_bytes()
    at = begin.index(header_of("manifest.json", len(msgspec.json.encode(other))))
    signature = _member("manifest.sig", msgspec.json.encode(SIGNED))
    refused(whole, begin[:at] + manifest + signature + END, "not what its manifest says")


def _member(name: str, data: bytes) -> bytes:
    return header_of(name, len(data)) + data + b"\0" * padding_of(len(data))


def _is_within_manifest(data: bytes, at: int) -> bool:
    place = 0
    while place < len(data) - len(END):
        try:
            name, size = read_header(data[place : place + BLOCK])
        except BackupRefused:
            return False
        if name.startswith("manifest.") and place + BLOCK <= at < place + BLOCK + size:
            return True
        place += BLOCK + size + padding_of(size)
    return False


def refused(beside: Path, data: bytes, told: str = "") -> None:
    """The reader refuses these bytes, and by no other error."""
    path = beside.with_name("bad.cvbackup")
    path.write_bytes(data)
    with pytest.raises(BackupRefused) as found:
        BackupFile(path)
    assert told in str(found.value)


@pytest.mark.parametrize("error", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_share_that_knows_no_links_has_the_file_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuses(*_names: object) -> None:
        raise OSError(error, "refused")

    monkeypatch.setattr(os, "link", refuses)
    with closing(BackupFile(written(tmp_path / "one.cvbackup", MEMBERS))) as backup:
        assert backup.manifest.vault_objects == 2
    assert [path.name for path in tmp_path.iterdir()] == ["one.cvbackup"]


def test_a_draft_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / f".one.cvbackup.{os.getpid()}.part").symlink_to(tmp_path / "precious")
    written(tmp_path / "one.cvbackup", MEMBERS)
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_name_that_no_reader_takes_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match=r"a\.b"):
        written(tmp_path / "one.cvbackup", {"keys/archive/a.b.crt.pem": b"x"})
    assert list(tmp_path.iterdir()) == []


def test_small_members_do_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_SMALL_BYTES", 3000)
    many = {f"keys/archive/c{number}.crt.pem": b"x" * 1000 for number in range(4)}
    with pytest.raises(BackupRefused, match="too large"):
        BackupFile(written(tmp_path / "one.cvbackup", many))
