"""The live side: answers recording sessions, journals them, ends them; never waits for anything.

`run_recorder` is the program. A `RecordingSession` is pure; `dialog`, `service` and `run` join it
to SIP, capture and the clock.
"""

from callvault.recorder.files import HEARTBEAT_FILE, SNAPSHOT_FILE
from callvault.recorder.run import Addresses, run_recorder

__all__ = ["HEARTBEAT_FILE", "SNAPSHOT_FILE", "Addresses", "run_recorder"]
