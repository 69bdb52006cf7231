"""What the log's lines look like, the short way and the long."""

import json
import logging
from collections.abc import Iterator

import pytest

from callvault.commands import logs


@pytest.fixture(autouse=True)
def root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture(params=["console", "json"])
def form(request: pytest.FixtureRequest) -> logs.Form:
    chosen: logs.Form = request.param
    return chosen


def test_a_plain_line_is_what_structlog_would_write(
    form: logs.Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    formatter = _formatter(form)
    record = logging.makeLogRecord({"levelname": "INFO", "levelno": 20, "msg": "rs=%s offered"})
    record.args = ("6f1f8c5e-2f0a-4b1c-9d35-1f6f6c0b8a11",)
    short = formatter.format(record)
    monkeypatch.setattr(logs, "_has_more_than_a_message", lambda record: True)
    assert _without_time(short, form) == _without_time(formatter.format(record), form)


def _without_time(line: str, form: logs.Form) -> object:
    if form == "console":
        timestamp, _, rest = line.partition(" ")
        assert timestamp.endswith("Z")
        return rest
    told = json.loads(line)
    assert told.pop("timestamp").endswith("Z")
    return told


def _formatter(form: logs.Form) -> logging.Formatter:
    logs.set_up(form, program="recorder")
    formatter = logging.getLogger().handlers[0].formatter
    assert formatter is not None
    return formatter


def test_an_exception_and_fields_of_its_own_are_not_lost(form: logs.Form) -> None:
    error = KeyError("the one that is missing")
    record = logging.makeLogRecord(
        {"msg": "it failed", "journal": "abc", "exc_info": (KeyError, error, None)}
    )
    said = _formatter(form).format(record)
    assert all(words in said for words in ("it failed", "the one that is missing", "abc"))


def test_a_traceback_tells_no_local_variables(form: logs.Form) -> None:
    def fails(invite: str) -> None:
        raise ValueError(len(invite))

    invite = "From: <sip:+15550142@192.0.2.9>"
    try:
        fails(invite)
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "it failed", "exc_info": (ValueError, error, error.__traceback__)}
        )
    line = _formatter(form).format(record)
    assert "in fails" in line or '"fails"' in line
    assert "15550142" not in line


def test_what_a_peer_wrote_neither_steers_the_terminal_nor_breaks_the_line(
    form: logs.Form,
) -> None:
    record = logging.makeLogRecord({"levelname": "INFO", "levelno": 20, "msg": "method=%s"})
    record.args = ("INV\x1b[2J\n\udcd7TE",)
    line = _formatter(form).format(record)
    assert line.encode()
    assert "\x1b" not in line
    assert "\n" not in line
    assert "TE" in line
