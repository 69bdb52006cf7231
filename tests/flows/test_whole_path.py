"""From the first start to a recording that plays: real processes, real SIP and RTP, real HTTP.

One node serves the tests of this file; they build on one another as a first day would.
"""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from urllib.request import Request

import numpy as np
import pytest

from callvault.simulator.channels import Heard, decode
from tests.flows.node import Node, Visitor, environment, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng"),
]

STRANGER = "127.0.0.2"
LONGEST_RESTART_MS = 10_000
PAUSE_S = 3
SILENT_BELOW = 40  # of 32,767: what MP3 makes of nothing


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that has just been started for the first time."""
    started = Node(tmp_path_factory.mktemp("node") / "data").start()
    try:
        yield started
    finally:
        if started.process is not None and started.process.poll() is None:
            started.stop()


@pytest.fixture(scope="module")
def visitor(node: Node) -> Visitor:
    """The administrator, signed in with the one-time password."""
    return Visitor(node.portal).sign_in(node.password)


def recordings_listed(visitor: Visitor) -> list[str]:
    """Return the addresses of all recordings on the first page."""
    page = visitor.text("/recordings/")
    return sorted(set(re.findall(r"/recordings/[0-9a-f-]{36}/(?=\")", page)))


def answers(visitor: Visitor) -> bool:
    """Tell whether the portal answers."""
    try:
        return visitor.get("/healthz")[0] == 200
    except OSError:
        return False


def calls_in_progress(node: Node) -> int:
    """Return what the recorder last said, which it does each second."""
    heartbeat = json.loads((node.data / "run" / "recorder.json").read_bytes())
    return int(heartbeat["calls"])


def test_a_first_start_prints_where_to_go_and_a_password_that_opens(
    node: Node, visitor: Visitor
) -> None:
    assert re.fullmatch(r"(\w{4}-){3}\w{4}", node.password)
    assert "All recordings" in visitor.text("/recordings/")


def test_strangers_do_not_get_in(node: Node) -> None:
    assert "Sign in" in Visitor(node.portal).text("/recordings/")


def test_calls_are_recorded_whole_and_the_right_way_round(node: Node, visitor: Visitor) -> None:
    done = node.simulate(
        *("--calls", "6", "--concurrent", "3", "--seconds", "4-8", "--seed", "11"),
        *("--hold-share", "0.5", "--yes"),
    )
    assert done.returncode == 0, done.stdout + done.stderr + node.log.read_text()
    assert "6 of 6 recordings are there. Each is as long as its call" in done.stdout
    assert "Owner left and remote party right in all of them." in done.stdout
    assert len(recordings_listed(visitor)) == 6


def test_each_recording_plays_in_parts(visitor: Visitor) -> None:
    for address in recordings_listed(visitor):
        status, headers, whole = visitor.get(address + "audio")
        assert (status, headers["Content-Type"]) == (200, "audio/mpeg")
        status, headers, part = visitor.get(address + "audio", Range="bytes=1000-1999")
        assert status == 206
        assert headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
        assert part == whole[1000:2000]
        assert 4_000 <= decode(whole).length_ms < 10_000
        assert visitor.get(address)[0] == 200


def test_calls_over_tcp_are_recorded_just_so(node: Node) -> None:
    done = node.simulate(
        *("--calls", "2", "--seconds", "4", "--seed", "12", "--transport", "tcp", "--yes"),
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_button_test_has_the_node_reach_itself(node: Node, visitor: Visitor) -> None:
    [address] = set(re.findall(r'action="(/nodes/[^"]+/test)"', visitor.text("/nodes/")))
    assert "The test runs…" in visitor.send("/nodes/", to=address)
    until(lambda: "The test runs…" not in visitor.text("/nodes/"))
    page = visitor.text("/nodes/")
    for transport in ("UDP", "TCP", "TLS"):
        assert re.search(rf"{transport} \S+:\d+ is reached", page), transport
    assert "It answers OPTIONS with 200." in page
    assert "Media ports can be had" in page


def test_a_call_between_users_gives_each_a_recording(node: Node) -> None:
    done = node.simulate(
        *("--calls", "1", "--seconds", "4", "--seed", "13", "--internal-share", "1", "--yes"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 recordings are there." in done.stdout


def test_a_call_of_nobody_shows_under_call_decisions(node: Node, visitor: Visitor) -> None:
    before = len(recordings_listed(visitor))
    done = node.simulate("--calls", "1", "--seconds", "4", "--unknown-share", "1", "--seed", "14")
    assert done.returncode == 0, done.stdout + done.stderr
    number = re.findall(r"^(20\d\d|2100|\+\d+) ", done.stdout, re.M)[0]
    page = visitor.text("/decisions/")
    assert number in page.replace(" ", "").replace("\u00a0", "")
    assert "Create a user for" in page
    assert len(recordings_listed(visitor)) == before


def test_a_filtered_call_leaves_its_rule_and_no_recording(node: Node, visitor: Visitor) -> None:
    before = len(recordings_listed(visitor))
    rules = {"directions": "both", "traffic": "external", "black_list": ""}
    visitor.send("/settings/filters/", **rules, version="0")
    until(lambda: '"traffic":"external"' in (node.data / "snapshot.json").read_text())
    call = ("--calls", "1", "--seconds", "4", "--seed", "16", "--yes")
    outside = node.simulate(*call)
    assert outside.returncode == 0, outside.stdout + outside.stderr
    assert len(recordings_listed(visitor)) == before + 1
    inside = node.simulate(*call, "--internal-share", "1", "--wait", "1")
    assert inside.returncode == 1, "a recording that is not to be was found"
    until(lambda: "Only external calls are recorded" in visitor.text("/decisions/"))
    journals = (node.data / "spool").glob("*.cvj")
    assert all("events" in path.name for path in journals)
    assert len(recordings_listed(visitor)) == before + 1
    visitor.send("/settings/filters/", **rules | {"traffic": "both"}, version="1")
    until(lambda: '"traffic":"external"' not in (node.data / "snapshot.json").read_text())


def test_a_stranger_gets_no_answer_until_it_is_allowed(node: Node, visitor: Visitor) -> None:
    call = ("--calls", "1", "--seconds", "4", "--seed", "15", "--yes")
    refused = node.simulate(*call, "--source-address", STRANGER, "--wait", "1")
    assert refused.returncode == 1
    assert "no answer to INVITE" in refused.stdout
    until(lambda: STRANGER in visitor.text("/decisions/"))
    page = visitor.text("/decisions/")
    (allow,) = re.findall(r"/decisions/peers/[0-9a-f-]{36}/allow", page)
    visitor.send(allow, trunk="", name="Branch office", mode="always_on")
    until(lambda: "Branch office" in (node.data / "snapshot.json").read_text())
    allowed = node.simulate(*call, "--source-address", STRANGER)
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr


@pytest.mark.parametrize("program", ["worker", "web"])
def test_a_program_that_dies_comes_back_and_calls_are_recorded(
    node: Node, visitor: Visitor, program: str
) -> None:
    node.kill(program)
    until(lambda: f"{program} ended (signal SIGKILL); starting it again" in node.log.read_text())
    done = node.simulate("--calls", "1", "--seconds", "4", "--seed", "16", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: answers(visitor))


def test_a_recorder_that_dies_in_a_call_comes_back_and_goes_on_with_it(
    node: Node, visitor: Visitor
) -> None:
    before = recordings_listed(visitor)
    until(lambda: calls_in_progress(node) == 0)
    # The seed of the test before: the user whom the call belongs to is there.
    call = node.simulation("--calls", "1", "--seconds", "8", "--seed", "16", "--place-only")
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, env=environment()) as placing:
        until(lambda: calls_in_progress(node) == 1)
        time.sleep(2)
        node.kill("recorder")
        placing.wait(60)
    until(lambda: len(recordings_listed(visitor)) == len(before) + 1)
    (saved,) = set(recordings_listed(visitor)) - set(before)
    length_ms = decode(visitor.get(saved + "audio")[2]).length_ms
    assert 7_900 <= length_ms <= 8_000 + LONGEST_RESTART_MS  # a BYE meanwhile waits for it
    assert "Audio lost" in visitor.text(saved)
    until(lambda: calls_in_progress(node) == 0)


def ask(visitor: Visitor, path: str, body: object = None) -> tuple[int, bytes]:
    """Use the API from the browser's session."""
    token = re.search(r'"X-CSRFToken": "([^"]+)"', visitor.text("/live/"))
    assert token is not None
    request = Request(  # noqa: S310 - our own portal
        f"{visitor.portal}/api/v1{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "X-CSRFToken": token[1],
            "Content-Type": "application/json",
            "Referer": visitor.portal + "/live/",
        },
    )
    with visitor.opener.open(request, timeout=20) as answer:
        return answer.status, answer.read()


