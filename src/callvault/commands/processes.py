"""How the processes of one node hang together: children die with their parent."""

import ctypes
import os
import resource
import signal

PARENT_VARIABLE = "CALLVAULT_PARENT"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(sign: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send this process a signal when the thread that started it is gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def follow_supervisor() -> None:
    """In a program that `callvault serve` started: end when serve is gone, however it went."""
    supervisor = os.environ.get(PARENT_VARIABLE)
    if supervisor is None:
        return
    die_with_parent()
    if os.getppid() != int(supervisor):  # it went before the kernel was asked
        os.kill(os.getpid(), signal.SIGTERM)


def raise_open_files_limit() -> int:
    """Raise the soft limit of open files to the hard one; return it. Each stream takes two."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
