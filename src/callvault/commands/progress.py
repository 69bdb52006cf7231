"""Progress on a terminal: one line that changes; for nobody, now and then a plain one."""

import sys
import time
from typing import TextIO

PLAIN_EVERY_S = 10.0


class ProgressLine:
    """Says how far something is."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._changes = stream.isatty()
        self._shown = ""
        self._last = float("-inf")

    def show(self, text: str) -> None:
        """Show how far it is now."""
        if self._changes:
            print(f"\r{text:<{len(self._shown)}}", end="", file=self._stream, flush=True)
            self._shown = text
        elif time.monotonic() - self._last >= PLAIN_EVERY_S:
            self._last = time.monotonic()
            print(text, file=self._stream, flush=True)

    def end(self, text: str = "") -> None:
        """Show the last word, and leave the line."""
        if self._changes and (self._shown or text):
            print(f"\r{text:<{len(self._shown)}}", file=self._stream, flush=True)
        elif text:
            print(text, file=self._stream, flush=True)
        self._shown = ""
        self._last = float("-inf")
