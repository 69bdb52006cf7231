"""Making the sound of a call beforehand, in a process of its own.

Rendering and encoding a minute takes some 100 ms of processor time; in the process that sends,
that would hold up the packets of all other calls.
"""

import multiprocessing
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from callvault.simulator.channels import Pattern
from callvault.simulator.codecs import SAMPLE_RATES_HZ, encode
from callvault.simulator.media import envelope, render
from callvault.simulator.script import CallScript, Speaker
from callvault.simulator.speech import Speech

_NICENESS = 10


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A call's sound, ready to be sent, and its loudness for the comparison afterwards."""

    script: CallScript
    payloads: Mapping[Speaker, bytes]
    patterns: Mapping[Speaker, Pattern]  # a value for each frame of 20 ms


def prepare(script: CallScript, cache_folder: Path) -> PreparedCall:
    """Render and encode both sides of a call."""
    speech = _speech(cache_folder)
    tracks = {side: render(script, side, speech.clip) for side in Speaker}
    rate_hz = SAMPLE_RATES_HZ[script.codec]
    return PreparedCall(
        script=script,
        payloads={side: encode(track, script.codec) for side, track in tracks.items()},
        patterns={
            side: envelope(track, rate_hz).astype(np.float64) for side, track in tracks.items()
        },
    )


@cache
def _speech(cache_folder: Path) -> Speech:
    return Speech(cache_folder)


def new_preparers() -> ProcessPoolExecutor:
    """Return the process that prepares calls; it gives way to those that record."""
    return ProcessPoolExecutor(
        max_workers=1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_give_way,
    )


def _give_way() -> None:
    os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the process that sends
