"""Checkpoints: what goes in comes out, and nothing that was touched does."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault import sip
from callvault.clock import Instant
from callvault.errors import SpoolError
from callvault.recorder.actions import MediaChecked, OpenJournal, PauseRequested, ReopenStreams
from callvault.recorder.checkpoint import (
    MAX_BYTES,
    VERSION,
    Checkpoint,
    CheckpointDamaged,
    encode,
    seal,
    unseal,
)
from callvault.recorder.checkpoint_files import CheckpointFiles
from callvault.recorder.memory import SessionMemory, begun_anew
from callvault.recorder.resumption import go_on_with_calls
from callvault.recorder.said import Said
from callvault.recorder.session import RecordingSession
from callvault.recorder.states import State
from callvault.siprec import Correlation
from callvault.spool import checkpoint_path, continuation_of, journal_path
from callvault.spool.entries import DialogEnded, JournalHeader, StreamsChanged, TimelineEvent
from callvault.vault import node_key
from tests.recorder.bench import DIALOG, Bench, established
from tests.recorder.bodies import ANN, METADATA, REMOTE, metadata, sdp

JOURNAL = UUID(int=1)
KEY = bytes(range(32))
SAVED = sip.SavedDialog(
    call_id="c1",
    local="<sip:srs@192.0.2.200>;tag=us",
    remote="<sip:pbx@192.0.2.14>;tag=them",
    local_tag="us",
    remote_tag="them",
    transport="udp",
    local_address=("192.0.2.200", 5060),
    remote_address=("192.0.2.14", 5060),
    peer_names=("sbc.example.com",),
    contact="<sip:192.0.2.200>",
    remote_target="sip:192.0.2.14",
    route_set=(),
    remote_cseq=1,
    local_cseq=0,
    peer_allows=("BYE",),
    session_id="",
    peer_session_id="",
    local_sdp=b"v=0",
    session_timer=None,
)


def now(bench: Bench) -> Instant:
    return Instant(bench.at_ns, int((100 + bench.now_s) * 1e9))


def checkpoint(bench: Bench) -> Checkpoint:
    memory = bench.session.memory(now(bench))
    assert memory is not None
    return Checkpoint(JOURNAL, SAVED, memory)


def payload_of(one: Checkpoint) -> bytes:
    payload = encode(one)
    assert payload is not None
    return payload


def sealed(bench: Bench) -> bytes:
    return seal(payload_of(checkpoint(bench)), JOURNAL, KEY)


def gone_on(bench: Bench, *, after_s: float = 3.0) -> Bench:
    """Another bench whose session goes on with the call of this one, by way of bytes."""
    found = unseal(sealed(bench), JOURNAL, KEY)
    later = Bench(now_s=bench.now_s + after_s)
    later.session = RecordingSession(later.session._setting)
    header = JournalHeader(
        continuation_of(JOURNAL), "dialog", "node-1", later.at_ns, continues=JOURNAL
    )
    later.actions = later.session.go_on(found.session, header, DIALOG, now=now(later))
    return later


def test_a_checkpoint_comes_back_as_it_was() -> None:
    bench = established()
    assert unseal(sealed(bench), JOURNAL, KEY) == checkpoint(bench)


def test_a_call_that_is_not_answered_or_over_has_no_memory() -> None:
    bench = Bench()
    assert bench.session.memory(now(bench)) is None
    bench = established()
    bench.bye()
    assert bench.session.memory(now(bench)) is None


def test_a_session_goes_on_with_its_ports_its_decision_and_its_ids() -> None:
    before = established()
    after = gone_on(before)
    assert after.session.state is State.ESTABLISHED
    opened, ports = after.actions[:2]
    assert isinstance(opened, OpenJournal)
    assert (opened.captures, opened.header.continues) == (True, JOURNAL)
    assert isinstance(ports, ReopenStreams)
    assert list(ports.ports.values()) == [40000, 40002]
    assert after.decision == before.decision
    after.bye()
    assert after.decision.assignments == before.decision.assignments
    assert after.entries(DialogEnded)[0].reason == "bye"


def test_the_answer_to_a_reinvite_after_the_restart_counts_on() -> None:
    before = established()
    before.reinvite(sdp("inactive", "inactive"))
    after = gone_on(before)
    after.reinvite(sdp())
    assert b"m=audio 40000 " in after.response.body
    assert [one[0] for one in after.timeline()] == ["answered", "resumed"]
    origins = [one.response.body.split()[2:4] for one in (before, after)]
    assert origins[0][0] == origins[1][0]
    assert int(origins[1][1]) == int(origins[0][1]) + 1


def test_what_is_paused_stays_paused_before_any_port_is_bound() -> None:
    before = established()
    before.feed(PauseRequested("Ann Keller"))
    after = gone_on(before)
    opened = after.actions[0]
    assert isinstance(opened, OpenJournal)
    assert not opened.captures
    assert after.session.capturing.is_paused
    assert after.session.capturing.asked == before.session.capturing.asked is not None


def test_the_answer_to_an_offer_of_ours_is_taken_after_the_restart() -> None:
    before = Bench()
    before.invite(metadata(ANN, REMOTE), METADATA)
    after = gone_on(before)
    after.ack(sdp())
    streams = after.entries(StreamsChanged)[-1].streams
    assert [one.offered for one in streams] == ["sendonly", "sendonly"]
    after.ack(sdp("inactive", "inactive"))  # one that is repeated answers nothing any more
    assert after.entries(StreamsChanged)[-1].streams == streams


@pytest.mark.parametrize(
    ("said", "ids", "kept"),
    [
        (600_000, 0, (True, True, True)),
        (1_200_000, 0, (False, True, True)),
        (1_200_000, 1_200_000, (False, False, False)),
    ],
)
def test_what_is_too_large_is_cut_the_least_needed_first(
    said: int, ids: int, kept: tuple[bool, bool, bool]
) -> None:
    plain = checkpoint(established())
    parties = replace(plain.session.parties, of_sessions={"a" * ids: Correlation()})
    memory = msgspec.structs.replace(
        plain.session, said=Said(JOURNAL, os.urandom(said)), parties=parties
    )
    large = Checkpoint(JOURNAL, SAVED, memory)
    content = seal(payload_of(large), JOURNAL, KEY)
    assert len(content) <= MAX_BYTES
    found = unseal(content, JOURNAL, KEY).session
    there = found.said.invite, found.parties.state.last, found.parties.of_sessions
    assert tuple(map(bool, there)) == kept
    assert found.parties.roster == parties.roster
    assert found.said.first_journal_id == JOURNAL
    assert memory.parties.of_sessions  # the live session loses nothing


def test_a_state_that_cannot_be_cut_is_not_written(caplog: pytest.LogCaptureFixture) -> None:
    large = replace(SAVED, local_sdp=bytes(MAX_BYTES))
    assert encode(Checkpoint(JOURNAL, large, checkpoint(established()).session)) is None
    assert "too large" in caplog.text


def test_the_longest_length_counts_from_the_answer_and_not_from_the_restart() -> None:
    before = established()
    before.now_s = 43_000
    after = gone_on(before, after_s=300)
    after.feed(MediaChecked(5))
    answered, ended = after.entries(TimelineEvent)
    assert answered.at_ns == before.at_ns - 43_000 * 1_000_000_000
    assert (ended.kind, ended.detail) == ("ended", "max_length")
    assert after.session.state is State.ENDED


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_changed_bit_goes_unseen(place: int, bit: int) -> None:
    content = bytearray(sealed(established()))
    content[place % len(content)] ^= 1 << bit
    with pytest.raises(CheckpointDamaged):
        unseal(bytes(content), JOURNAL, KEY)


@given(content=st.binary(max_size=300))
def test_any_bytes_raise_only_our_error(content: bytes) -> None:
    with pytest.raises(CheckpointDamaged):
        unseal(content, JOURNAL, KEY)


@given(length=st.integers(0, 10_000))
def test_a_torn_checkpoint_does_not_open(length: int) -> None:
    content = sealed(established())
    with pytest.raises(CheckpointDamaged):
        unseal(content[: length % len(content)], JOURNAL, KEY)


def test_one_of_another_journal_node_or_version_does_not_open() -> None:
    content = sealed(established())
    newer = content[:8] + bytes([VERSION + 1]) + content[9:]
    for changed, journal, key in (
        (content, UUID(int=2), KEY),
        (content, JOURNAL, bytes(32)),
        (newer, JOURNAL, KEY),
        (seal(b"\x80", JOURNAL, KEY), JOURNAL, KEY),
    ):
        with pytest.raises(CheckpointDamaged):
            unseal(changed, journal, key)


def test_nothing_of_a_call_can_be_read_without_the_key() -> None:
    content = sealed(established())
    assert b"1001" not in content
    assert b"Keller" not in content


# --- files


@dataclass
class Resumer:
    """Takes calls up, and remembers the headers of their journals."""

    headers: list[JournalHeader] = field(default_factory=list)

    def go_on(
        self,
        dialog: sip.SavedDialog,
        memory: SessionMemory,
        header: JournalHeader,
        *,
        may_go_on: Callable[[], bool],
    ) -> None:
        assert may_go_on()
        self.headers.append(header)

    def call_not_continued(self, journal_id: UUID, problem: str) -> None:
        raise AssertionError(problem)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    journal_path(tmp_path, JOURNAL).write_bytes(b"journal")
    return tmp_path


def test_files_give_back_the_newest_state_and_are_removed(folder: Path) -> None:
    bench = established()
    files = CheckpointFiles(folder, KEY)
    files.put(JOURNAL, b"old")
    files.put(JOURNAL, payload_of(checkpoint(bench)))
    files.close()
    again = CheckpointFiles(folder, KEY)
    assert list(again.read()) == [checkpoint(bench)]
    again.remove(JOURNAL)
    again.close()
    assert [one.name for one in folder.iterdir()] == [journal_path(folder, JOURNAL).name]


def test_what_cannot_be_written_is_logged_and_costs_nothing_else(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = CheckpointFiles(folder, KEY)
    (folder / f".{checkpoint_path(folder, JOURNAL).name}").mkdir()
    with pytest.raises(SpoolError):
        files.put_durably(JOURNAL, b"state")
    files.put(JOURNAL, b"state")
    files.put(UUID(int=9), b"state")
    files.close()
    assert [record.getMessage()[:40] for record in caplog.records] == [f"rs={JOURNAL} "[:40]]
    assert checkpoint_path(folder, UUID(int=9)).exists()


def test_a_damaged_file_is_told_of_and_the_others_are_read(folder: Path) -> None:
    other = UUID(int=9)
    journal_path(folder, other).write_bytes(b"journal")
    checkpoint_path(folder, other).write_bytes(b"no checkpoint")
    (folder / "strange.ckpt").write_bytes(b"")
    files = CheckpointFiles(folder, KEY)
    files.put_durably(JOURNAL, payload_of(checkpoint(established())))
    found = list(files.read())
    files.close()
    assert [isinstance(one, Checkpoint) for one in found] == [True, False]


def test_a_checkpoint_whose_journal_is_gone_is_removed(folder: Path) -> None:
    files = CheckpointFiles(folder, KEY)
    files.put_durably(JOURNAL, payload_of(checkpoint(established())))
    journal_path(folder, JOURNAL).unlink()
    assert list(files.read()) == []
    files.close()
    assert list(folder.iterdir()) == []


def test_a_call_that_was_being_split_goes_on_once_with_its_rest(folder: Path) -> None:
    bench, rest = established(), UUID(int=9)
    journal_path(folder, rest).write_bytes(b"journal")
    before = checkpoint(bench)
    later = begun_anew(before.session, now(Bench(now_s=60)))
    files = CheckpointFiles(folder, KEY)
    files.put(rest, payload_of(Checkpoint(rest, SAVED, later)))
    files.put(JOURNAL, payload_of(before))
    files.close()
    again, resumer = CheckpointFiles(folder, KEY), Resumer()
    assert go_on_with_calls(
        resumer, again, node="node-1", opened_at_ns=1, last_piece=lambda one: one
    )
    again.close()
    assert [(one.continues, one.rest_of) for one in resumer.headers] == [(rest, JOURNAL)]
    assert list(folder.glob("*.ckpt")) == []


def test_the_state_of_the_first_part_goes_when_that_of_the_rest_is_written(folder: Path) -> None:
    files, rest = CheckpointFiles(folder, KEY), UUID(int=9)
    payload, stalled = payload_of(checkpoint(established())), folder / f".{JOURNAL.hex}.ckpt"
    os.mkfifo(stalled)  # who opens it to write waits for a reader
    files.put(JOURNAL, payload)
    files.put(rest, payload)

    async def split() -> None:
        superseding = asyncio.ensure_future(files.supersede(JOURNAL))
        await asyncio.sleep(0.05)
        assert not superseding.done()
        reader = os.open(stalled, os.O_RDONLY | os.O_NONBLOCK)
        await superseding
        os.close(reader)
        assert files.exists(rest)

    asyncio.run(split())
    files.close()
    assert not files.exists(JOURNAL)


def test_the_nodes_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = node_key(tmp_path / "keys")
    assert node_key(tmp_path / "keys") == key
    path = tmp_path / "keys" / "node.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["node.key"]


def test_a_name_in_latin_1_comes_back_byte_for_byte() -> None:
    remote = b'"Jos\xe9" <sip:pbx@192.0.2.14>;tag=them'.decode("utf-8", "surrogateescape")
    plain = checkpoint(established())
    odd = msgspec.structs.replace(plain, dialog=replace(SAVED, remote=remote))
    assert unseal(seal(payload_of(odd), JOURNAL, KEY), JOURNAL, KEY) == odd


@pytest.mark.parametrize("start", [b"", b"\xc1"])
def test_a_checkpoint_nested_without_end_is_damaged(start: bytes) -> None:
    nested = seal(start + b"\x91" * 100_000, JOURNAL, KEY)
    with pytest.raises(CheckpointDamaged, match="does not know"):
        unseal(nested, JOURNAL, KEY)
