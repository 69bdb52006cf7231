"""Every option of a trunk: taken, refused with its reason, and hashed where it is a secret."""

import hashlib

import pytest

from callvault.portal.configuration.models import Trunk
from callvault.portal.configuration.trunk_form import TrunkForm

pytestmark = pytest.mark.django_db

GOOD: dict[str, object] = {
    "name": "Webex",
    "peers": "192.0.2.14\n2001:db8::/64",
    "transports": ["udp", "tcp", "tls"],
    "media_networks": "198.51.100.0/24",
    "mode": "always_on",
    "srtp": "required",
    "tls_names": "SBC.example.com\n*.pbx.example.com",
    "digest_user": "sbc",
    "digest_password": "a long secret",
    "swap_channels": "on",
    "strict_siprec": "on",
    "device_zone": "America/New_York",
}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_every_option_is_taken() -> None:
    form = TrunkForm(GOOD)
    assert form.is_valid(), form.errors
    form.save()
    found = Trunk.objects.values(
        "peers", "tls_names", "srtp", "strict_siprec", "device_zone", "digest_user", "transports"
    )
    assert found.get() == {
        "peers": ["192.0.2.14", "2001:db8::/64"],
        "tls_names": ["sbc.example.com", "*.pbx.example.com"],
        "transports": ["udp", "tcp", "tls"],
        "srtp": "required",
        "strict_siprec": True,
        "device_zone": "America/New_York",
        "digest_user": "sbc",
    }


def test_only_hashes_of_the_password_are_kept() -> None:
    # H(user:realm:password), RFC 7616, section 3.4.2.
    trunk = TrunkForm(GOOD).save()
    assert trunk.digest_ha1_sha256 == sha256("sbc:callvault:a long secret")
    assert trunk.digest_ha1_md5 == "677d8d0a175ad01ab37eeccccb8a1d76"
    assert "a long secret" not in str(Trunk.objects.values().get())


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"peers": "", "tls_names": ""}, "peers", "Name an address, a network or a TLS name."),
        ({"peers": ""}, "peers", "Without an address only TLS can tell who calls."),
        ({"transports": ["udp"]}, "transports", "TLS names need TLS among the transports."),
        (
            {"tls_names": "sbc.example.com\n192.0.2.1"},
            "tls_names",
            "Line 2: 192.0.2.1 is an address. It belongs under Peers.",
        ),
        ({"tls_names": "s bc"}, "tls_names", "Line 1: “s bc” is no name of a certificate."),
        ({"tls_names": "*.com"}, "tls_names", "Line 1: “*.com” is no name of a certificate."),
        ({"tls_names": "a.*.org"}, "tls_names", "Line 1: “a.*.org” is no name of a certificate."),
        (
            {"device_zone": "Mars/Olympus"},
            "device_zone",
            "“Mars/Olympus” is no time zone. Write it as Europe/Rome.",
        ),
        ({"digest_user": ""}, "digest_user", "A password needs a user."),
        ({"digest_user": "a:b"}, "digest_user", "No colons, quotation marks or backslashes."),
        (
            {"digest_password": ""},
            "digest_password",
            "Type the password that belongs to this user.",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(
    changed: dict[str, object], field: str, message: str
) -> None:
    assert TrunkForm(GOOD | changed).errors == {field: [message]}


def test_a_common_name_may_have_no_dot() -> None:
    assert TrunkForm(GOOD | {"tls_names": "CUBE-1"}).is_valid()


def test_tls_names_alone_are_enough() -> None:
    assert TrunkForm(GOOD | {"peers": "", "transports": ["tls"]}).is_valid()


def test_a_password_is_kept_changed_and_removed() -> None:
    trunk = TrunkForm(GOOD).save()
    first = trunk.digest_ha1_sha256
    kept = TrunkForm(GOOD | {"digest_password": ""}, instance=trunk).save()
    assert kept.digest_ha1_sha256 == first
    other = TrunkForm(GOOD | {"digest_user": "sbc2", "digest_password": ""}, instance=trunk)
    assert set(other.errors) == {"digest_password"}
    trunk.refresh_from_db()
    removed = TrunkForm(GOOD | {"digest_password": "", "digest_remove": "on"}, instance=trunk)
    gone = removed.save()
    assert (gone.digest_user, gone.digest_ha1_md5, gone.digest_ha1_sha256) == ("", "", "")


def test_a_network_that_holds_another_trunk_s_peer_is_refused() -> None:
    Trunk.objects.create(name="CUBE", peers=["192.0.2.0/24"], transports=["udp"])
    assert TrunkForm(GOOD).errors == {"peers": ["192.0.2.14 already belongs to CUBE."]}
    assert TrunkForm(GOOD | {"transports": ["tcp", "tls"]}).is_valid()


def test_a_name_that_another_trunk_has_is_refused() -> None:
    Trunk.objects.create(name="CUBE", tls_names=["*.example.com"], transports=["tls"])
    form = TrunkForm(GOOD | {"peers": "", "transports": ["tls"]})
    assert form.errors == {"tls_names": ["sbc.example.com already belongs to CUBE."]}
