"""What a call's decision says in a column of its own, so that calls are found by it."""

from collections.abc import Mapping
from typing import Any


def owner_username_of(decision: Mapping[str, Any]) -> str:
    """Return the user name of whose a call was judged to be; empty: nobody's."""
    for step in decision.get("steps", ()):
        if step.get("code") == "owner":
            return str((step.get("values") or {}).get("username", ""))[:150]
    return ""
