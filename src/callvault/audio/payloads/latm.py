"""AAC in LATM (MP4A-LATM, RFC 6416; ISO/IEC 14496-3, section 1.7).

Either the configuration is in each payload (cpresent=1, the default): then the payload is wrapped
in the sync layer that decoders read. Or it is in the fmtp line: then frames are taken out.
"""

from dataclasses import dataclass

from callvault.audio.payloads.frames import Frame

_SYNC = 0x2B7  # of the AudioSyncStream, 11 bits, then 13 bits of length
_LONGEST = (1 << 13) - 1
_CONFIG_BITS = 15  # of a StreamMuxConfig before the AudioSpecificConfig of its only layer
_LONGEST_CONFIG = 256  # bytes


@dataclass(frozen=True, slots=True)
class LatmPacking:
    """How a sender packs its frames."""

    config: bytes = b""  # AudioSpecificConfig; empty: in the payloads
    frames: int = 1  # in each payload, where the configuration is known

    @classmethod
    def of(cls, parameters: dict[str, str]) -> "LatmPacking | None":
        """Return the packing of an fmtp line; None for one that is not read here."""
        if parameters.get("cpresent", "1") != "0":
            return cls()
        try:
            config = bytes.fromhex(parameters.get("config", ""))
        except ValueError:
            return None
        if not 2 < len(config) <= _LONGEST_CONFIG:
            return None
        bits, total = int.from_bytes(config, "big"), len(config) * 8
        head = bits >> total - _CONFIG_BITS
        # Version 0, all streams framed alike, one program, one layer; else nobody we know.
        if head >> 14 or not head >> 13 & 1 or head & 0x7F:
            return None
        rest = total - _CONFIG_BITS
        specific = (bits & (1 << rest) - 1) << 7  # to whole bytes: 15 bits are 2 bytes less one
        return cls(specific.to_bytes((rest + 7) // 8, "big"), (head >> 7 & 0x3F) + 1)

    def split(self, payload: bytes) -> list[Frame]:
        """Return what the decoder takes."""
        if self.config:
            return self._frames(payload)
        if not 0 < len(payload) <= _LONGEST:
            raise ValueError(f"{len(payload)} bytes are no LATM element")
        return [Frame((_SYNC << 13 | len(payload)).to_bytes(3, "big") + payload, 0)]

    def _frames(self, payload: bytes) -> list[Frame]:
        """Read length and frame, as often as was announced; lengths go on while they are 255."""
        frames, at = [], 0
        for _ in range(self.frames):
            size = 0
            while at < len(payload) and payload[at] == 0xFF:
                size, at = size + 255, at + 1
            if at >= len(payload) or at + 1 + size + payload[at] > len(payload):
                raise ValueError("an AAC frame is cut")
            size += payload[at]
            frames.append(Frame(payload[at + 1 : at + 1 + size], 0))
            at += 1 + size
        return frames
