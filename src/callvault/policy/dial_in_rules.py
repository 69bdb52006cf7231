"""How calls to dial-in numbers are led and ended, beside what is said in them (CAP-3)."""

import msgspec

from callvault.policy.keypad import Keypad

SHORTEST_SILENCE_S, LONGEST_SILENCE_S = 10, 3600
LONGEST_WITHOUT_SPEECH_MIN = 240


class DialInRules(msgspec.Struct, frozen=True):
    """Of calls to dial-in numbers, those of automated dial-in too."""

    keypad: Keypad = Keypad()
    silence_s: int = 0  # without a packet of audio they end; 0: as all calls do
    without_speech_min: int = 0  # nobody speaks any more: they end; 0: never
