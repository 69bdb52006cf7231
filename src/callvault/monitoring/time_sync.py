"""Whether this machine's clock is kept right by NTP or the like, as the kernel knows."""

import ctypes

_TIMEX_BYTES = 512  # linux/timex.h: struct timex is 208 bytes; modes 0 reads only
_TIME_ERROR = 5  # the clock is not synchronised


def is_synchronised() -> bool | None:
    """Return what the kernel says; None: it says nothing."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "adjtimex"):
        return None
    state: int = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else state != _TIME_ERROR
