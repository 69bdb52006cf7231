"""Datagrams that wait to be read, in turns: a sender that floods waits behind itself alone."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

# As much as the kernel keeps for the socket: a burst of 1,000 INVITEs of 4 kB.
MAX_BYTES_OF_ONE = 4 * 1024 * 1024
MAX_BYTES = 32 * 1024 * 1024
OVERHEAD_BYTES = 512  # what a small datagram costs besides


@dataclass(slots=True)
class _Waiting(Generic[T]):
    items: "deque[tuple[T, int]]" = field(default_factory=deque)
    size_bytes: int = 0


class Turns(Generic[T]):
    """Keeps the order of each sender, and takes one item of each in turn. Bounded.

    What finds no room is dropped, as the network might: its sender sends it again.
    """

    def __init__(
        self, *, max_bytes_of_one: int = MAX_BYTES_OF_ONE, max_bytes: int = MAX_BYTES
    ) -> None:
        self._max_bytes_of_one = max_bytes_of_one
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._waiting: OrderedDict[Hashable, _Waiting[T]] = OrderedDict()  # whose turn is next

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def put(self, sender: Hashable, item: T, size_bytes: int) -> bool:
        """Let an item wait; False: there is no room for it."""
        size_bytes += OVERHEAD_BYTES
        one = self._waiting.get(sender)
        of_one = one.size_bytes if one is not None else 0
        if (
            of_one + size_bytes > self._max_bytes_of_one
            or self._size_bytes + size_bytes > self._max_bytes
        ):
            return False
        if one is None:
            one = self._waiting[sender] = _Waiting()
        one.items.append((item, size_bytes))
        one.size_bytes += size_bytes
        self._size_bytes += size_bytes
        return True

    def take(self) -> T:
        """Take the oldest item of the sender whose turn it is. Raises KeyError if none waits."""
        sender, one = self._waiting.popitem(last=False)
        item, size_bytes = one.items.popleft()
        self._size_bytes -= size_bytes
        one.size_bytes -= size_bytes
        if one.items:
            self._waiting[sender] = one  # behind all others
        return item
