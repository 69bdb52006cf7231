"""The one form of a JSON value that is hashed and signed (docs/formats/audit-chain.md)."""

import json


def canonical(value: object) -> bytes:
    """Return a JSON value as it is hashed and signed: keys sorted, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
