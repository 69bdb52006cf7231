"""The portal over HTTPS and behind a real nginx, as processes."""

import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, HTTPSHandler, build_opener

import pytest

from tests.flows.authority import Authority
from tests.flows.node import OWN_PASSWORD, Visitor, callvault, environment, sets, until
from tests.migrated import put_database
from tests.ports import free_ports

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]


@dataclass
class Portal:
    """A data folder, and the ports of what serves it."""

    data: Path
    port: int
    redirect_port: int
    proxied_port: int
    nginx_port: int

    @property
    def certificate(self) -> Path:
        """The certificate that the first start makes."""
        return self.data / "keys" / "web-tls.crt"

    def context(self) -> ssl.SSLContext:
        """Trust that certificate and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """`callvault web` with HTTPS, and a second one on the same data behind nginx."""
    folder = tmp_path_factory.mktemp("https")
    portal = Portal(folder / "data", *free_ports(4))
    put_database(portal.data)
    done = subprocess.run(
        callvault("init", "--data", portal.data), capture_output=True, check=True,
        env=environment(), text=True,
    )  # fmt: skip
    (password,) = re.findall(r"one-time password (\S+)", done.stdout)
    quiet = ("web.workers=1", "metrics.web_port=0", 'web.host_names=["localhost"]')
    own = ("web.https=on", f"web.port={portal.port}", f"web.redirect_port={portal.redirect_port}")
    proxied = (f"web.port={portal.proxied_port}", 'web.trusted_proxies=["127.0.0.2"]')
    with (
        running(callvault("web", "--data", portal.data, *sets((*quiet, *own)))),
        running(callvault("web", "--data", portal.data, *sets((*quiet, *proxied)))),
    ):
        until(lambda: answers(portal.port) and answers(portal.proxied_port), seconds=60)
        visitor(portal, f"https://localhost:{portal.port}").sign_in(password)
        yield portal


@contextmanager
def running(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program for the length of a block."""
    process = subprocess.Popen(command, env=environment())
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def answers(port: int) -> bool:
    """Whether somebody listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def visitor(portal: Portal, address: str, cafile: Path | None = None) -> Visitor:
    """Return a browser that trusts one certificate."""
    context = ssl.create_default_context(cafile=str(cafile or portal.certificate))
    opener = build_opener(HTTPSHandler(context=context), HTTPCookieProcessor(CookieJar()))
    return Visitor(address, opener)


def plain_http(port: int, path: str) -> tuple[int, str]:
    """Return the status and the place that plain HTTP leads to."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        return answer.status, str(answer.headers["Location"])


def last_sign_in(portal: Portal) -> str:
    """Return the client's address in the last audit entry of a sign-in."""
    with sqlite3.connect(portal.data / "callvault.sqlite3") as catalogue:
        rows = catalogue.execute(
            "SELECT address FROM audit_auditentry WHERE action = 'signed_in' ORDER BY id DESC"
        )
        return str(rows.fetchone()[0])


def sign_in(visitor: Visitor) -> str:
    """Sign in, and return the page after it."""
    return visitor.send("/sign-in/", login="admin", password=OWN_PASSWORD)


def test_people_sign_in_by_https_with_cookies_of_https_alone(portal: Portal) -> None:
    browser = visitor(portal, f"https://localhost:{portal.port}")
    _, headers, page = browser.get("/sign-in/")
    assert b"Encrypted connection" in page
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = headers["Set-Cookie"]
    assert cookie.startswith("__Host-callvault_csrf=")
    assert "; Secure" in cookie
    assert "Sign out" in sign_in(browser)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(portal: Portal) -> None:
    context = portal.context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", portal.port)) as plain,
        pytest.raises(ssl.SSLError, match="ALERT"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_tls_1_2_is_spoken(portal: Portal) -> None:
    context = portal.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", portal.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert secured.version() == "TLSv1.2"


def test_plain_http_beside_it_leads_to_https(portal: Portal) -> None:
    place = f"https://localhost:{portal.port}/people/?q=a"
    assert plain_http(portal.redirect_port, "/people/?q=a") == (301, place)


def test_a_client_cannot_forge_its_address(portal: Portal) -> None:
    browser = visitor(portal, f"https://localhost:{portal.port}")
    browser.opener.addheaders = [("X-Forwarded-For", "198.51.100.66")]
    sign_in(browser)
    assert last_sign_in(portal) == "127.0.0.1"


NGINX_CONF = """
daemon off; master_process off; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header Host $host:$server_port;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host:$server_port;
      proxy_bind 127.0.0.2;
    }}
  }}
}}
"""


@pytest.mark.skipif(NGINX is None, reason="apt install nginx-light")
def test_behind_nginx_people_sign_in_and_the_audit_log_knows_them(
    portal: Portal, tmp_path: Path
) -> None:
    files = Authority(tmp_path / "ca").issue("proxy", dns=("localhost",))
    assert files.peers is not None
    conf = tmp_path / "nginx.conf"
    conf.write_text(
        NGINX_CONF.format(
            folder=tmp_path,
            port=portal.nginx_port,
            behind=portal.proxied_port,
            certificate=files.certificate,
            key=files.key,
        )
    )
    with running([str(NGINX), "-c", str(conf), "-e", "stderr"]):
        until(lambda: answers(portal.nginx_port))
        browser = visitor(portal, f"https://localhost:{portal.nginx_port}", files.peers)
        browser.opener.addheaders = [("X-Forwarded-For", "198.51.100.66")]
        assert "Sign out" in sign_in(browser)
    assert last_sign_in(portal) == "127.0.0.1"  # not the proxy, nor what the browser claimed


def test_past_the_proxy_browsers_are_led_to_https(portal: Portal) -> None:
    assert plain_http(portal.proxied_port, "/sign-in/") == (301, "https://localhost/sign-in/")


def test_a_renewed_certificate_is_used_and_nobody_is_signed_out(portal: Portal) -> None:
    address = f"https://localhost:{portal.port}"
    browser = visitor(portal, address)
    sign_in(browser)
    files = Authority(portal.data / "ca").issue("renewed", dns=("localhost",))
    assert files.peers is not None
    (portal.data / "keys" / "web-tls.key").write_bytes(files.key.read_bytes())
    portal.certificate.write_bytes(files.certificate.read_bytes())
    renewed = visitor(portal, address, files.peers)
    renewed.opener.add_handler(next(cookies_of(browser)))

    def is_in_use() -> bool:
        try:
            return "Sign out" in renewed.text("/recordings/")
        except OSError:
            return False

    until(is_in_use, seconds=60)


def cookies_of(browser: Visitor) -> Iterator[HTTPCookieProcessor]:
    """Return the cookies of a browser, for another one."""
    for handler in browser.opener.handlers:  # type: ignore[attr-defined]
        if isinstance(handler, HTTPCookieProcessor):
            yield HTTPCookieProcessor(handler.cookiejar)
