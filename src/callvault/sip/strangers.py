"""Remembers who knocked without being admitted: one report a minute and address, bounded."""

from callvault.sip.events import StrangerHeard
from callvault.sip.flow import Flow
from callvault.sip.message import MalformedMessage, Request
from callvault.sip.parsing import parse_head

REPORT_EVERY_S = 60.0
MAX_ADDRESSES = 1_024
MAX_REPORTS = 60  # a period, over all addresses: sources of datagrams can be invented
MAX_TEXT = 256


class StrangerLog:
    """Counts the messages of strangers and says when to report them.

    It reads at most the first 8 KiB of a message, and nothing of one that is not reported.
    """

    def __init__(self) -> None:
        self._heard: dict[str, tuple[float, int]] = {}  # address → (last report, count since)
        self._period_began = 0.0
        self._reports = 0

    def hear(self, data: bytes, flow: Flow, now: float) -> StrangerHeard | None:
        """Count one message; return the report if one is due."""
        address = flow.remote[0]
        reported_at, count = self._heard.pop(address, (-REPORT_EVERY_S, 0))
        if now - reported_at < REPORT_EVERY_S or not self._may_report(now):
            self._heard[address] = (reported_at, count + 1)
            self._bound()
            return None
        self._heard[address] = (now, 0)
        self._bound()
        return _report(data, flow, count + 1)

    def _bound(self) -> None:
        if len(self._heard) > MAX_ADDRESSES:
            self._heard.pop(next(iter(self._heard)))  # the one silent for longest

    def _may_report(self, now: float) -> bool:
        if now - self._period_began >= REPORT_EVERY_S:
            self._period_began, self._reports = now, 0
        self._reports += 1
        return self._reports <= MAX_REPORTS


def _report(data: bytes, flow: Flow, count: int) -> StrangerHeard:
    words: list[str] = []
    user_agent = ""
    try:
        start_line, headers = parse_head(data[:8192].partition(b"\r\n\r\n")[0])
        words = start_line.split()
        user_agent = Request(headers).user_agent
    except MalformedMessage:
        pass  # what knocked was not SIP: reported without words
    method, uri = (words[0], words[1]) if len(words) == 3 else ("", "")
    return StrangerHeard(flow, method[:32], uri[:MAX_TEXT], user_agent[:MAX_TEXT], count)
