"""Checks one recording in the store against what the catalogue lists of it.

First what needs no key: digests, what else lies there, the envelope. Then, where a private key is
at hand, each segment of each seal, and the sidecar.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from callvault.errors import KeyUnavailable, ObjectMissing, VaultError
from callvault.vault.envelope import PrivateKeys
from callvault.vault.findings import Finding, Found, Listed
from callvault.vault.objects import RecordingObjects, SealedObject, folder_of, name_of
from callvault.vault.store import Store


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one recording."""

    found: tuple[Found, ...]
    is_opened: bool = False  # every seal of it opened
    locked_to: str = ""  # certificates, none of whose private keys is here


class RecordingCheck:
    """One recording being checked."""

    def __init__(self, store: Store, listed: Listed) -> None:
        """Compare `listed` with `store`."""
        self._store = store
        self._objects = RecordingObjects(store)
        self._listed = listed
        self._id = listed.recording_id
        self._folder = folder_of(self._id)

    def run(self, keyring: PrivateKeys, speaks_of: Callable[[bytes], UUID]) -> Checked:
        """Check all of it; `speaks_of` reads from a sidecar whose it is, or raises ValueError."""
        try:
            found = (*self._object_problems(), *self._company(), *self._envelope_problems())
            if found:  # what is changed does not open: that would be said twice
                return Checked(found)
            self._open_seals(keyring)
            found = tuple(self._sidecar_problems(keyring, speaks_of))
            return Checked(found, is_opened=not found)
        except KeyUnavailable as error:
            return Checked((), locked_to=" or ".join(map(str, error.certificates)))
        except VaultError as error:
            return Checked((self._of_error(Finding.SEAL, self._folder, error),))
        except OSError as error:
            problem = (error.strerror or type(error).__name__).lower()
            return Checked((Found(Finding.UNREADABLE, self._folder, problem, self._id),))

    def _object_problems(self) -> Iterator[Found]:
        for one in self._listed.objects:
            try:
                self._objects.verify(self._id, [one])
            except ObjectMissing:
                yield self._found(Finding.MISSING, self._name(one), "listed, but not in the store")
            except VaultError as error:
                yield self._of_error(Finding.CHANGED, self._name(one), error)

    def _company(self) -> Iterator[Found]:
        """Yield what lies beside the objects listed that should not, or does not that should."""
        listed = {self._name(one) for one in self._listed.objects}
        beside = set(self._store.list(self._folder)) - listed
        sidecars = {name for name in beside if name.startswith(self._folder + "sidecar.")}
        envelopes = {name for name in beside if name.startswith(self._folder + "envelope.")}
        if not sidecars:
            yield self._found(Finding.MISSING, self._folder + "sidecar", "there is no sidecar")
        for name in sorted(beside - sidecars - envelopes):
            problem = "lies beside the recording, but is not listed with it"
            yield self._found(Finding.UNLISTED_OBJECT, name, problem)

    def _envelope_problems(self) -> Iterator[Found]:
        name = self._folder + "envelope"
        try:
            carried = {one.fingerprint for one in self._objects.certificates(self._id)}
        except ObjectMissing:
            problem = "there is no envelope: nobody can open the recording"
            yield self._found(Finding.MISSING, name, problem)
        except VaultError as error:
            yield self._of_error(Finding.ENVELOPE, name, error)
        else:
            if carried != set(self._listed.certificates):
                problem = "is for other certificates than are listed"
                yield self._found(Finding.ENVELOPE, name, problem)

    def _open_seals(self, keyring: PrivateKeys) -> None:
        """Open every segment. Raises VaultError, KeyUnavailable among them."""
        for one in self._listed.objects:
            with self._objects.open(self._id, one.kind, keyring) as reader:
                for _ in reader.chunks():
                    pass

    def _sidecar_problems(
        self, keyring: PrivateKeys, speaks_of: Callable[[bytes], UUID]
    ) -> Iterator[Found]:
        name = self._folder + "sidecar"
        try:
            whose = speaks_of(self._objects.read_sidecar(self._id, keyring))
        except VaultError as error:
            yield self._of_error(Finding.SIDECAR, name, error)
        except ValueError:
            yield self._found(Finding.SIDECAR, name, "is no sidecar of this version")
        else:
            if whose != self._id:
                yield self._found(Finding.SIDECAR, name, f"speaks of the recording {whose}")

    def _name(self, sealed: SealedObject) -> str:
        return name_of(self._id, sealed.kind)

    def _found(self, finding: Finding, name: str, problem: str) -> Found:
        return Found(finding, name, problem, self._id)

    def _of_error(self, finding: Finding, name: str, error: VaultError) -> Found:
        """Return a finding; of an error that may pass, that the store could not be read."""
        return self._found(finding if error.permanent else Finding.UNREADABLE, name, str(error))
