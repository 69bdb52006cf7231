"""Settings: what is read, what is refused and in which words."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.config import load, read_secret
from callvault.config.ranges import RANGES
from callvault.config.sections import Config
from callvault.errors import ConfigError


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write_toml(text: str) -> Path:
        path = tmp_path / "callvault.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_toml


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLVAULT_CONFIG", raising=False)
    monkeypatch.delenv("CALLVAULT_SET", raising=False)


def message(toml: str, write: Callable[[str], Path]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(write(toml))
    return str(caught.value)


def test_an_empty_file_gives_the_defaults_below_its_folder(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    config = load(write(""))
    keys = tmp_path / "var/keys"
    assert config.sip == replace(
        Config().sip, tls_certificate=keys / "sip-tls.crt", tls_key=keys / "sip-tls.key"
    )
    assert config.node.data_folder == tmp_path / "var"
    assert config.vault.folder == tmp_path / "var/vault"


def test_a_setting_of_the_file_counts(write: Callable[[str], Path]) -> None:
    config = load(write('[sip]\nport = 5070\n[web]\nhost_names = ["calls.example.com"]'))
    assert config.sip.port == 5070
    assert config.web.host_names == ("calls.example.com",)


def test_relative_paths_start_at_the_data_folder(write: Callable[[str], Path]) -> None:
    config = load(
        write('[node]\ndata_folder = "/srv/cv"\n[spool]\nfolder = "s"\n[vault]\nfolder = "/mnt/v"')
    )
    assert config.spool.folder == Path("/srv/cv/s")
    assert config.vault.folder == Path("/mnt/v")
    assert config.vault.key_folder == Path("/srv/cv/keys")
    assert config.database.url == "sqlite:/srv/cv/callvault.sqlite3"


def test_a_password_file_starts_at_the_data_folder_too(write: Callable[[str], Path]) -> None:
    text = '[node]\ndata_folder = "/srv/cv"\n[database]\nurl = "postgresql://cv@db/calls"\n'
    config = load(write(text + 'password_file = "db-password"'))
    assert config.database.password_file == Path("/srv/cv/db-password")
    assert config.database.url == "postgresql://cv@db/calls"


def test_an_empty_password_file_is_none(write: Callable[[str], Path]) -> None:
    assert load(write('[database]\npassword_file = ""')).database.password_file is None


def test_without_a_file_the_data_folder_starts_at_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None).spool.folder == tmp_path / "var/spool"


def test_the_environment_names_the_file(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLVAULT_CONFIG", str(write("[sip]\nport = 5071")))
    assert load().sip.port == 5071


def test_overrides_of_the_environment_stand_between_file_and_command_line(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLVAULT_SET", "sip.port=5071\nweb.port=8081")
    config = load(write("[sip]\nport = 5072"), overrides=["web.port=8082"])
    assert (config.sip.port, config.web.port) == (5071, 8082)


def test_a_file_named_by_the_environment_must_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLVAULT_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot be read: No such file"):
        load()


def test_an_override_is_stronger_than_the_file(write: Callable[[str], Path]) -> None:
    path = write("[sip]\nport = 5070\nmax_call_s = 600")
    config = load(path, overrides=["sip.port=5080", "node.name=east-1"])
    assert (config.sip.port, config.sip.max_call_s, config.node.name) == (5080, 600, "east-1")


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("node.name=17", lambda config: config.node.name == "17"),
        ('web.host_names=["a", "b"]', lambda config: config.web.host_names == ("a", "b")),
        ("capture.port_cooldown_s=2", lambda config: config.capture.port_cooldown_s == 2.0),
        (
            "finalise.keep_received_payloads=true",
            lambda config: config.finalise.keep_received_payloads is True,
        ),
        ("node.data_folder=/srv/x y", lambda config: str(config.node.data_folder) == "/srv/x y"),
    ],
)
def test_an_override_is_read_as_toml_or_as_plain_text(
    override: str, read: Callable[[Config], bool]
) -> None:
    assert read(load(None, overrides=[override]))


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[sip]\nprot = 1", "sip.prot: no such setting, nearest: sip.port"),
        ("[spi]\nport = 1", "spi: no such section, nearest: sip"),
        ("sip = 1", "sip: 1, allowed: a section, [sip]"),
        ("[sip]\nport = 65536", "sip.port: 65536, allowed: 0 to 65535"),
        ('[sip]\nport = "5060"', "sip.port: '5060', allowed: a whole number"),
        ("[sip]\nport = true", "sip.port: True, allowed: a whole number"),
        ("[sip]\nport = 5060.0", "sip.port: 5060.0, allowed: a whole number"),
        ("[capture]\nsweep_ms = 5", "capture.sweep_ms: 5, allowed: 20 to 1000"),
        (
            "[capture]\nport_first = 10001",
            "capture.port_first: 10001, allowed: an even number from 1024 to 65534",
        ),
        (
            "[capture]\nport_last = 10000",
            "capture.port_last: 10000, allowed: above capture.port_first, 10000",
        ),
        ("[capture]\nport_cooldown_s = nan", "capture.port_cooldown_s: nan, allowed: 0 to 3600"),
        ("[vault]\nfolder = 3", "vault.folder: 3, allowed: a path in quotes"),
        ("[web]\nhost_names = []", "web.host_names: [], allowed: a list of one or more host names"),
        ("[web]\nhost_names = [1]", "web.host_names: [1], allowed: a list of texts"),
        ('[web]\nlanguage = "de"', "web.language: 'de', allowed: en, it, fr"),
        (
            '[web]\ntime_zone = "../etc/passwd"',
            "web.time_zone: '../etc/passwd', allowed: an IANA name such as Europe/Rome",
        ),
        (
            "[capture]\nsocket_buffer_bytes = 99999999999999999999",
            "capture.socket_buffer_bytes: 99999999999999999999, allowed: 4096 to 1073741824",
        ),
        (
            '[sip]\nbind_address = "here"',
            "sip.bind_address: 'here', allowed: an IPv4 or IPv6 address",
        ),
        (
            '[database]\nurl = "mysql://x"',
            "database.url: 'mysql://x', allowed: sqlite:PATH or postgresql://USER@HOST/NAME",
        ),
        (
            "[finalise]\nkeep_received_payloads = 1",
            "finalise.keep_received_payloads: 1, allowed: true or false",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_key_value_and_what_is_allowed(
    toml: str, expected: str, write: Callable[[str], Path]
) -> None:
    assert message(toml, write) == expected


def test_a_file_that_is_not_toml_is_refused_with_its_place(write: Callable[[str], Path]) -> None:
    assert "callvault.toml: not TOML: " in message("[sip\nport = 1", write)


def test_an_override_without_value_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"sip\.port: allowed: section\.key=value"):
        load(None, overrides=["sip.port"])


@given(st.text())
def test_any_file_is_read_or_refused_by_our_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with suppress(ConfigError):
        assert isinstance(load(path), Config)


@given(st.sampled_from(sorted(RANGES)), st.text(max_size=20))
def test_any_override_is_read_or_refused_by_our_error(key: str, value: str) -> None:
    with suppress(ConfigError):
        assert isinstance(load(None, overrides=[f"{key}={value}"]), Config)


def test_a_secret_is_read_from_its_file_without_the_line_break(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("pass word \n")
    assert read_secret("database.password_file", path) == "pass word "


def test_a_secret_file_that_is_missing_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_secret("database.password_file", tmp_path / "none")
    assert str(caught.value) == (
        f"database.password_file: {tmp_path}/none, cannot be read: No such file or directory"
    )


@pytest.mark.parametrize(
    ("text", "speaks_https", "browsers_use_https"),
    [
        ("", False, False),
        ('bind_address = "::1"', False, False),
        ('https = "on"', True, True),
        ('bind_address = "::"', True, True),
        ('trusted_proxies = ["192.0.2.7"]', False, True),
        ('bind_address = "0.0.0.0"\ntrusted_proxies = ["192.0.2.0/28"]', False, True),
        ('bind_address = "0.0.0.0"\nhttps = "on"\ntrusted_proxies = ["192.0.2.7"]', True, True),
    ],
)
def test_https_is_on_where_others_reach_the_portal(
    tmp_path: Path, text: str, *, speaks_https: bool, browsers_use_https: bool
) -> None:
    file = tmp_path / "callvault.toml"
    file.write_text(f"[web]\n{text}\n")
    web = load(file).web
    assert (web.speaks_https, web.browsers_use_https) == (speaks_https, browsers_use_https)


def test_plain_http_beyond_loopback_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "callvault.toml"
    file.write_text('[web]\nbind_address = "192.0.2.1"\nhttps = "off"\n')
    with pytest.raises(ConfigError, match=r"web\.https: off, allowed: auto or on"):
        load(file)


def test_a_redirect_needs_https_to_lead_to(tmp_path: Path) -> None:
    file = tmp_path / "callvault.toml"
    file.write_text("[web]\nredirect_port = 8081\n")
    with pytest.raises(ConfigError, match=r"web\.redirect_port: 8081, allowed: 0"):
        load(file)
