"""The technical log: one line an event on standard error, for people or as JSON.

Modules log through the standard library; this is the one place that says how it looks.
"""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO

import msgspec
import structlog

Form = Literal["console", "json"]
FORM_VARIABLE = "CALLVAULT_LOG"
_CHATTY = ("axes", "asyncio")
_PLAIN_FIELDS = len(logging.makeLogRecord({}).__dict__)
# The local variables of a frame are whole SIP messages: numbers, names, metadata.
_TRACEBACKS_AS_JSON = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def set_up(form: Form, *, program: str) -> None:
    """Send all logging of this process to standard error, under the program's name."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(program),
    ]
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta
    ]
    if form == "json":
        last += [_TRACEBACKS_AS_JSON, structlog.processors.JSONRenderer()]
    else:
        last.append(
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        )
    handler = _Handler(sys.stderr)
    handler.setFormatter(_Formatter(shared, last, form=form, program=program))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    _ask_for_less()


def _ask_for_less() -> None:
    """Make no record ask by whom it was written, as the logging HOWTO has it: no line says so."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to standard error, which sends each line on by itself."""

    def flush(self) -> None:
        """Do nothing, after each of hundreds of lines a second."""


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Structlog's lines, written in a tenth of the time where a record is one plain message.

    Those are the steps of calls, hundreds a second each; whatever carries an exception or fields
    of its own, or is coloured for a terminal, takes the long way.
    """

    def __init__(
        self,
        shared: list[structlog.typing.Processor],
        last: list[structlog.typing.Processor],
        *,
        form: Form,
        program: str,
    ) -> None:
        super().__init__(foreign_pre_chain=shared, processors=last)
        self._program = program
        self._line = _json_line if form == "json" else _console_line
        self._is_coloured = form == "console" and sys.stderr.isatty()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        if self._is_coloured or _has_more_than_a_message(record):
            return super().format(record)
        moment = datetime.fromtimestamp(record.created, UTC)
        timestamp = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return self._line(
            _printable(record.getMessage()), record.levelname.lower(), timestamp, self._program
        )


def _has_more_than_a_message(record: logging.LogRecord) -> bool:
    return (
        record.exc_info is not None
        or record.stack_info is not None
        or not isinstance(record.msg, str)
        or len(record.__dict__) > _PLAIN_FIELDS
    )


def _printable(message: str) -> str:
    """Return the message without what would steer a terminal or is no Unicode: peers send both."""
    return message if message.isprintable() else message.encode("unicode_escape").decode()


def _console_line(message: str, level: str, timestamp: str, program: str) -> str:
    return f"{timestamp} [{level:<9}] {message:<30} program={program}"


def _json_line(message: str, level: str, timestamp: str, program: str) -> str:
    told = {"event": message, "level": level, "timestamp": timestamp, "program": program}
    return msgspec.json.encode(told).decode()


def form_from_environment(environment: Mapping[str, str]) -> Form:
    """Return the form that the starting process chose."""
    return "json" if environment.get(FORM_VARIABLE) == "json" else "console"


def _named(program: str) -> structlog.typing.Processor:
    def add(
        logger: object, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["program"] = program
        return event

    return add
