"""Rounds of the worker: they end when certificates change, and when it is to stop."""

import threading
from pathlib import Path

import pytest

from callvault.clock import read
from callvault.commands.key_rounds import KeyRounds
from callvault.vault import (
    KeyKind,
    KeyWatch,
    Role,
    add_certificate,
    create_first_certificates,
    make_self_signed,
    use_certificates,
)


def test_a_round_ends_with_the_keys_and_the_last_one_with_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callvault.commands.key_rounds.LOOK_EVERY_S", 0.02)
    create_first_certificates(tmp_path, kind=KeyKind.EC)
    certificate, key = make_self_signed("Ingest 2", kind=KeyKind.EC, now=read().utc)
    stop, keys = threading.Event(), KeyWatch(tmp_path)
    rounds = KeyRounds(keys, stop)
    thread = threading.Thread(target=rounds.watch)
    thread.start()
    try:
        over = rounds.next()
        assert over is not None
        assert not over.wait(0.1)
        add_certificate(tmp_path, Role.INGEST, "new", certificate, private_key=key)
        use_certificates(tmp_path, Role.INGEST, ["new"])
        while keys.keyring.current(Role.INGEST) != (certificate,):
            assert over is not None
            assert over.wait(30)
            over = rounds.next()
    finally:
        stop.set()
        thread.join(30)
    assert over is not None
    assert over.is_set()
    assert rounds.next() is None
