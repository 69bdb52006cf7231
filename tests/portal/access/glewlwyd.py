"""A real OpenID Connect provider in a process of its own: Debian's Glewlwyd, on SQLite."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from typing import Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROGRAM = Path("/usr/bin/glewlwyd")
TABLES = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
PAGES = "/usr/share/glewlwyd/webapp/"
CLIENT_ID, CLIENT_SECRET = "callvault", "not a secret elsewhere"
PASSWORD = "five brass bells"
START_WITHIN_S = 20.0


@contextmanager
def running(folder: Path, *, redirect_uri: str) -> Iterator[str]:
    """Serve people `iris` (verified address) and `mallory` (not verified); gives the issuer."""
    port = _free_port()
    base = f"http://localhost:{port}"
    with closing(sqlite3.connect(folder / "glewlwyd.db")) as database:
        database.executescript(TABLES.read_text(encoding="utf-8"))
    config = folder / "glewlwyd.conf"
    config.write_text(_config(folder, port), encoding="utf-8")
    server = subprocess.Popen([PROGRAM, "--config-file", config], stdout=subprocess.DEVNULL)
    try:
        _wait_for(f"{base}/config/")
        _fill(f"{base}/api", redirect_uri)
        yield f"{base}/api/oidc"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _config(folder: Path, port: int) -> str:
    modules = "".join(
        f'{name}_module_path="/usr/lib/glewlwyd/{path}"\n'
        for name, path in (
            ("user", "user"), ("client", "client"), ("user_auth_scheme", "scheme"),
            ("plugin", "plugin"),
        )
    )  # fmt: skip
    types = ",".join(
        f'{{ extension = "{extension}" mime_type = "{kind}" }}'
        for extension, kind in (
            (".html", "text/html"), (".js", "application/javascript"), (".css", "text/css"),
            (".json", "application/json"),
        )
    )  # fmt: skip
    return (
        f'port={port}\nbind_address="127.0.0.1"\nexternal_url="http://localhost:{port}/"\n'
        f'login_url="login.html"\napi_prefix="api"\nstatic_files_path="{PAGES}"\n'
        'log_mode="console"\nlog_level="ERROR"\ncookie_secure=0\nhash_algorithm="SHA512"\n'
        'session_key="GLEWLWYD2_SESSION_ID"\nadmin_scope="g_admin"\nprofile_scope="g_profile"\n'
        f'database = {{ type = "sqlite3"; path = "{folder / "glewlwyd.db"}"; }};\n'
        f"{modules}static_files_mime_types = ({types})\n"
    )


def _fill(api: str, redirect_uri: str) -> None:
    admin = requests.Session()
    _ask(admin, "POST", f"{api}/auth/", {"username": "admin", "password": "password"})
    _ask(admin, "POST", f"{api}/mod/plugin/", _plugin(api))
    module = admin.get(f"{api}/mod/user/database", timeout=10).json()
    flag = {"multiple": False, "read": True, "write": True}
    module["parameters"]["data-format"]["verified"] = flag
    _ask(admin, "PUT", f"{api}/mod/user/database", module)
    _ask(admin, "PUT", f"{api}/mod/user/database/reset/", {})
    for scope in ("profile", "email"):
        told = {"name": scope, "display_name": scope, "password_required": True}
        _ask(admin, "POST", f"{api}/scope/", told | {"password_max_age": 0, "scheme": {}})
    for name, verified in (("iris", "1"), ("mallory", "0")):
        _ask(admin, "POST", f"{api}/user/", {
            "username": name, "name": name.title(), "email": "iris@example.com",
            "password": PASSWORD, "verified": verified, "enabled": True,
            "scope": ["openid", "profile", "email", "g_profile"],
        })  # fmt: skip
    _ask(admin, "POST", f"{api}/client/", {
        "client_id": CLIENT_ID, "name": "Callvault", "enabled": True, "confidential": True,
        "password": CLIENT_SECRET, "client_secret": CLIENT_SECRET, "redirect_uri": [redirect_uri],
        "authorization_type": ["code"], "scope": [],
        "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
    })  # fmt: skip


def _plugin(api: str) -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    flows = ("token", "id-token", "none", "implicit", "password", "client", "device")
    parameters = {
        "iss": f"{api}/oidc", "jwt-type": "rsa", "jwt-key-size": "256",
        "key": private.decode(), "cert": public.decode(), "jwks-show": True,
        "access-token-duration": 600, "refresh-token-duration": 600, "code-duration": 60,
        "refresh-token-rolling": False, "allow-non-oidc": False, "subject-type": "public",
        "auth-type-code-enabled": True, "auth-type-refresh-enabled": False,
        **{f"auth-type-{flow}-enabled": False for flow in flows},
        "name-claim": "mandatory", "email-claim": "mandatory", "address-claim": {"type": "no"},
        "scope-claim": "no", "scope": [], "pkce-allowed": True, "pkce-required": True,
        "claims": [{
            "name": "email_verified", "user-property": "verified", "type": "boolean",
            "boolean-value-true": "1", "boolean-value-false": "0", "mandatory": True,
            "on-demand": False, "scope": [],
        }],
    }  # fmt: skip
    return {
        "module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": parameters,
    }  # fmt: skip


def sign_in_there(address: str, name: str) -> str:
    """Sign in at the provider as its page would, and return where it leads back to."""
    api = address.partition("/oidc/")[0]
    browser = requests.Session()
    _ask(browser, "POST", f"{api}/auth/", {"username": name, "password": PASSWORD})
    granted = {"scope": "openid profile email"}
    _ask(browser, "PUT", f"{api}/auth/grant/{CLIENT_ID}", granted)
    asked = f"{address}&g_continue"  # as the provider's own page goes on
    led = browser.get(asked, timeout=10, allow_redirects=False)
    return led.headers["Location"]


def _ask(session: requests.Session, method: str, url: str, body: dict[str, Any]) -> None:
    answer = session.request(method, url, json=body, timeout=10)
    assert answer.status_code == 200, (method, url, answer.status_code, answer.text)


def _free_port() -> int:
    with closing(socket(AF_INET, SOCK_STREAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    end = time.monotonic() + START_WITHIN_S
    while time.monotonic() < end:
        try:
            requests.get(url, timeout=1)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(url)
