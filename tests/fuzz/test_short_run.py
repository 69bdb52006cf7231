"""A short run of the fuzzer, the same each time: no exception, nothing slow, no memory that grows.

`make fuzz` looks for new inputs; what it finds is kept under corpus/found and read here first.
"""

import gc
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.measured import LIMIT_S, seconds
from tests.fuzz.targets import ANY, MAX_BYTES, TARGETS, Target

MUTATIONS = 400
MAX_NEW_BLOCKS = 2_000  # of Python's memory, from the second time on
every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))


@every_target
def test_every_seed_is_read_in_time(target: Target) -> None:
    inputs = target.inputs()
    assert inputs
    assert all(seconds(target.read, data) < LIMIT_S for data in inputs)


@every_target
def test_a_message_cut_at_any_byte_is_read_or_refused(target: Target) -> None:
    seed = min(target.inputs(), key=len)
    for end in range(len(seed)):
        target.read(seed[:end])


@every_target
def test_mutations_are_read_in_time_and_leave_nothing_in_memory(target: Target) -> None:
    mutations = list(_mutations(target.inputs(), random.Random(target.name)))
    assert all(seconds(target.read, data) < LIMIT_S for data in mutations)
    blocks = _blocks_after(target, mutations[:100])
    assert _blocks_after(target, mutations[:100]) - blocks < MAX_NEW_BLOCKS


def _blocks_after(target: Target, inputs: list[bytes]) -> int:
    for data in inputs:
        target.read(data)
    gc.collect()
    return sys.getallocatedblocks()


def _mutations(seeds: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """Flip bits, cut out, double, put together; one in a hundred grows to a megabyte."""
    for number in range(MUTATIONS):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            at, size = chance.randrange(len(data) + 1), chance.choice((1, 2, 16, 200))
            chance.choice((_flip, _cut_out, _repeat, _splice))(data, at, size, chance, seeds)
        if number % 100 == 99:
            data = (data * (MAX_BYTES // max(1, len(data)) + 1))[:MAX_BYTES]
        yield bytes(data)


def _flip(data: bytearray, at: int, size: int, chance: random.Random, seeds: list[bytes]) -> None:
    for place in range(at, min(at + size, len(data))):
        data[place] ^= 1 << chance.randrange(8)


def _cut_out(
    data: bytearray, at: int, size: int, chance: random.Random, seeds: list[bytes]
) -> None:
    del data[at : at + size]


def _repeat(data: bytearray, at: int, size: int, chance: random.Random, seeds: list[bytes]) -> None:
    data[at:at] = data[at : at + size] * chance.choice((1, 2, 50))


def _splice(data: bytearray, at: int, size: int, chance: random.Random, seeds: list[bytes]) -> None:
    data[at:] = chance.choice(seeds)[-size * 4 :]


@pytest.mark.flow
def test_a_run_guided_by_coverage_finds_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="it has wheels for Linux on x86-64 alone")
    command = [sys.executable, "-m", "tests.fuzz.guided", ANY.name, str(tmp_path)]
    done = subprocess.run([*command, "--runs", "2000"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    slow = [path.read_bytes() for path in tmp_path.glob("slow-*")]
    assert all(seconds(ANY.read, data) < LIMIT_S for data in slow)
