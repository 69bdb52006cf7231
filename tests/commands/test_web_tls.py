"""The files of the portal's HTTPS: made, checked, looked after."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from callvault.commands.chosen import Chosen
from callvault.commands.init import FirstStart
from callvault.commands.serve import announcement
from callvault.commands.web_tls import CertificateWatch, files_of, make_certificate, trouble_with
from callvault.config.sections import Config, WebConfig
from tests.flows.authority import Authority


def config_in(folder: Path) -> Config:
    web = WebConfig(
        bind_address="127.0.0.1",
        https="on",
        port=8443,
        host_names=("localhost", "calls.example.com", "192.0.2.10", "[2001:db8::1]", "*"),
        tls_certificate=folder / "web.crt",
        tls_key=folder / "web.key",
    )
    return replace(Config(), web=web)


def test_the_first_certificate_has_the_names_that_people_type(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    make_certificate(config)
    made = x509.load_pem_x509_certificate(config.web.tls_certificate.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "callvault-1",
        "localhost",
        "calls.example.com",
    ]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == [
        "192.0.2.10",
        "2001:db8::1",
        "127.0.0.1",
    ]
    assert config.web.tls_key.stat().st_mode & 0o777 == 0o600
    assert trouble_with(files_of(config.web)) == ""


def test_the_announcement_tells_address_and_fingerprint(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    make_certificate(config)
    told = announcement(FirstStart(Chosen(config, tmp_path / "callvault.toml"), None))
    assert "Portal        https://calls.example.com:8443\n" in told
    assert "Certificate   self-signed, so browsers warn. SHA-256 " in told


def test_new_files_are_taken_when_they_can_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_in(tmp_path)
    make_certificate(config)
    watch = CertificateWatch(files_of(config.web))
    assert not watch.has_new_files()
    files = Authority(tmp_path / "ca").issue("calls", dns=("calls.example.com",))
    config.web.tls_certificate.write_bytes(files.certificate.read_bytes())
    with caplog.at_level(logging.ERROR):
        looks = [watch.has_new_files() for _ in range(3)]  # seen, settled and refused, as before
    assert looks == [False, False, False]
    assert "is not used" in caplog.text
    config.web.tls_key.write_bytes(files.key.read_bytes())
    assert [watch.has_new_files() for _ in range(3)] == [False, True, False]


def test_a_certificate_about_to_expire_is_told_of_once_a_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = Authority(tmp_path, days=20).issue("calls")
    watch = CertificateWatch(files)
    with caplog.at_level(logging.WARNING):
        watch.look_at_expiry(datetime.now(UTC))
        watch.look_at_expiry(datetime.now(UTC))
    assert caplog.text.count("expires at") == 1
