"""Speech for simulated calls, made by espeak-ng and kept as files, so that it is made once.

The cache lies in the data folder: one WAV file of 16 bits at 16 kHz for each voice and sentence.
"""

import hashlib
import io
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from callvault.errors import CallvaultError
from callvault.simulator.codecs import Samples
from callvault.simulator.script import Line

RATE_HZ = 16000
TOOL = "espeak-ng"
INSTALL = "apt-get install espeak-ng"
_LOUDNESS = 0.25  # peak of full scale: a telephone voice, far from clipping
_SILENCE = 0.002


class SpeechMissing(CallvaultError):
    """The speech synthesiser is not installed; the message says how to install it."""


class Speech:
    """Lines as sound, at any rate, with their length known beforehand."""

    def __init__(self, cache_folder: Path) -> None:
        self._folder = cache_folder
        tool = shutil.which(TOOL)
        if tool is None:
            raise SpeechMissing(
                f"{TOOL} makes the voices of simulated calls and is not installed: {INSTALL}"
            )
        self._tool = tool
        self._clip = lru_cache(maxsize=512)(self._load)

    def length_ms(self, line: Line) -> int:
        """Return how long a line takes to say."""
        return len(self._clip(line, RATE_HZ)) * 1000 // RATE_HZ

    def clip(self, line: Line, rate_hz: int) -> Samples:
        """Return a line's samples at a rate, 16 bits."""
        return self._clip(line, rate_hz)

    def _load(self, line: Line, rate_hz: int) -> Samples:
        if rate_hz != RATE_HZ:
            return _resample(self._clip(line, RATE_HZ), RATE_HZ, rate_hz)
        path = self._folder / f"{_name_of(line)}.wav"
        if not path.exists():
            self._keep(path, self._say(line))
        samples, _ = soundfile.read(path, dtype="int16")
        return np.asarray(samples, dtype=np.int16)

    def _say(self, line: Line) -> Samples:
        """Run espeak-ng; its WAV on standard output is 22,050 Hz, mono."""
        voice = line.voice
        made = subprocess.run(
            [
                self._tool,
                "--stdout",
                *("-v", voice.name),
                *("-s", str(voice.words_per_minute)),
                *("-p", str(voice.pitch)),
                line.text,
            ],
            check=False,
            capture_output=True,
        )
        if made.returncode != 0:
            reason = made.stderr.decode("utf-8", "replace").strip()
            raise SpeechMissing(f"{TOOL} did not speak with voice {voice.name}: {reason}")
        samples, rate_hz = soundfile.read(io.BytesIO(made.stdout), dtype="float32")
        return _as_telephone(np.asarray(samples, dtype=np.float32), rate_hz)

    def _keep(self, path: Path, samples: Samples) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.part")  # another simulator may say it, too
        soundfile.write(unfinished, samples, RATE_HZ, format="WAV", subtype="PCM_16")
        unfinished.replace(path)


def _as_telephone(samples: NDArray[np.float32], rate_hz: int) -> Samples:
    """Bring speech to one rate and loudness, without the silence around it."""
    loud = np.flatnonzero(np.abs(samples) > _SILENCE)
    if loud.size:
        samples = samples[loud[0] : loud[-1] + 1]
    peak = float(np.max(np.abs(samples), initial=_SILENCE))
    return _resample(np.round(samples * (_LOUDNESS / peak * 32767)), rate_hz, RATE_HZ)


def _resample(samples: NDArray[Any], from_hz: int, to_hz: int) -> Samples:
    return np.asarray(soxr.resample(samples, from_hz, to_hz), dtype=np.int16)


def _name_of(line: Line) -> str:
    voice = line.voice
    key = f"{voice.name}/{voice.words_per_minute}/{voice.pitch}/{_LOUDNESS}/{line.text}"
    return hashlib.sha256(key.encode("utf-8")).hexdigest()[:32]
