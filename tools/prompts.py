"""Make the sounds that a recorder says (src/callvault/recorder/sounds), in both laws of G.711.

The sentences are spoken by espeak-ng, the tone is that of US recording connectors: 1400 Hz for
0.2 s (47 CFR 64.501). Run from the root: python -m tools.prompts
"""

import io
import subprocess
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callvault.audio.g711 import encode_alaw, encode_ulaw

FOLDER = Path("src/callvault/recorder/sounds")
RATE = 8000
SENTENCES = {
    "en": ("en-gb", "This call is being recorded."),
    "it": ("it", "Questa chiamata viene registrata."),
    "fr": ("fr", "Cet appel est enregistré."),
}
BEEP_HZ, BEEP_S = 1400, 0.2
LOUDEST = 0.35  # of full scale: some -9 dB
_WORDS_A_MINUTE = "150"

Sound = npt.NDArray[np.float64]


def spoken(voice: str, sentence: str) -> Sound:
    """Have a sentence spoken, at 8 kHz."""
    command = ["espeak-ng", "-v", voice, "-s", _WORDS_A_MINUTE, "--stdout", sentence]
    said = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(said)) as file:
        rate = file.getframerate()
        # On a pipe its header names no length: what came is what counts.
        samples = np.frombuffer(said[44:], np.int16).astype(float)
    return at_8_khz(samples / 32768, rate)


def at_8_khz(samples: Sound, rate: int) -> Sound:
    """Take away what telephones do not carry, then interpolate."""
    taps = np.sinc(np.arange(-64, 65) * 2 * 3400 / rate) * np.hamming(129)
    smooth = np.convolve(samples, taps / taps.sum(), mode="same")
    times = np.arange(int(len(smooth) * RATE / rate)) * rate / RATE
    return np.interp(times, np.arange(len(smooth)), smooth)


def beep() -> Sound:
    """Return the tone, without clicks at its ends."""
    times = np.arange(int(BEEP_S * RATE)) / RATE
    edge = np.minimum(1, np.minimum(times, BEEP_S - times) / 0.01)
    return np.sin(2 * np.pi * BEEP_HZ * times) * edge


def write(name: str, sound: Sound, *, loudest: float) -> None:
    """Write a sound in whole packets, in both laws."""
    samples = np.round(sound / np.abs(sound).max() * loudest * 32767).astype(np.int16)
    samples = np.concatenate([samples, np.zeros(-len(samples) % 160, np.int16)])
    (FOLDER / f"{name}.ulaw").write_bytes(encode_ulaw(samples).tobytes())
    (FOLDER / f"{name}.alaw").write_bytes(encode_alaw(samples).tobytes())


def main() -> None:
    """Write all of them."""
    silence = np.zeros(int(0.3 * RATE))
    for name, (voice, sentence) in SENTENCES.items():
        write(name, np.concatenate([silence, spoken(voice, sentence), silence]), loudest=LOUDEST)
    write("beep", beep(), loudest=0.1)


if __name__ == "__main__":
    main()
