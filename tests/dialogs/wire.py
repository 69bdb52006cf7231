"""An SRC's sockets: SIP as text over UDP or TCP, and RTP paced in real time."""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from callvault.simulator.codecs import SAMPLE_RATES_HZ, encode
from tests.dialogs.cast import CAST
from tests.dialogs.state import Line

WITHIN_S = 20.0
TONE_PEAK = 6000


@dataclass
class Message:
    """A SIP message, split as a test needs it."""

    start: str
    headers: list[tuple[str, str]]
    body: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Message":
        """Split a message."""
        head, _, body = raw.partition(b"\r\n\r\n")
        start, *lines = head.decode("utf-8", "replace").split("\r\n")
        headers = [(key.strip().lower(), value.strip())
                   for key, _, value in (line.partition(":") for line in lines)]  # fmt: skip
        return cls(start, headers, body)

    def first(self, name: str) -> str:
        """Return a header's first value, or empty."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for key, value in self.headers if key == name]

    @property
    def status(self) -> int:
        """Status of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0


class SipSocket(asyncio.DatagramProtocol):
    """One SIP flow to the recorder: an inbox of messages, and a way to send."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self.local = ("", 0)
        self._udp: asyncio.DatagramTransport | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, transport: str, host: str, target: tuple[str, int]) -> "SipSocket":
        """Open a flow from `host`."""
        flow = cls()
        if transport == "udp":
            flow._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: flow, local_addr=(host, 0), remote_addr=target
            )
            flow.local = flow._udp.get_extra_info("sockname")
        else:
            reader, flow._writer = await asyncio.open_connection(*target, local_addr=(host, 0))
            flow.local = flow._writer.get_extra_info("sockname")
            flow._reading = asyncio.create_task(flow._read(reader))
        return flow

    def send(self, raw: bytes) -> None:
        """Send a message."""
        if self._udp is not None:
            self._udp.sendto(raw)
        elif self._writer is not None:
            self._writer.write(raw)

    def close(self) -> None:
        """Close the flow at once, as one that crashed."""
        if self._udp is not None:
            self._udp.close()
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take a datagram."""
        if data.strip():
            self.inbox.put_nowait(Message.parse(data))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                length = int(Message.parse(head).first("content-length") or 0)
                body = await reader.readexactly(length)
                self.inbox.put_nowait(Message.parse(head + body))
        except (asyncio.IncompleteReadError, ConnectionError):
            return


@dataclass
class Source:
    """One RTP source: its socket and the counters of its headers."""

    host: str
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    sequence_number: int = field(default_factory=lambda: secrets.randbits(16))
    timestamp: int = field(default_factory=lambda: secrets.randbits(32))
    last_ns: int = 0
    sock: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((self.host, 0))

    @property
    def port(self) -> int:
        """The port that an honest offer names."""
        return int(self.sock.getsockname()[1])

    def skip_silence(self) -> None:
        """Let the timestamp go on with the clock, as a phone does that said nothing."""
        now = time.monotonic_ns()
        if self.last_ns:
            self.timestamp += round((now - self.last_ns) * 8 / 1_000_000)
        self.last_ns = now

    def send(self, target: tuple[str, int], payload: bytes, line: Line) -> None:
        """Send one packet; G.722 counts 8 ticks a millisecond like the others."""
        header = struct.pack(
            "!BBHII",
            0x80,
            line.payload_type,
            self.sequence_number & 0xFFFF,
            self.timestamp & 0xFFFFFFFF,
            self.ssrc,
        )
        self.sock.sendto(header + payload, target)
        self.sequence_number += 1
        self.timestamp += line.ptime * 8
        self.last_ns += line.ptime * 1_000_000


@dataclass(frozen=True)
class Voice:
    """Someone who speaks on a line of a dialog, to one port of the recorder."""

    who: tuple[str, ...]  # several: mixed
    line: Line
    source: Source
    target: tuple[str, int]


async def speak(voices: Iterable[Voice], milliseconds: int) -> None:
    """Send tones for so long, each packet at its time."""
    await asyncio.gather(*(_speak(one, milliseconds) for one in voices))


async def _speak(voice: Voice, milliseconds: int) -> None:
    payload = tone(voice.who, milliseconds, voice.line)
    size = voice.line.ptime * 8
    voice.source.skip_silence()
    start = time.monotonic()
    for number in range(len(payload) // size):
        await asyncio.sleep(start + number * voice.line.ptime / 1000 - time.monotonic())
        voice.source.send(voice.target, payload[number * size : (number + 1) * size], voice.line)
    await asyncio.sleep(start + milliseconds / 1000 - time.monotonic())


def tone(who: tuple[str, ...], milliseconds: int, line: Line) -> bytes:
    """Encode the tones of those who speak."""
    rate_hz = SAMPLE_RATES_HZ[line.encoding]
    at = np.arange(milliseconds * rate_hz // 1000) / rate_hz
    waves = [np.sin(2 * np.pi * CAST[one].tone_hz * at) for one in who]
    samples = (np.sum(waves, axis=0) * TONE_PEAK / len(who)).astype(np.int16)
    return encode(samples, line.encoding)
