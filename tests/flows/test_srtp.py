"""SRTP over real sockets: each suite from the SRC's packets to what finalise reads."""

import asyncio
import base64
import contextlib
import itertools
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import pytest

from callvault.config.sections import SipConfig
from callvault.finalise.reading import Locked, Piece, SourceBatch, read, read_pieces
from callvault.policy.snapshot import SrtpPolicy
from callvault.simulator.sealing import Sealing
from callvault.sip.tls_context import TlsFiles
from callvault.spool import JournalReader, scan
from callvault.spool.entries import MediaKeys, NodeEvent, TimelineEvent
from callvault.srtp import SUITES
from tests.flows.authority import Authority
from tests.flows.recorder_node import (
    LOOPBACK,
    SNAPSHOT,
    RunningRecorder,
    Src,
    media_ports,
    rtp,
    wait_until,
)
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata

pytestmark = [pytest.mark.flow, pytest.mark.timeout(90)]

HEAD = b"v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"


def offer(cryptos: Sequence[str]) -> bytes:
    """Offer a line for each `a=crypto` line; empty: plain RTP."""
    lines = [HEAD]
    for index, crypto in enumerate(cryptos):
        protocol = "RTP/SAVP" if crypto else "RTP/AVP"
        text = f"m=audio {30000 + 2 * index} {protocol} 8\r\na=sendonly\r\na=label:{index + 1}\r\n"
        lines.append((text + (f"{crypto}\r\n" if crypto else "")).encode())
    return b"".join(lines)


