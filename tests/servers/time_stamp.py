"""A time-stamp authority: OpenSSL's own `openssl ts`, behind HTTP on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

CONFIG = """\
[tsa]
default_tsa = t
[t]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[signer]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


@dataclass
class Authority:
    """Keys of an authority, and how it behaves."""

    folder: Path
    url: str = ""
    status: int = 200
    location: str = ""  # of a redirect
    answer: bytes | None = None  # instead of a true one
    asked: list[bytes] = field(default_factory=list)

    @property
    def root(self) -> str:
        """The certificate that vouches for it, PEM."""
        return (self.folder / "root.pem").read_text()

    def reply(self, query: bytes) -> bytes:
        """Let OpenSSL answer."""
        self.asked.append(query)
        if self.answer is not None:
            return self.answer
        asked, told = self.folder / "query.tsq", self.folder / "reply.tsr"
        asked.write_bytes(query)
        openssl(
            *("ts", "-reply", "-config", self.folder / "config", "-section", "t"),
            *("-queryfile", asked, "-signer", self.folder / "signer.pem"),
            *("-inkey", self.folder / "signer.key", "-chain", self.folder / "root.pem"),
            *("-out", told),
        )
        return told.read_bytes()


def openssl(*words: str | Path) -> str:
    """Run OpenSSL; return what it prints."""
    done = subprocess.run(
        ["openssl", *map(str, words)], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


def make_authority(folder: Path, name: str = "Example time stamps") -> Authority:
    """Make the keys of an authority."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30")
    config = ("-config", folder / "config")
    openssl(
        *("req", "-x509", *key, "-subj", f"/CN={name} root", "-extensions", "authority", *config),
        *("-keyout", folder / "root.key", "-out", folder / "root.pem"),
    )
    openssl(
        *("req", "-x509", *key, "-subj", f"/CN={name}", "-extensions", "signer", *config),
        *("-CA", folder / "root.pem", "-CAkey", folder / "root.key"),
        *("-keyout", folder / "signer.key", "-out", folder / "signer.pem"),
    )
    return Authority(folder)


@contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    """Answer on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            body = authority.reply(query)
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            if authority.location:
                self.send_header("Location", authority.location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_told: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
