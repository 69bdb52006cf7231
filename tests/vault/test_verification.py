"""What is lost, changed, cut, swapped or left over in the vault is found; what is whole is not."""

from collections.abc import Callable, Iterable
from uuid import UUID

import pytest

from callvault.errors import VaultError
from callvault.vault import Finding, Listed, ObjectKind, RecordingObjects, Verification
from callvault.vault.findings import MAX_FINDINGS, Found, Report
from callvault.vault.objects import folder_of, name_of
from tests.vault.fakes import KeyPair, Keys, MemoryStore
from tests.vault.test_objects import ID, OTHER_ID, seal

AUDIO_NAME = name_of(ID, ObjectKind.AUDIO)


class Vault:
    """A store with recordings, and a catalogue that lists them."""

    def __init__(self, pair: KeyPair) -> None:
        self.pair = pair
        self.store = MemoryStore()
        self.listed: dict[UUID, Listed] = {}
        self.speaks_of: Callable[[bytes], UUID] = lambda _: ID

    def seal(self, recording_id: UUID = ID, *, listed: bool = True) -> None:
        sealed = seal(RecordingObjects(self.store), self.pair, recording_id=recording_id)
        certificates = tuple(one.fingerprint for one in sealed.certificates)
        if listed:
            self.listed[recording_id] = Listed(recording_id, sealed.objects, certificates)

    def still_listed(self, asked: Iterable[UUID]) -> set[UUID]:
        return set(asked) & set(self.listed)

    def verify(self, *pairs: KeyPair) -> Report:
        verification = Verification(self.store, Keys(*pairs), self.still_listed, self.speaks_of)
        for one in list(self.listed.values()):
            verification.check(one)
        for _ in verification.check_orphans():
            pass
        verification.settle_suspects()
        return verification.report

    def findings(self, *pairs: KeyPair) -> list[tuple[Finding, str]]:
        return [(one.finding, one.name) for one in self.verify(*pairs or (self.pair,)).findings]


@pytest.fixture
def vault(ec_pair: KeyPair) -> Vault:
    vault = Vault(ec_pair)
    vault.seal()
    return vault


def test_a_recording_that_is_whole_is_opened_to_its_last_segment(vault: Vault) -> None:
    report = vault.verify(vault.pair)
    assert (report.recordings, report.objects, report.opened, report.folders) == (1, 2, 1, 1)
    assert report.size_bytes == 256_005
    assert (report.wrong, report.findings) == (0, [])


def test_without_a_private_key_digests_are_checked_and_the_certificate_is_named(
    vault: Vault, other_ec_pair: KeyPair
) -> None:
    report = vault.verify(other_ec_pair)
    assert report.wrong == report.opened == 0
    assert dict(report.locked) == {str(vault.pair.certificate.info): 1}
    vault.store.objects[AUDIO_NAME] = b"other"
    assert vault.findings(other_ec_pair) == [(Finding.CHANGED, AUDIO_NAME)]


@pytest.mark.parametrize("at", [0, 45, 65_540, -1])
def test_one_changed_byte_of_an_object_is_found(vault: Vault, at: int) -> None:
    data = bytearray(vault.store.objects[AUDIO_NAME])
    data[at] ^= 1
    vault.store.objects[AUDIO_NAME] = bytes(data)
    assert vault.findings() == [(Finding.CHANGED, AUDIO_NAME)]


def test_an_object_that_is_cut_is_found(vault: Vault) -> None:
    vault.store.objects[AUDIO_NAME] = vault.store.objects[AUDIO_NAME][:-1]
    assert vault.findings() == [(Finding.CHANGED, AUDIO_NAME)]


def test_a_seal_that_does_not_open_is_found_though_the_row_was_made_to_agree(
    vault: Vault,
) -> None:
    data = bytearray(vault.store.objects[AUDIO_NAME])
    data[70_000] ^= 1
    vault.store.objects[AUDIO_NAME] = bytes(data)
    described = RecordingObjects(vault.store).stored(ID)
    assert described is not None
    vault.listed[ID] = Listed(ID, described.objects, vault.listed[ID].certificates)
    assert vault.findings() == [(Finding.SEAL, folder_of(ID))]


