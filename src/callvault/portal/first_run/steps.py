"""How far the system has come: each step is read off what is there, nothing is ticked by hand."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from callvault.errors import VaultError
from callvault.portal.certificates import changing
from callvault.portal.configuration.models import Trunk
from callvault.portal.first_start import THIS_MACHINE
from callvault.portal.people.models import User
from callvault.portal.recordings.checks import people_to_record, people_told
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_visible_to
from callvault.vault import Entry, Keyring, Role

from .models import FirstRun
from .names import StepName

TRUNKS_NAMED = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and how it stands."""

    name: StepName
    number: int
    title: str
    told: str
    is_done: bool
    is_skipped: bool

    @property
    def is_behind(self) -> bool:
        """Whether the guide goes on with a later one."""
        return self.is_done or self.is_skipped


def is_open(administrator: User) -> bool:
    """Whether the guide is still offered: nobody ended it, and no call is recorded yet."""
    return FirstRun.load().ended_at is None and first_recording(administrator) is None


def steps(administrator: User) -> list[Step]:
    """Return all steps, as one sees them who sees all recordings."""
    skipped = FirstRun.load().skipped
    found = []
    for number, name in enumerate(StepName, 1):
        title, look = _STEPS[name]
        is_done, told = look(administrator)
        is_skipped = name in skipped and not is_done
        found.append(Step(name, number, title(), told, is_done, is_skipped))
    return found


def next_step(all_steps: list[Step]) -> Step:
    """Return the first that is neither done nor put off; the last if there is none."""
    return next((one for one in all_steps if not one.is_behind), all_steps[-1])


def own_certificate() -> Entry | None:
    """Return the certificate that recordings are sealed to, if somebody else vouches for it."""
    try:
        entries = Keyring.load(changing.key_folder()).entries(Role.ARCHIVE)
    except (VaultError, OSError):
        return None
    own = (one for one in entries if one.is_current and not one.certificate.info.self_signed)
    return next(own, None)


def trunks_of_others() -> list[Trunk]:
    """Return the trunks that let in more than this machine."""
    return [
        one for one in Trunk.objects.all() if set(one.peers) - set(THIS_MACHINE) or one.tls_names
    ]


def first_recording(administrator: User) -> Recording | None:
    """Return the first recording there is."""
    return recordings_visible_to(administrator).order_by("record_number").first()


def _protect(_administrator: User) -> tuple[bool, str]:
    own = own_certificate()
    if own is None:
        return False, _("Self-signed certificate so far")
    return True, _("Own certificate, %(kind)s") % {"kind": own.certificate.info.key_kind}


def _connect(_administrator: User) -> tuple[bool, str]:
    names = [one.name for one in trunks_of_others()]
    if not names:
        return False, _("Waiting for a call")
    return True, ", ".join(names[:TRUNKS_NAMED]) + (" …" if len(names) > TRUNKS_NAMED else "")


def _people(_administrator: User) -> tuple[bool, str]:
    count = people_to_record()
    if not count:
        return False, _("By hand, CSV, directory or Webex")
    return True, people_told(count)


def _call(administrator: User) -> tuple[bool, str]:
    if first_recording(administrator) is None:
        return False, _("Then play it back here")
    return True, _("It is recorded")


Look = Callable[[User], tuple[bool, str]]

_STEPS: dict[StepName, tuple[Callable[[], str], Look]] = {
    StepName.PROTECT: (lambda: _("Protect recordings"), _protect),
    StepName.CONNECT: (lambda: _("Connect the phone system"), _connect),
    StepName.PEOPLE: (lambda: _("Add people"), _people),
    StepName.CALL: (lambda: _("Record a test call"), _call),
}
