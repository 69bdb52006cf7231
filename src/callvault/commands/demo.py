"""What the simulator asks of this node: its people, its recordings, and their sound.

The simulator knows no Django; it gets these functions. Call `django_ready.set_up` first.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid5

from callvault.config import Config
from callvault.errors import KeyUnavailable
from callvault.policy.decision import Direction
from callvault.policy.snapshot import Person
from callvault.simulator.cast import DemoPerson
from callvault.simulator.channels import Heard, decode
from callvault.simulator.comparison import Found, Listed
from callvault.vault import Keyring, LocalStore, ObjectKind, RecordingObjects

_DEMO = UUID("5f0c1f58-6a3c-4f0e-9d57-5d3f5d0b7c11")
_AT_ONCE = 200


def missing_people(people: Iterable[DemoPerson]) -> tuple[DemoPerson, ...]:
    """Return those whose extension belongs to no active user."""
    from callvault.portal.people.models import User

    taken = set(User.objects.filter(is_active=True).values_list("extension", flat=True))
    return tuple(person for person in people if person.extension not in taken)


def create_people(people: Iterable[DemoPerson]) -> int:
    """Create demo users without sign-in; return the policy's revision with them."""
    from callvault.portal.configuration.models import PolicyRevision
    from callvault.portal.first_start import ensure_demo_people

    ensure_demo_people(
        Person(
            user_id=uuid5(_DEMO, person.username),
            username=person.username,
            full_name=person.full_name,
            extension=person.extension,
            group=person.group,
        )
        for person in people
    )
    return PolicyRevision.current()


def listed(call_ids: Sequence[str]) -> Listed:
    """Return recordings and verdicts of these calls (SIP Call-IDs)."""
    from callvault.portal.decisions.models import Call
    from callvault.portal.recordings.permissions import recordings_in_catalogue

    found: list[Found] = []
    verdicts: dict[str, str] = {}
    for start in range(0, len(call_ids), _AT_ONCE):
        some = call_ids[start : start + _AT_ONCE]
        calls = Call.objects.filter(sip_call_id__in=some)
        verdicts.update(calls.values_list("sip_call_id", "verdict"))
        for row in recordings_in_catalogue().filter(sip_call_id__in=some):
            found.append(
                Found(
                    recording_id=row.recording_id,
                    call_id=row.sip_call_id,
                    owner_name=row.owner_name,
                    owner_extension=row.owner_extension,
                    remote_number=row.remote_number,
                    direction=Direction(row.direction),
                    duration_ms=row.duration_ms,
                )
            )
    return Listed(found, verdicts)


class Archive:
    """Recordings of this node as sound, where it has the private key."""

    def __init__(self, config: Config) -> None:
        self._keyring = Keyring.load(config.vault.key_folder)
        self._objects = RecordingObjects(LocalStore(config.vault.folder))

    def hearing_of(self, recording_id: UUID) -> Heard | None:
        """Open and decode a recording; None without a key for it."""
        try:
            reader = self._objects.open(recording_id, ObjectKind.AUDIO, self._keyring)
        except KeyUnavailable:
            return None
        try:
            return decode(reader.read(0, reader.size))
        finally:
            reader.close()