def send(ports: Sequence[int], sealings: Sequence[Sealing | None], numbers: range) -> None:
    """Send a packet of each number to each port, sealed where the stream is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in numbers:
            for stream, (port, sealing) in enumerate(zip(ports, sealings, strict=True)):
                packet = rtp(number & 0xFFFF, ssrc=100 + stream)
                wire = sealing.seal(0, packet) if sealing else packet
                sender.sendto(wire, ("127.0.0.1", port))


def new_sealing(suite: str, seed: int) -> Sealing:
    return Sealing(suite, streams=1, rng=Random(seed))


def heard(recorder: RunningRecorder) -> tuple[dict[int, list[bytes]], int]:
    """Read the only journal as finalise does: payloads by stream, and how much does not open."""
    (found,) = [one for one in scan(recorder.spool_folder) if not one.is_node_events]
    payloads: dict[int, list[bytes]] = {}
    locked = 0
    with JournalReader.open(found.path, unwrap=recorder.key_of) as reader:
        for item in read(reader.blocks()):
            if isinstance(item, SourceBatch):
                rows = range(len(item.packets))
                payloads.setdefault(item.key.stream, []).extend(map(item.packets.payload, rows))
            elif isinstance(item, Locked):
                locked += len(item.block.packets)
    return payloads, locked


def recorder_of(folder: Path, transport: str) -> tuple[RunningRecorder, TlsFiles | None]:
    """A recorder and what an SRC shows it; over TLS with a trunk that takes nothing in clear."""
    if transport != "tls":
        return RunningRecorder(folder), None
    shown = Authority(folder / "ca").issue("sbc", dns=("sbc.example.com",))
    required = msgspec.structs.replace(LOOPBACK, transports=("tls",), srtp=SrtpPolicy.REQUIRED)
    snapshot = msgspec.structs.replace(SNAPSHOT, trunks=(required,))
    keys = folder / "keys"
    listening = SipConfig(
        bind_address="127.0.0.1",
        port=0,
        tls_certificate=keys / "sip-tls.crt",
        tls_key=keys / "sip-tls.key",
    )
    files = TlsFiles(shown.certificate, shown.key)
    return RunningRecorder(folder, snapshot, sip=listening), files


@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_every_suite_side_by_side_over_a_roll_over(tmp_path: Path, transport: str) -> None:
    sealings = [new_sealing(suite, seed) for seed, suite in enumerate(SUITES)]
    cryptos = [one.lines[0] for one in sealings]
    recorder, tls = recorder_of(tmp_path, transport)

    async def call() -> None:
        async with Src(recorder, transport, tls=tls) as src:
            body = both(offer(cryptos), metadata(ANN, REMOTE))
            dialog, answer = await src.call(body, MULTIPART)
            assert answer.status == 200
            assert [f"a=crypto:1 {suite} ".encode() in answer.body for suite in SUITES] == (
                [True] * len(SUITES)
            )
            for first in range(65_500, 65_600, 20):
                send(media_ports(answer.body), sealings, range(first, first + 20))
                await asyncio.sleep(0.05)
            await src.hang_up(dialog)

    with recorder:
        asyncio.run(call())
    sent = [bytes([number & 0xFF]) * 160 for number in range(65_500, 65_600)]
    assert heard(recorder) == (dict.fromkeys(range(len(sealings)), sent), 0)
    (journal,) = recorder.journals()
    kinds = [one.kind for one in journal.events if isinstance(one, TimelineEvent)]
    assert ("keys_in_clear" in kinds) == (transport != "tls")


def test_one_line_may_be_plain_rtp_beside_srtp(tmp_path: Path) -> None:
    sealings = [new_sealing("AES_CM_128_HMAC_SHA1_80", 1), None]

    async def call(recorder: RunningRecorder) -> None:
        async with Src(recorder, "tcp") as src:
            body = both(offer([sealings[0].lines[0] if sealings[0] else "", ""]), metadata(ANN))
            dialog, answer = await src.call(body, MULTIPART)
            send(media_ports(answer.body), sealings, range(50))
            await src.hang_up(dialog)

    with RunningRecorder(tmp_path) as recorder:
        asyncio.run(call(recorder))
    sent = [bytes([number]) * 160 for number in range(50)]
    assert heard(recorder) == ({0: sent, 1: sent}, 0)


def test_a_re_invite_brings_new_keys_and_late_packets_still_open(tmp_path: Path) -> None:
    old, new = (new_sealing("AES_CM_128_HMAC_SHA1_80", seed) for seed in (1, 2))

    async def call(recorder: RunningRecorder) -> None:
        async with Src(recorder, "tcp") as src:
            body = both(offer(old.lines), metadata(ANN))
            dialog, answer = await src.call(body, MULTIPART)
            ports = media_ports(answer.body)
            send(ports, [old], range(50))
            src.request(dialog, "INVITE", offer(new.lines), "application/sdp")
            changed = await src.final(dialog)
            assert changed.status == 200
            assert media_ports(changed.body) == ports
            send(ports, [old], range(50, 60))
            send(ports, [new], range(60, 100))
            await src.hang_up(dialog)

    with RunningRecorder(tmp_path) as recorder:
        asyncio.run(call(recorder))
    assert heard(recorder) == ({0: [bytes([number]) * 160 for number in range(100)]}, 0)


def test_keys_are_found_nowhere_but_in_their_entry(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    sealings = [new_sealing("AEAD_AES_256_GCM", seed) for seed in (1, 2)]
    secrets = [one.streams[0].told for one in sealings]

    async def call(recorder: RunningRecorder) -> None:
        async with Src(recorder) as src:
            cryptos = [one.lines[0] for one in sealings]
            dialog, answer = await src.call(both(offer(cryptos), metadata(ANN)), MULTIPART)
            send(media_ports(answer.body), sealings, range(20))
            wait_until(lambda: any(recorder.folder.rglob("*.ckpt")))
            on_disk.append(content_of(recorder.folder))
            await src.hang_up(dialog)
            refused = both(offer([f"{cryptos[0]} KDR=9"]), metadata(ANN))
            _, answer = await src.call(refused, MULTIPART)
            assert answer.status == 488

    on_disk: list[bytes] = []
    with RunningRecorder(tmp_path) as recorder:
        asyncio.run(call(recorder))
    (journal,) = recorder.journals()
    entries = [*journal.events, *recorder.node_events()]
    (keys,) = [one for one in entries if isinstance(one, MediaKeys)]
    assert [one.context.keys[0].secret for one in keys.streams] == secrets
    timeline = [one for one in entries if isinstance(one, TimelineEvent)]
    assert [one.detail for one in timeline if one.kind == "keys_in_clear"] == ["udp"]
    elsewhere = [
        repr([one for one in entries if not isinstance(one, MediaKeys)]),
        caplog.text,
        on_disk[0].decode("latin-1"),
        content_of(recorder.folder).decode("latin-1"),
    ]
    for secret in secrets:
        forms = (base64.b64encode(secret).decode(), secret.hex(), secret.decode("latin-1"))
        assert [form in text for form in forms for text in elsewhere] == [False] * 12


def content_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_wrong_key_raises_an_alarm_within_seconds_and_recording_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    right = new_sealing("AES_CM_128_HMAC_SHA1_80", 1)
    wrong = Sealing("AES_CM_128_HMAC_SHA1_32", streams=1, rng=Random(2), wrong_key=True)

    async def call(recorder: RunningRecorder) -> float:
        async with Src(recorder, "tcp") as src:
            body = both(offer([right.lines[0], wrong.lines[0]]), metadata(ANN, REMOTE))
            dialog, answer = await src.call(body, MULTIPART)
            ports, began = media_ports(answer.body), time.monotonic()
            numbers = itertools.count()
            while not any("its key opens nothing" in text for text in caplog.messages):
                assert time.monotonic() < began + 20
                number = next(numbers)
                send(ports, [right, wrong], range(number, number + 1))
                await asyncio.sleep(0.02)
            took_s = time.monotonic() - began
            send(ports, [right, wrong], range(next(numbers), next(numbers) + 50))
            await src.hang_up(dialog)
        return took_s

    with RunningRecorder(tmp_path) as recorder:
        took_s = asyncio.run(call(recorder))
    assert took_s < 8
    (journal,) = recorder.journals()
    troubles = [
        (one.kind, one.streams)
        for one in journal.events
        if isinstance(one, TimelineEvent) and one.kind.startswith("key_")
    ]
    assert troubles == [("key_wrong", (1,))]
    (event,) = [
        one
        for one in recorder.node_events()
        if isinstance(one, NodeEvent) and one.kind == "srtp_key_wrong"
    ]
    assert (event.severity, event.values["stream"]) == ("error", "1")
    payloads, locked = heard(recorder)
    assert len(payloads[0]) == locked == len(journal.packets) // 2


def test_a_restarted_recorder_goes_on_with_an_srtp_call(tmp_path: Path) -> None:
    sealing = new_sealing("AEAD_AES_128_GCM", 3)
    first = RunningRecorder(tmp_path, keeps_calls=True)
    second = RunningRecorder(tmp_path, _keys=first._keys)

    async def call() -> None:
        async with Src(first) as src:
            dialog, answer = await src.call(both(offer(sealing.lines), metadata(ANN)), MULTIPART)
            ports = media_ports(answer.body)
            send(ports, [sealing], range(65_530, 65_540))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(restart)
            send(ports, [sealing], range(65_540, 65_560))
            await src.hang_up(dialog)

    def restart() -> None:
        assert first.addresses is not None
        second.port = first.addresses.udp[1]
        first.stop()
        second.__enter__()

    with first:
        asyncio.run(call())
    second.stop()
    paths = [one.path for one in scan(first.spool_folder) if not one.is_node_events]
    with contextlib.ExitStack() as stack:
        readers = [
            stack.enter_context(JournalReader.open(path, unwrap=first.key_of)) for path in paths
        ]
        readers.sort(key=lambda one: one.header.opened_at_ns)
        pieces = [Piece(one.header.opened_at_ns, one.blocks()) for one in readers]
        batches = [one.packets for one in read_pieces(pieces) if isinstance(one, SourceBatch)]
    payloads = [batch.payload(row) for batch in batches for row in range(len(batch))]
    assert len(pieces) == 2
    assert payloads == [bytes([number & 0xFF]) * 160 for number in range(65_530, 65_560)]
