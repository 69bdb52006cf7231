"""Fill the data folder that CALLVAULT_CONFIG names: people, sealed recordings, verdicts, attempts.

Imported after `django.setup()`; `python -m tools.demo_portal` does both.
"""

from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from callvault import __version__
from callvault.audio.g711 import Samples
from callvault.audio.mp3 import Mp3Encoder
from callvault.audio.peaks import PeaksMeter
from callvault.clock import read
from callvault.monitoring.reachability import NodeAddress
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.configuration.models import SystemSettings, Trunk
from callvault.portal.first_start import collect_static_files, prepare_database
from callvault.portal.nodes.reports import Report, TestReport, put_report, put_test
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.notes import add_note
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.recordings.preserving import preserve
from callvault.portal.status import Heartbeat, ProgramBeat, TrunkBeat
from callvault.spool.entries import TrunkRef
from callvault.vault import (
    Certificate,
    KeyKind,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    SealedRecording,
    create_first_certificates,
    make_self_signed,
)
from tools.demo_portal import administered, audited, cast, facts, sound, strained

LEVELS = {cast.SUPERVISOR: Level.GROUP_SUPERVISOR, cast.RECORDED_ONLY: Level.RECORD_ONLY}
MINUTE = 60 * sound.RATE_HZ


def fill(wanted: int, *, is_strained: bool = False) -> None:
    """Make the system, `wanted` recordings, and what stands around them."""
    prepare_database()
    collect_static_files()
    SystemSettings.objects.update(zone="Europe/Rome", country_code="39")
    people = _people((*cast.USERS, strained.LONG_NAMED) if is_strained else cast.USERS)
    trunk = _trunk()
    if is_strained:
        Trunk.objects.create(**strained.TRUNK)
    here = create_first_certificates(_folder("key_folder"), kind=KeyKind.EC).current(Role.ARCHIVE)
    elsewhere = make_self_signed("Callvault archive 1", kind=KeyKind.EC, now=read().utc)[0]
    catalogue = DjangoCatalogue()
    odd = tuple(strained.calls()) if is_strained else ()
    for call in reversed((*_chosen(wanted), *odd)):
        user, user_id = people[call.username]
        sealed = _seal(call, (elsewhere,) if call.remote == cast.LOCKED else here)
        recording = facts.recording_facts(call, user, user_id, trunk, sealed)
        if call in odd:
            recording = strained.strain(call, recording)
        catalogue.add_call(facts.call_facts(call, recording), (recording,))
    for verdict in facts.verdicts(trunk):
        catalogue.add_call(verdict, ())
    for attempt in facts.attempts():
        catalogue.add_attempt(attempt, node=facts.NODE)
    _add_what_people_add()
    administered.fill()
    audited.fill(_folder("key_folder"))


def _add_what_people_add() -> None:
    """Write notes on a call, and preserve it; another is preserved by an administrator."""
    writers = {one.username: _request_of(one) for one in User.objects.all()}
    listed = {one.recording_id: one for one in recordings_in_catalogue()}
    seeded = {call.at: listed.get(facts.recording_id_of(call)) for call in cast.CALLS}
    for username, text, at_ms in cast.NOTES:
        if (recording := seeded[cast.HELD_AT]) is not None:
            add_note(writers[username], recording, text, at_ms=at_ms)
    for username, at in cast.PRESERVED:
        if (recording := seeded[at]) is not None:
            preserve(writers[username], recording)


def _request_of(user: User) -> HttpRequest:
    request = HttpRequest()
    request.user = user
    return request


def _chosen(wanted: int) -> list[cast.DemoCall]:
    """Return the first calls, and always the one that cannot be opened."""
    return [
        call
        for index, call in enumerate(cast.CALLS)
        if index < wanted or call.remote == cast.LOCKED
    ]


def _folder(name: str) -> Path:
    folder = settings.DATA_FOLDER / getattr(settings.CALLVAULT.vault, name)
    assert isinstance(folder, Path)  # noqa: S101 - the settings of Django have no types
    return folder


