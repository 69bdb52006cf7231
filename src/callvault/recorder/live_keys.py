"""Taps the streams of a live call that are sealed, and has their keys tried in a thread."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from callvault.capture import Stream
from callvault.recorder.key_check import KeyCheck, KeyNews, verify
from callvault.spool.entries import StreamKeys
from callvault.srtp import Context


class LiveKeys:
    """The keys of one dialog."""

    def __init__(self, streams: Mapping[int, Stream], on_news: Callable[[KeyNews], None]) -> None:
        """`streams`: the dialog's own mapping, which goes on changing."""
        self._streams = streams
        self._on_news = on_news
        self._check = KeyCheck()
        self._verifying: asyncio.Future[list[KeyNews]] | None = None

    @property
    def are_unproven(self) -> bool:
        """Whether there are keys of which nobody knows yet if they open what comes."""
        return any(one.is_unproven for one in self._check.streams.values())

    def contexts(self) -> dict[int, Context]:
        """Return the keys in force of each sealed stream. For any thread."""
        return {index: one.context for index, one in list(self._check.streams.items())}

    def watch(self, keys: Sequence[StreamKeys]) -> None:
        """Tap the streams whose keys are new."""
        changed, gone = self._check.change(keys)
        for index, stream in self._streams.items():
            if index in changed:
                stream.open_tap()
            elif index in gone:
                stream.close_tap()

    def opened(self, index: int) -> None:
        """Tap a stream that was opened after its keys were known."""
        if index in self._check.streams:
            self._streams[index].open_tap()

    def look(self) -> None:
        """Have what was tapped since the last time tried, unless that is being done."""
        checks = dict(self._check.streams)
        if self._verifying is not None or not checks:
            return
        taps = [(index, one) for index, one in self._streams.items() if index in checks]
        samples = {index: found for index, one in taps if (found := one.tapped())}
        if samples:
            loop = asyncio.get_running_loop()
            self._verifying = loop.run_in_executor(None, verify, checks, samples)
            self._verifying.add_done_callback(lambda done: self._verified(done, samples))

    def _verified(
        self, done: asyncio.Future[list[KeyNews]], samples: Mapping[int, list[bytes]]
    ) -> None:
        self._verifying = None
        for index in samples:
            check, stream = self._check.streams.get(index), self._streams.get(index)
            if check is not None and stream is not None and check.wants_more:
                stream.open_tap()
        for news in done.result():
            self._on_news(news)
