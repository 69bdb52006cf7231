"""`make bench`: run every benchmark of this folder, each in a process of its own.

A benchmark is a module with `main()`; it prints its table and exits with 1 when its bar is missed.
"""

import pkgutil
import subprocess
import sys

import bench


def main() -> int:
    """Run all, one after the other, and return 1 if any bar was missed."""
    names = [module.name for module in pkgutil.iter_modules(bench.__path__)]
    missed = [name for name in names if name != "__main__" and not _passes(name)]
    if missed:
        print(f"bar missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def _passes(name: str) -> bool:
    print(f"== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