def _people(users: tuple[cast.DemoUser, ...]) -> dict[str, tuple[cast.DemoUser, UUID]]:
    User.objects.create_user(
        "rita.marsh", cast.PASSWORD, first_name="Rita", last_name="Marsh", level=Level.ADMINISTRATOR
    )
    made = {}
    for user in users:
        row = User.objects.create_user(
            user.username,
            cast.PASSWORD,
            first_name=user.first_name,
            last_name=user.last_name,
            email=f"{user.username}@example.com",
            extension=user.extension,
            alias=f"+1555{user.extension}",
            group=user.group,
            level=LEVELS.get(user.username, Level.BASE),
        )
        made[user.username] = (user, row.public_id)
    return made


def _trunk() -> TrunkRef:
    row = Trunk.objects.create(
        name=facts.TRUNK_NAME,
        peers=["192.0.2.0/28"],
        media_networks=["192.0.2.0/24"],
        transports=["udp", "tcp"],
    )
    Trunk.objects.create(
        name="Branch CUBE",
        peers=["2001:db8:20::/64"],
        tls_names=["cube.branch.example.com"],
        transports=["tls"],
        media_networks=["2001:db8:20::/64"],
        srtp="required",
        digest_user="branch",
        digest_ha1_md5="0" * 32,
        digest_ha1_sha256="0" * 64,
    )
    _node(row)
    return TrunkRef(row.public_id, row.name)


def _node(row: Trunk) -> None:
    """Have a node report just now, tested."""
    now_ns = read().realtime_ns
    beats = {row.name: TrunkBeat(calls=3, heard_at_ns=now_ns)}
    since_ns = now_ns - 9 * 86_400 * 10**9
    beat = Heartbeat(
        at_ns=now_ns,
        calls=3,
        sip="udp/tcp 5060",
        trunks=beats,
        max_calls=1250,
        free_bytes=310 * 10**9,
        total_bytes=480 * 10**9,
        version=__version__,
        since_ns=since_ns,
    )
    program = ProgramBeat(now_ns, since_ns, __version__)
    address = NodeAddress(("192.0.2.200", "2001:db8::200"), True, 5060, 5061, 10000, 32767)  # noqa: FBT003
    report = Report(
        at_ns=now_ns,
        recorder=beat,
        address=address,
        worker=program,
        web=program,
        waiting_journals=4,
        waiting_bytes=18 * 10**6,
        oldest_age_s=42.0,
        vault_free_bytes=1_560 * 10**9,
        vault_total_bytes=4_000 * 10**9,
        clock_offset_ms=3,
        is_clock_synchronised=True,
    )
    put_report(facts.NODE, report)
    put_test(facts.NODE, TestReport(at_ns=now_ns, checks=facts.node_checks()))


def _seal(call: cast.DemoCall, sealed_to: tuple[Certificate, ...]) -> SealedRecording:
    frames = _sound_of(call)
    encoder = Mp3Encoder(samples=len(frames), sample_rate_hz=sound.RATE_HZ, kbit_s=32, quality=9)
    meter = PeaksMeter(samples=len(frames), sample_rate_hz=sound.RATE_HZ)
    store = LocalStore(_folder("folder"))
    sealer = RecordingObjects(store).begin(facts.recording_id_of(call), sealed_to)
    with sealer.create(ObjectKind.AUDIO) as file:
        file.write(encoder.start())
        for at in range(0, len(frames), MINUTE):
            meter.add(frames[at : at + MINUTE])
            file.write(encoder.encode(frames[at : at + MINUTE]))
        file.write(encoder.finish())
    with sealer.create(ObjectKind.PEAKS) as file:
        file.write(meter.to_json())
    with sealer.create(ObjectKind.METADATA) as file:
        file.write(b"INVITE sip:recorder@192.0.2.10 SIP/2.0\r\n\r\n")
    return sealer.finish(b"{}")


def _sound_of(call: cast.DemoCall) -> Samples:
    quiet = (facts.PAUSE_S,) if call.at == cast.HELD_AT else ()
    frames = sound.conversation(call.length_s, seed=int(call.at.replace(":", "")), quiet=quiet)
    if call.flag == "one_way":
        frames[:, 1] = 0
    if call.at == cast.HELD_AT:
        start_s, end_s = facts.HOLD_S
        frames[start_s * sound.RATE_HZ : end_s * sound.RATE_HZ, 0] = 0
    return frames