@pytest.mark.parametrize("leaf", ["audio.mp3", "envelope.1", "sidecar.1"])
def test_what_is_gone_is_named(vault: Vault, leaf: str) -> None:
    del vault.store.objects[folder_of(ID) + leaf]
    named = folder_of(ID) + leaf.removesuffix(".1")
    assert vault.findings()[0] == (Finding.MISSING, named)


def test_a_row_without_any_object_is_found(vault: Vault) -> None:
    vault.store.objects.clear()
    assert {finding for finding, _ in vault.findings()} == {Finding.MISSING}


def test_a_recording_deleted_while_it_was_looked_at_is_nothing_wrong(vault: Vault) -> None:
    verification = Verification(vault.store, Keys(vault.pair), lambda _: set(), vault.speaks_of)
    vault.store.objects.clear()
    verification.check(vault.listed[ID])
    assert (verification.report.recordings, verification.report.findings) == (0, [])


def test_an_envelope_that_is_none_or_for_others_is_found(
    vault: Vault, other_ec_pair: KeyPair
) -> None:
    name = folder_of(ID) + "envelope.1"
    other = Vault(other_ec_pair)
    other.seal()
    vault.store.objects[name], kept = other.store.objects[name], vault.store.objects[name]
    assert vault.findings() == [(Finding.ENVELOPE, folder_of(ID) + "envelope")]
    vault.store.objects[name] = kept[:40]
    assert vault.findings() == [(Finding.ENVELOPE, folder_of(ID) + "envelope")]


def test_a_sidecar_of_another_recording_or_of_no_form_is_found(vault: Vault) -> None:
    vault.speaks_of = lambda _: OTHER_ID
    assert vault.findings() == [(Finding.SIDECAR, folder_of(ID) + "sidecar")]
    vault.speaks_of = lambda data: UUID(data.decode())
    assert vault.findings() == [(Finding.SIDECAR, folder_of(ID) + "sidecar")]


def test_an_object_beside_a_recording_is_found(vault: Vault) -> None:
    vault.store.objects[folder_of(ID) + "raw"] = b"x"
    assert vault.findings() == [(Finding.UNLISTED_OBJECT, folder_of(ID) + "raw")]


def test_a_recording_in_no_row_is_found(vault: Vault) -> None:
    vault.seal(OTHER_ID, listed=False)
    assert vault.findings() == [(Finding.UNLISTED_RECORDING, folder_of(OTHER_ID)[:-1])]


def test_a_recording_listed_after_the_first_look_is_nothing_wrong(vault: Vault) -> None:
    vault.seal(OTHER_ID, listed=False)
    verification = Verification(vault.store, Keys(vault.pair), vault.still_listed, vault.speaks_of)
    assert list(verification.check_orphans()) == [2]
    assert set(verification.suspects) == {OTHER_ID}
    vault.listed[OTHER_ID] = vault.listed[ID]
    verification.settle_suspects()
    assert verification.report.findings == []


def test_what_was_begun_and_what_is_not_ours_is_said_and_is_nothing_wrong(vault: Vault) -> None:
    vault.store.objects[folder_of(OTHER_ID) + "envelope.1"] = b"x"
    vault.store.objects["probe/0011"] = b"x"
    report = vault.verify(vault.pair)
    assert report.counts == {Finding.UNFINISHED: 1, Finding.STRANGE: 1}
    assert report.wrong == 0


def test_a_store_that_cannot_be_read_is_no_proof_of_a_change(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str) -> None:
        raise VaultError("the share is away")

    monkeypatch.setattr(vault.store, "open", away)
    assert {finding for finding, _ in vault.findings()} == {Finding.UNREADABLE}


def test_findings_are_kept_up_to_a_bound_and_counted_beyond() -> None:
    report = Report()
    for number in range(MAX_FINDINGS + 5):
        report.add(Found(Finding.MISSING, str(number), "gone"))
    assert (len(report.findings), report.wrong) == (MAX_FINDINGS, MAX_FINDINGS + 5)
