"""What was worked out once and comes again: values of short texts, and of one object.

The same addresses, networks and options come with every call, and several times in each.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

LONGEST = 256
"""Longer texts are worked out each time, so that what peers send cannot fill memory."""


def remembered(entries: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Let a pure function of a text remember its latest results; they must be immutable."""

    def decorate(work_out: Callable[[str], T]) -> Callable[[str], T]:
        known = lru_cache(entries)(work_out)

        @wraps(work_out)
        def recall(text: str) -> T:
            return known(text) if len(text) <= LONGEST else work_out(text)

        return recall

    return decorate


class lazy(Generic[T]):
    """A property that is worked out once: `cached_property` without the lock of Python 3.11.

    Two threads that ask at the same moment work it out twice, to the same end.
    """

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out = work_out
        self._name = work_out.__name__
        self.__doc__ = work_out.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> "lazy[T]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> "T | lazy[T]":
        """Work it out, and lay it where the next look finds it without coming here."""
        if instance is None:
            return self
        value = self._work_out(instance)
        instance.__dict__[self._name] = value
        return value
