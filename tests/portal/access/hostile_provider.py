"""A provider of the tests' own, whose keys and tokens are as wrong as a test wants them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "callvault"


@cache
def key(number: int) -> rsa.RSAPrivateKey:
    """Return a key; only the first one is in the key set."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Hostile:
    """What the provider answers. `token` makes the ID token from the nonce that was asked for."""

    issuer: str = ""
    token: Callable[[dict[str, Any]], str] = lambda claims: signed(claims)
    claims: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # instead of the right one
    nonce: str = ""

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def whole_claims(self) -> dict[str, Any]:
        """Return the claims of a right token, with what the test changes."""
        now = int(time.time())
        right = {
            "iss": self.issuer, "sub": "subject-1", "aud": CLIENT_ID, "exp": now + 300,
            "iat": now, "nonce": self.nonce, "email": "iris@example.com", "email_verified": True,
        }  # fmt: skip
        return right | self.claims

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return status and body of an address."""
        if path in self.answers:
            return self.answers[path]
        right: dict[str, Any] = {
            "/.well-known/openid-configuration": self.discovery(),
            "/keys": {"keys": [public_key()]},
            "/userinfo": {"sub": "subject-1"} | self.claims,
        }
        if path == "/token":
            token = self.token(self.whole_claims())
            right["/token"] = {
                "access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token,
            }  # fmt: skip
        return (200, json.dumps(right[path]).encode()) if path in right else (404, b"")


def public_key() -> dict[str, Any]:
    """Return the first key as the key set has it."""
    public: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key(1).public_key()))
    return public | {"kid": "one", "use": "sig", "alg": "RS256"}


def signed(claims: dict[str, Any], *, number: int = 1, kid: str = "one") -> str:
    """Sign claims with a key."""
    return jwt.encode(claims, key(number), algorithm="RS256", headers={"kid": kid})


@contextmanager
def serving(hostile: Hostile) -> Iterator[None]:
    """Serve it on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = hostile.answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hostile.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
