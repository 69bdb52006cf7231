"""Files of a node that a backup holds: settings, certificates, and, under a passphrase, secrets.

Certificates and public keys are in every backup. Whatever opens or signs something is in one with
keys alone: private keys, the portal's secret key, which opens secrets in the database, the key of
the node, and the certificates of SIP and HTTPS with their keys.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from callvault import clock
from callvault.backup import BackedUpCertificate
from callvault.backup.manifest import HEAD, KEYS, SETTINGS
from callvault.config import Config
from callvault.errors import BackupRefused, VaultError
from callvault.portal.audit import anchor
from callvault.portal.secret_key import FILE_NAME as SECRET_KEY
from callvault.vault import (
    Certificate,
    Entry,
    KeyKind,
    Keyring,
    PrivateKey,
    Role,
    add_certificate,
    key_protection,
    load_certificate,
    load_private_key,
    make_self_signed,
    use_certificates,
    waiting,
)
from callvault.vault.audit_key import FOLDER as AUDIT
from callvault.vault.audit_key import NAME as AUDIT_NAME
from callvault.vault.audit_key import PRIVATE_SUFFIX, PUBLIC_SUFFIX
from callvault.vault.certificates import private_key_pem
from callvault.vault.key_files import make_folder, write_file
from callvault.vault.node_key import FILE_NAME as NODE_KEY
from callvault.vault.protection import encode_key, sources
from callvault.vault.signing_request import FOLDER as REQUESTS

_PASSWORD_IN_URL = re.compile(r"(://[^:/@\s\"']*):[^\"'\s/?#]*@")  # in comments, too
_PASSWORD_IN_QUERY = re.compile(r"([?&][a-z]*password=)[^&#\"'\s]*")  # as libpq knows it
_KEY_NAME = re.compile(
    r"(archive|ingest)/[a-z0-9][a-z0-9_-]{0,62}\.key\.pem"
    r"|requests/[a-z0-9][a-z0-9_-]{0,62}\.(key|csr)\.pem"
)
TLS_FILES = ("sip-tls.crt", "sip-tls.key", "web-tls.crt", "web-tls.key")
SECRET_SETTINGS = "settings"  # noqa: S105 - a name, not a secret


def public_files(config: Config, settings_file: Path) -> Iterator[tuple[str, bytes]]:
    """Return what every backup holds, by the names of members."""
    settings = settings_file.read_bytes().decode("utf-8")
    settings = _PASSWORD_IN_URL.sub(r"\1@", settings)
    yield SETTINGS, _PASSWORD_IN_QUERY.sub(r"\1", settings).encode()
    folder = config.vault.key_folder
    for entry in Keyring.load(folder).entries():
        name = f"{KEYS}{entry.role.value}/{entry.name}.crt.pem"
        yield name, entry.certificate.to_pem()
    for path in sorted((folder / AUDIT).glob("*" + PUBLIC_SUFFIX)):
        yield f"{KEYS}{AUDIT}/{path.name}", path.read_bytes()
    head = config.node.data_folder / anchor.FILE_NAME
    if head.exists():
        yield HEAD, head.read_bytes()


def certificates_of(folder: Path) -> list[BackedUpCertificate]:
    """Return what the manifest says of the certificates."""
    return [
        BackedUpCertificate(
            entry.role.value,
            entry.name,
            entry.certificate.info.subject,
            entry.certificate.info.fingerprint,
            entry.is_current,
            entry.private_key is not None or entry.is_locked,
        )
        for entry in Keyring.load(folder).entries()
    ]


def secret_files(config: Config, settings_file: Path) -> dict[str, bytes]:
    """Return what only the passphrase opens."""
    found = {SECRET_SETTINGS: settings_file.read_bytes()}
    folder = config.vault.key_folder
    if locked := key_protection(folder).locked:  # of requests that wait, too
        raise BackupRefused(
            f"private keys are encrypted, and their passphrase cannot be read ({locked}): "
            "'callvault keys list' says more"
        )
    for entry in Keyring.load(folder).entries():
        if entry.private_key is not None:
            name = f"{entry.role.value}/{entry.name}.key.pem"
            found[name] = private_key_pem(entry.private_key)
    for request in waiting(folder):
        found[f"{REQUESTS}/{request.name}.key.pem"] = private_key_pem(request.key)
        found[f"{REQUESTS}/{request.name}.csr.pem"] = request.pem
    for name, path in _single_files(config).items():
        if path.exists():
            found[name] = path.read_bytes()
    return found


def _single_files(config: Config) -> dict[str, Path]:
    folder = config.vault.key_folder
    tls = (
        config.sip.tls_certificate, config.sip.tls_key,
        config.web.tls_certificate, config.web.tls_key,
    )  # fmt: skip
    return {
        SECRET_KEY: config.node.data_folder / SECRET_KEY,
        NODE_KEY: folder / NODE_KEY,
        AUDIT: folder / AUDIT / (AUDIT_NAME + PRIVATE_SUFFIX),
        **dict(zip(TLS_FILES, tls, strict=True)),
    }


def put_back_certificates(
    config: Config, small: Mapping[str, bytes], opened: Mapping[str, bytes]
) -> None:
    """Add the certificates of the backup to those here, with their keys where they came.

    What is here stays: it opens what was sealed to it. Raises BackupRefused for what is no
    certificate or key.
    """
    folder = config.vault.key_folder
    try:
        for role, name, certificate in _certificates_in(small):
            pem = opened.get(f"{role.value}/{name}.key.pem")
            key = load_private_key(pem) if pem is not None else None
            _add(folder, role, name, certificate, key)
    except VaultError as error:
        raise BackupRefused(f"a certificate of the backup cannot be used: {error}") from error
    _put_back_requests(folder, opened)
    make_folder(folder / AUDIT)
    for member, data in small.items():
        if member.startswith(f"{KEYS}{AUDIT}/"):
            path = folder / AUDIT / member.rpartition("/")[2]
            _place_public_key(path, data, is_ours=AUDIT in opened)


def _put_back_requests(folder: Path, opened: Mapping[str, bytes]) -> None:
    for name, data in opened.items():
        place = folder / name
        if name.startswith(f"{REQUESTS}/") and not place.exists():
            make_folder(place.parent)
            is_key = name.endswith(".key.pem")
            write_file(place, encode_key(folder, load_private_key(data)) if is_key else data)


def put_back_secrets(config: Config, opened: Mapping[str, bytes], aside: str) -> list[Path]:
    """Put single secrets in their places; what is there and differs is kept under `aside`.

    Only the portal's secret key is replaced, which the database needs. The node's own keys and the
    certificates of SIP and HTTPS fill a gap: what is here is this machine's. Returns what was kept.
    """
    kept = []
    for name, path in _single_files(config).items():
        data = opened.get(name)
        if data is None or (path.exists() and path.read_bytes() == data):
            continue
        if path.exists():
            if name != SECRET_KEY:
                continue
            kept.append(path.with_name(f"{path.name}.{aside}"))
            write_file(kept[-1], path.read_bytes())
        make_folder(path.parent)
        write_file(path, data)
    return kept


def check_secrets(opened: Mapping[str, bytes]) -> None:
    """Raise BackupRefused for a name that no backup has: it would become a path."""
    known = {SECRET_SETTINGS, SECRET_KEY, NODE_KEY, AUDIT, *TLS_FILES}
    for name in opened:
        if name not in known and not _KEY_NAME.fullmatch(name):
            raise BackupRefused(f"the backup is damaged: it holds a secret named {name!r}")


def use_what_opens(
    config: Config, backed_up: list[BackedUpCertificate]
) -> dict[Role, tuple[Certificate, ...]]:
    """Choose what new objects are sealed to, and return the choice that is not the backup's.

    As in the backup, except for a certificate whose private key lay beside it there and is not
    here: if that key is lost, so would be all that is recorded from now on. A key that is here and
    whose passphrase this process cannot have, such as a credential of the service, is not lost. A
    role that is left with none gets a new self-signed certificate.
    """
    folder, changed = config.vault.key_folder, {}
    for role in Role:
        entries = Keyring.load(folder).entries(role)
        in_use = {one.fingerprint: one for one in backed_up if one.role == role and one.is_current}
        chosen = [
            entry.name
            for entry in entries
            if (one := in_use.get(entry.certificate.info.fingerprint)) is not None
            and (_has_key(entry) or not one.had_key)
        ]
        if not chosen:
            chosen = [entry.name for entry in entries if entry.is_current and _has_key(entry)]
        if not chosen:
            chosen = [_new_certificate(folder, role, config.node.name)]
        use_certificates(folder, role, chosen)
        now = Keyring.load(folder).current(role)
        if {one.info.fingerprint for one in now} != set(in_use):
            changed[role] = now
    return changed


def missing_keys(config: Config, backed_up: list[BackedUpCertificate]) -> list[Entry]:
    """Return the certificates whose private key was on the machine that is restored, not here."""
    had = {(one.role, one.fingerprint) for one in backed_up if one.had_key}
    return [
        entry
        for entry in Keyring.load(config.vault.key_folder).entries()
        if not _has_key(entry) and (entry.role.value, entry.certificate.info.fingerprint) in had
    ]


def _has_key(entry: Entry) -> bool:
    return entry.private_key is not None or entry.is_locked


def _certificates_in(small: Mapping[str, bytes]) -> Iterator[tuple[Role, str, Certificate]]:
    for member, data in small.items():
        if member.startswith(KEYS) and member.endswith(".crt.pem"):
            role, _, file = member.removeprefix(KEYS).partition("/")
            yield Role(role), file.removesuffix(".crt.pem"), load_certificate(data)


def _add(
    folder: Path, role: Role, name: str, certificate: Certificate, key: PrivateKey | None
) -> None:
    entries = Keyring.load(folder).entries(role)
    known = [one for one in entries if one.certificate == certificate]
    if known and (key is None or known[0].private_key is not None):
        return
    if known and known[0].is_locked and sources(folder):  # here, and only its passphrase is not
        return
    taken = {one.name for one in entries}
    if known:
        name = known[0].name
    elif name in taken:
        name = f"{name[:50]}-{secrets.token_hex(3)}"
    add_certificate(folder, role, name, certificate, private_key=key)
    if len(entries) == 1 and not known:  # there was one, which went without saying
        return
    if not entries:
        use_certificates(folder, role, [name])


def _place_public_key(path: Path, data: bytes, *, is_ours: bool) -> None:
    """Keep a public key; under another name where the file's own is, or will be, another key's."""
    folder = path.parent
    if data in [one.read_bytes() for one in folder.glob("*" + PUBLIC_SUFFIX)]:
        return
    private = folder / (AUDIT_NAME + PRIVATE_SUFFIX)
    is_free = path.name != AUDIT_NAME + PUBLIC_SUFFIX or (is_ours and not private.exists())
    if path.exists() or not is_free:
        path = folder / f"restored-{secrets.token_hex(4)}{PUBLIC_SUFFIX}"
    write_file(path, data)


def _new_certificate(folder: Path, role: Role, node_name: str) -> str:
    taken = {one.name for one in Keyring.load(folder).entries(role)}
    name = next(n for i in range(1, 1000) if (n := f"{role.value}-{i}") not in taken)
    certificate, key = make_self_signed(
        f"Callvault {role} {node_name}", kind=KeyKind.RSA, now=clock.read().utc
    )
    add_certificate(folder, role, name, certificate, private_key=key)
    return name
