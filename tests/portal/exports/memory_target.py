"""A target in memory, with controls: which of its calls fails, before or after it was done."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from callvault.export import NameTaken, NotThere, TargetFault


class Crash(BaseException):
    """The process dies here: nothing of it runs on, but what unwinds."""


@dataclass
class MemoryTarget:
    """An `ExportTarget`; `files` by folder and name outlive a crash, as at a real one."""

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    crash_at: int | None = None  # number of the call, from 0
    is_after: bool = False  # whether the call is done when it crashes
    fault: TargetFault | None = None  # raised by each call
    faults: dict[str, TargetFault] = field(default_factory=dict)  # by name of the call
    is_dead: bool = False

    def step(self, name: str, deed: "object" = None) -> None:
        """Count a call, and fail where the test wants it."""
        if self.is_dead:
            raise TargetFault("gone")
        number = len(self.calls)
        self.calls.append(name)
        fault = self.faults.get(name) or self.fault
        if fault is not None:
            raise fault
        crashes = number == self.crash_at
        if crashes and not self.is_after:
            self.is_dead = True
            raise Crash
        if callable(deed):
            deed()
        if crashes:
            self.is_dead = True
            raise Crash

    def create(self, folder: str, temporary: str) -> "MemoryFile":
        self.step("create", lambda: self.files.__setitem__((folder, temporary), b""))
        return MemoryFile(self, folder, temporary)

    def read(self, folder: str, name: str) -> Iterator[bytes]:
        self.step("read")
        if (folder, name) not in self.files:
            raise NotThere(name)
        yield self.files[folder, name]

    def append(self, folder: str, name: str, data: bytes) -> None:
        def add() -> None:
            self.files[folder, name] += data

        self.step("append", add)

    def remove(self, folder: str, name: str) -> None:
        self.step("remove", lambda: self.files.pop((folder, name), None))

    def close(self) -> None:
        """Nothing is kept open."""

    def named(self) -> dict[tuple[str, str], bytes]:
        """Return what somebody who looks takes for a file."""
        return {key: data for key, data in self.files.items() if not key[1].startswith(".")}


@dataclass
class MemoryFile:
    target: MemoryTarget
    folder: str
    temporary: str

    def write(self, data: bytes, /) -> None:
        key = (self.folder, self.temporary)
        self.target.step("write", lambda: self.target.files.__setitem__(
            key, self.target.files[key] + data
        ))  # fmt: skip

    def name(self, name: str, *, over: bool = False) -> None:
        key = (self.folder, name)
        if key in self.target.files and not over:
            self.target.step("name")
            raise NameTaken(name)

        def give() -> None:
            self.target.files[key] = self.target.files.pop((self.folder, self.temporary))

        self.target.step("name over" if over else "name", give)

    def discard(self) -> None:
        self.target.remove(self.folder, self.temporary)
