"""Rules of the tree that no linter knows: what may lie in it, and how long a piece may grow.

Run by `make check` over the files that git tracks or would track. Prints what breaks a rule and
exits with 1; prints nothing when all is well.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_BYTES = 500_000
MAX_VENDORED_BYTES = 1_000_000  # other people's dist files are as large as they are
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 50
AUDIO = {".wav", ".mp3", ".flac", ".ogg", ".opus", ".g722", ".au", ".pcap", ".pcapng"}
SHAPELESS = {"utils", "helpers", "common", "manager", "base", "misc"}
NAMED_BY_DJANGO = {Path("src/callvault/portal/postgresql/base.py")}  # an ENGINE's module
PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{32}")


def tracked_files() -> list[Path]:
    """Return every file that git tracks or would add, relative to the current folder."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    )
    paths = (Path(name) for name in listing.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def problems_of_content(path: Path) -> Iterator[str]:
    """Yield what must not lie in the tree at all: keys, audio, large files."""
    content = path.read_bytes()
    limit = MAX_VENDORED_BYTES if "vendor" in path.parts else MAX_FILE_BYTES
    if len(content) > limit:
        yield f"{path}: {len(content)} bytes, more than {limit}"
    if path.suffix.lower() in AUDIO and path.parts[:2] != ("tests", "corpus"):
        yield f"{path}: audio belongs under tests/corpus, or is made by the test"
    if PRIVATE_KEY.search(content):
        yield f"{path}: holds a private key"


def problems_of_shape(path: Path) -> Iterator[str]:
    """Yield Python files and functions that have outgrown the house style."""
    if path.suffix != ".py" or "migrations" in path.parts:
        return
    if path.stem in SHAPELESS and path.parts[0] == "src" and path not in NAMED_BY_DJANGO:
        yield f"{path}: name it after what it does"
    source = path.read_text(encoding="utf-8")
    lines = source.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{path}: {lines} lines, more than {MAX_FILE_LINES}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{path}:{node.lineno} {node.name}: {length} lines"


def main() -> int:
    """Check the tree below the current folder; return 1 if a rule is broken."""
    found = [
        problem
        for path in tracked_files()
        for rule in (problems_of_content, problems_of_shape)
        for problem in rule(path)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
