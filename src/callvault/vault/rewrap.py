"""Gives recordings to other certificates: the data key is sealed anew, the body stays (DATA-2).

The new envelope is durable and read back before the old ones go, so that at every moment a
certificate opens the recording; a crash leaves both, and the highest number counts.
"""

from collections.abc import Sequence
from uuid import UUID

from callvault.errors import SealBroken
from callvault.vault import envelope
from callvault.vault.certificates import Certificate, CertificateInfo
from callvault.vault.objects import ENVELOPE, folder_of, newest, read_whole
from callvault.vault.store import Store


def rewrap(
    store: Store,
    recording_id: UUID,
    keyring: envelope.PrivateKeys,
    certificates: Sequence[Certificate],
) -> tuple[CertificateInfo, ...]:
    """Seal a recording's key to these certificates alone; return them. Can be repeated.

    Raises ObjectMissing, KeyUnavailable (which certificate would open it now), SealBroken, or
    another VaultError where the store cannot be used now; the recording opens as before then.
    """
    wanted = tuple(one.info for one in certificates)
    folder = folder_of(recording_id)
    leaves = [name.removeprefix(folder) for name in store.list(folder)]
    leaf = newest(leaves, ENVELOPE) or f"{ENVELOPE}1"
    sealed = read_whole(store, folder + leaf)
    if set(envelope.recipients(sealed, object_id=folder + leaf)) != set(wanted):
        key = envelope.open_key(sealed, keyring, object_id=folder + leaf)
        leaf = f"{ENVELOPE}{int(leaf.removeprefix(ENVELOPE)) + 1}"
        _put(store, folder + leaf, envelope.seal_key(key, certificates))
    for other in leaves:
        if other.startswith(ENVELOPE) and other != leaf:
            store.delete(folder + other)
    return wanted


def _put(store: Store, name: str, data: bytes) -> None:
    with store.create(name) as file:
        file.write(data)
    if read_whole(store, name) != data:
        raise SealBroken("the store does not hold what was written", object_id=name)
