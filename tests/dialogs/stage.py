"""A recorder, a worker and a catalogue, at which all dialog files are played side by side."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from callvault.config.sections import CaptureConfig, FinaliseConfig, SipConfig
from callvault.finalise.benches import Benches
from callvault.finalise.catalogue import CallFacts, RecordingFacts
from callvault.finalise.journal import Workbench
from callvault.finalise.worker import Worker
from callvault.simulator.channels import Heard, decode
from callvault.vault import (
    KeyKind,
    Keyring,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    create_first_certificates,
)
from tests.dialogs.cast import SNAPSHOT
from tests.dialogs.player import Played, Player
from tests.dialogs.script import Script
from tests.finalise.bench import FakeCatalogue
from tests.flows.recorder_node import RunningRecorder

AT_ONCE = 10
"""Dialog files played at a time: as many as one core can pace."""
APART_S = 0.06
"""Between the first calls, so that neither side is late with a moment that is measured."""
FINISHED_WITHIN_S = 60.0


@dataclass
class Outcome:
    """What became of one dialog file."""

    script: Script
    played: Played | None = None
    failure: str = ""
    calls: dict[str, CallFacts] = field(default_factory=dict)  # by dialog
    recordings: dict[str, list[RecordingFacts]] = field(default_factory=dict)  # by dialog


@dataclass
class Stage:
    """A folder with a recorder's spool, keys and a vault; `play` fills the outcomes."""

    folder: Path
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    keyring: Keyring = field(init=False)
    objects: RecordingObjects = field(init=False)

    def __post_init__(self) -> None:
        self.keyring = create_first_certificates(self.folder / "archive", kind=KeyKind.EC)
        self.objects = RecordingObjects(LocalStore(self.folder / "vault"))

    def play(self, scripts: Sequence[Script]) -> None:
        """Play all of them, finish what the recorder wrote, and sort it by dialog file."""
        self.outcomes = {one.name: Outcome(one) for one in scripts}
        recorder = RunningRecorder(
            self.folder,
            SNAPSHOT,
            capture=CaptureConfig(
                bind_address="127.0.0.1", sweep_ms=20, socket_buffer_bytes=131_072
            ),
            sip=SipConfig(
                bind_address="127.0.0.1",
                port=0,
                tls=False,
                media_timeout_s=2,
                min_session_expires_s=2,  # no file can wait for the 90 s that are the least
            ),
        )
        with recorder:
            asyncio.run(self._play_all(recorder))
            self._finish(recorder)

    async def _play_all(self, recorder: RunningRecorder) -> None:
        assert recorder.addresses is not None
        places = asyncio.Semaphore(AT_ONCE)
        targets = {"udp": recorder.addresses.udp, "tcp": recorder.addresses.tcp}

        async def play(number: int, outcome: Outcome) -> None:
            target = targets[outcome.script.heads.get("transport", "tcp")]
            await asyncio.sleep(min(number, AT_ONCE) * APART_S)
            async with places:
                player = Player(outcome.script, target, f"run{number:03}")
                outcome.played = player.played
                try:
                    await player.play()
                except Exception as error:  # one file that fails must not end the others
                    outcome.failure = str(error) or repr(error)

        await asyncio.gather(*(play(*one) for one in enumerate(self.outcomes.values())))

    def _finish(self, recorder: RunningRecorder) -> None:
        """Let a worker finish all journals, and sort what it hands over."""
        listing = FakeCatalogue()
        certificates = self.keyring.current(Role.ARCHIVE)
        bench = Workbench(self.objects, certificates, recorder.key_of, FinaliseConfig())
        worker = Worker(recorder.spool_folder, "node-1", listing, bench, Benches(bench, 1))
        deadline = time.monotonic() + FINISHED_WITHIN_S
        wanted = {
            call_id: (outcome, dialog)
            for outcome in self.outcomes.values()
            if outcome.played is not None
            for dialog, call_id in outcome.played.call_ids.items()
            if dialog in outcome.played.answered_ns
        }
        while len(listing.calls) < len(wanted) and time.monotonic() < deadline:
            worker.run_once(now_s=time.monotonic())
            time.sleep(0.05)
        worker.close()
        for call in listing.calls.values():
            outcome, dialog = wanted[call.call_id]
            outcome.calls[dialog] = call
        for facts in sorted(listing.recordings.values(), key=lambda one: one.started_at_ns):
            outcome, dialog = wanted[facts.call_id]
            outcome.recordings.setdefault(dialog, []).append(facts)

    def sound(self, recording_id: UUID) -> Heard:
        """Return a recording's audio."""
        with self.objects.open(recording_id, ObjectKind.AUDIO, self.keyring) as reader:
            return decode(reader.read(0, reader.size))
