"""The technical log: one line an event on standard error, for people or as JSON.

Modules log through the standard library; this is the one place that says how it looks.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Literal

import structlog

Form = Literal["console", "json"]
FORM_VARIABLE = "CALLVAULT_LOG"
_CHATTY = ("axes", "asyncio")


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
        last += [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


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
