"""Two voices that take turns: spoken by espeak-ng, or a hum in the rhythm of speech without it."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from random import Random

import numpy as np
import soundfile
import soxr

from callvault.audio.g711 import Samples

RATE_HZ = 8000
SENTENCES = (
    "Good afternoon, you are through to claims, how can I help you?",
    "Yes, it is about the letter that came on Monday.",
    "Let me look that up. Could you give me the number at the top?",
    "It says eleven, four, two, and then a letter B.",
    "Thank you. I can see it here.",
    "And when will it be settled?",
    "By the end of next week, I would say. You will get a message.",
    "All right. That is very kind, thank you.",
)


def conversation(length_s: int, *, seed: int, quiet: tuple[tuple[int, int], ...] = ()) -> Samples:
    """Return `length_s` of two channels; nobody speaks in the `quiet` spans (seconds)."""
    frames = np.zeros((length_s * RATE_HZ, 2), dtype=np.int16)
    draw = Random(seed)  # noqa: S311 - the same sound each time
    for channel, at, clip in _turns(length_s * RATE_HZ, draw):
        frames[at : at + len(clip), channel] = clip[: len(frames) - at]
    for start_s, end_s in quiet:
        frames[start_s * RATE_HZ : end_s * RATE_HZ] = 0
    return frames


def _turns(length: int, draw: Random) -> Iterator[tuple[int, int, Samples]]:
    at, channel = int(0.8 * RATE_HZ), 0
    while at < length - RATE_HZ:
        clip = _clip(channel, draw.randrange(len(SENTENCES)))
        loudness = draw.uniform(0.55, 1.0) if channel == 0 else draw.uniform(0.3, 0.8)
        yield channel, at, (clip * loudness).astype(np.int16)
        at += len(clip) + int(draw.choice((0.2, 0.4, 0.7, 1.2, 2.8)) * RATE_HZ)
        channel = 1 - channel if draw.random() < 0.8 else channel


@lru_cache(maxsize=32)
def _clip(channel: int, sentence: int) -> Samples:
    if shutil.which("espeak-ng") is None:
        return _hum(channel, sentence)
    voice = ("en-gb+f3", "en-us+m3")[channel]
    command = ["espeak-ng", "-v", voice, "-s", "165", "--stdout", SENTENCES[sentence]]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    samples, rate_hz = soundfile.read(io.BytesIO(spoken), dtype="float32")
    resampled = soxr.resample(samples, rate_hz, RATE_HZ)
    return np.asarray(resampled / max(float(np.abs(resampled).max()), 0.01) * 26000, np.int16)


def _hum(channel: int, sentence: int) -> Samples:
    """Return syllables of a tone: four a second, each as loud as it happens to be."""
    draw = np.random.default_rng(channel * 100 + sentence)
    length = int(draw.uniform(1.5, 4.0) * RATE_HZ)
    moments = np.arange(length) / RATE_HZ
    loudness = np.interp(moments, np.arange(0, 5, 0.125), draw.uniform(0, 1, 40))
    syllables = np.abs(np.sin(2 * np.pi * 2 * moments))
    tone = np.sin(2 * np.pi * (210 - 80 * channel) * moments)
    return np.asarray(tone * syllables * loudness * 24000, np.int16)
