"""A recorder that speaks TLS: its first certificate, its trunks by name, renewed files."""

import asyncio
import shutil
import ssl
from pathlib import Path
from uuid import UUID

import pytest

from callvault.config.sections import SipConfig
from callvault.policy.snapshot import Snapshot, Trunk
from callvault.sip.tls_context import TlsFiles
from callvault.spool.entries import NodeEvent, PeerAttempt
from tests.flows.authority import Authority
from tests.flows.recorder_node import (
    ANN as ANN_KELLER,
)
from tests.flows.recorder_node import (
    RunningRecorder,
    Src,
    media_ports,
    send_rtp,
    wait_until,
)
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

CALL = both(sdp(), metadata(ANN, REMOTE))
NAMED = Trunk(
    UUID(int=9),
    "Border",
    (),
    transports=("tls",),
    tls_names=("sbc.example.com",),
    media_networks=("127.0.0.0/8",),
)
SNAPSHOT = Snapshot(revision=1, people=(ANN_KELLER,), trunks=(NAMED,))


def settings(folder: Path, **changes: object) -> SipConfig:
    keys = folder / "keys"
    values: dict[str, object] = {
        "bind_address": "127.0.0.1",
        "port": 0,
        "tls_certificate": keys / "sip-tls.crt",
        "tls_key": keys / "sip-tls.key",
    }
    return SipConfig(**{**values, **changes})  # type: ignore[arg-type]


def events(recorder: RunningRecorder, kind: str) -> list[NodeEvent]:
    found = [one for one in recorder.node_events() if isinstance(one, NodeEvent)]
    return [one for one in found if one.kind == kind]


def shown_certificate(recorder: RunningRecorder) -> str:
    assert recorder.addresses is not None
    assert recorder.addresses.tls is not None
    return ssl.get_server_certificate(recorder.addresses.tls, timeout=10)


def test_a_trunk_with_nothing_but_a_tls_name_records(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    known = authority.issue("sbc", dns=("SBC.example.com",))
    stranger = authority.issue("other", dns=("other.example.com",))
    config = settings(tmp_path, tls_peers_file=authority.file, tls_client_certificate="required")

    async def call(recorder: RunningRecorder) -> None:
        async with Src(recorder, "tls", tls=TlsFiles(known.certificate, known.key)) as src:
            dialog_id, answer = await src.call(CALL, MULTIPART)
            assert answer.status == 200
            send_rtp(media_ports(answer.body), 20)
            await src.hang_up(dialog_id)
        async with Src(recorder, "tls", tls=TlsFiles(stranger.certificate, stranger.key)) as src:
            src.invite(CALL, MULTIPART)
            attempts: list[object] = []
            while not attempts:
                await asyncio.sleep(0.02)
                attempts = [e for e in recorder.node_events() if isinstance(e, PeerAttempt)]

    with RunningRecorder(tmp_path, SNAPSHOT, sip=config) as recorder:
        asyncio.run(asyncio.wait_for(call(recorder), 30))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        [journal] = recorder.journals()
        assert journal.header.trunk is not None
        assert (journal.header.trunk.name, journal.header.transport) == ("Border", "tls")
        assert len(journal.packets) == 40


def test_a_first_certificate_is_made_and_kept(tmp_path: Path) -> None:
    config = settings(tmp_path)
    with RunningRecorder(tmp_path, SNAPSHOT, sip=config) as recorder:
        first = shown_certificate(recorder)
    assert first == config.tls_certificate.read_text()
    assert config.tls_key.stat().st_mode & 0o777 == 0o600
    with RunningRecorder(tmp_path, SNAPSHOT, sip=config) as recorder:
        assert shown_certificate(recorder) == first


def test_renewed_files_are_used_and_broken_ones_are_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    config = settings(tmp_path)
    with RunningRecorder(tmp_path, SNAPSHOT, sip=config) as recorder:
        renewed = authority.issue("renewed")
        shutil.copy(renewed.key, config.tls_key)
        shutil.copy(renewed.certificate, config.tls_certificate)
        wait_until(lambda: shown_certificate(recorder) == renewed.certificate.read_text())
        wait_until(lambda: len(events(recorder, "tls_files_read")) == 1)
        config.tls_certificate.write_text("no certificate")
        wait_until(lambda: len(events(recorder, "tls_files_refused")) == 1)
        [refused] = events(recorder, "tls_files_refused")
        assert refused.severity == "error"
        assert "sip-tls.crt" in refused.values["problem"]
        assert shown_certificate(recorder) == renewed.certificate.read_text()


def test_broken_files_at_the_start_leave_udp_and_tcp_until_they_are_mended(
    tmp_path: Path,
) -> None:
    config = settings(tmp_path)
    good = Authority(tmp_path / "ca").issue("good")
    config.tls_certificate.parent.mkdir()
    shutil.copy(good.certificate, config.tls_certificate)
    with RunningRecorder(tmp_path, SNAPSHOT, sip=config) as recorder:
        assert recorder.addresses is not None
        assert recorder.addresses.tls is None
        wait_until(lambda: len(events(recorder, "tls_files_refused")) == 1)
        shutil.copy(good.key, config.tls_key)
        wait_until(lambda: len(events(recorder, "tls_listens")) == 1)


def test_a_certificate_about_to_expire_is_told_of(tmp_path: Path) -> None:
    config = settings(tmp_path)
    soon = Authority(tmp_path / "ca", days=20).issue("soon")
    config.tls_certificate.parent.mkdir()
    shutil.copy(soon.certificate, config.tls_certificate)
    shutil.copy(soon.key, config.tls_key)
    with RunningRecorder(tmp_path, SNAPSHOT, sip=config) as recorder:
        wait_until(lambda: len(events(recorder, "tls_certificate_expires")) == 1)
        [told] = events(recorder, "tls_certificate_expires")
        assert told.severity == "warning"
