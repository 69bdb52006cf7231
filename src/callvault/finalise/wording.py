"""Words what went wrong with a journal, for the page of a call and for reports."""

from callvault.errors import CallvaultError, KeyUnavailable


def problem_of(error: Exception) -> str:
    """Return one sentence; an error that is not ours may carry anything and is only named."""
    if isinstance(error, KeyUnavailable) and error.certificates:
        return f"{error}: {', '.join(map(str, error.certificates))}"
    if isinstance(error, CallvaultError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"unexpected {type(error).__name__}, see the log of the worker"