def longest_silence_ms(heard: Heard) -> int:
    """Return how long both channels say nothing at once."""
    loud = (np.abs(heard.left) > SILENT_BELOW) | (np.abs(heard.right) > SILENT_BELOW)
    edges = np.flatnonzero(np.concatenate(([True], loud, [True])))
    return int(np.diff(edges).max()) * 1000 // heard.rate_hz


def test_a_pause_by_the_api_is_silence_of_its_length_and_names_who_asked(
    node: Node, visitor: Visitor
) -> None:
    before = recordings_listed(visitor)
    call = node.simulation("--calls", "1", "--seconds", "8", "--seed", "16", "--place-only")
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, env=environment()) as placing:
        until(lambda: json.loads(ask(visitor, "/live-calls")[1]) != [])
        (live,) = json.loads(ask(visitor, "/live-calls")[1])
        time.sleep(2)
        address = f"/live-calls/{live['id']}"
        asked_s = time.monotonic()
        assert ask(visitor, f"{address}/pause", {"reason": "card number"})[0] == 204
        paused_s = time.monotonic()
        assert "Paused" in visitor.text("/live/table")
        time.sleep(PAUSE_S)
        resuming_s = time.monotonic()
        assert ask(visitor, f"{address}/resume", {})[0] == 204
        resumed_s = time.monotonic()
        assert "Paused" not in visitor.text("/live/table")
        placing.wait(60)
    until(lambda: len(recordings_listed(visitor)) == len(before) + 1)
    (saved,) = set(recordings_listed(visitor)) - set(before)
    audio = decode(visitor.get(saved + "audio")[2])
    assert 7_900 <= audio.length_ms <= 10_000  # a busy machine hangs up late
    # It began and ended while each was asked for; a breath of the speaker may lengthen it.
    at_least_ms, at_most_ms = (resuming_s - paused_s) * 1000, (resumed_s - asked_s) * 1000
    assert at_least_ms - 100 <= longest_silence_ms(audio) <= at_most_ms + 500
    page = visitor.text(saved)
    for told in ("Recording paused", "card number", "Recording resumed", "by admin"):
        assert told in page


def test_a_second_serve_in_the_same_folder_is_refused(node: Node) -> None:
    with pytest.raises(AssertionError, match="in use by another 'callvault serve'"):
        Node(node.data).start()


def test_a_restart_keeps_everything(node: Node, visitor: Visitor) -> None:
    before = recordings_listed(visitor)
    assert node.stop() == 0
    assert node.processes() == []
    node.start()
    assert node.password == ""
    assert recordings_listed(visitor) == before


def test_when_serve_is_killed_no_process_stays(node: Node) -> None:
    assert len(node.processes()) >= 4
    assert node.stop(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: node.processes() == [])
