"""Reads `callvault.toml`: unknown keys refused, types and ranges checked, paths made whole."""

import os
import tomllib
import types
import typing
from collections.abc import Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path

from callvault.config import sections
from callvault.config.describe import Setting, settings
from callvault.config.ranges import RANGES
from callvault.errors import ConfigError

ENVIRONMENT_VARIABLE = "CALLVAULT_CONFIG"
OVERRIDES_VARIABLE = "CALLVAULT_SET"  # one override a line; how a command tells its children
MAX_FILE_BYTES = 1_048_576

_KIND_NAMES = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text in quotes",
    Path: "a path in quotes",
    tuple: "a list of texts",
}


def load(path: Path | None = None, *, overrides: Sequence[str] = ()) -> sections.Config:
    """Read the settings: file `path`, else the one CALLVAULT_CONFIG names, else the defaults.

    Each of `overrides` is "section.key=value", stronger than those in CALLVAULT_SET, which are
    stronger than the file. Relative paths start at the data folder; a relative data folder starts
    at the file's folder, without a file at the current one. Raises ConfigError for the first
    setting that is wrong.
    """
    if path is None and ENVIRONMENT_VARIABLE in os.environ:
        path = Path(os.environ[ENVIRONMENT_VARIABLE])
    known = {setting.key: setting for setting in settings()}
    values = _flatten(_read(path), known) if path else {}
    for override in (*os.environ.get(OVERRIDES_VARIABLE, "").splitlines(), *overrides):
        key, value = _parse_override(override, known)
        values[key] = value
    config = _build({key: _convert(known[key], value) for key, value in values.items()})
    _check_together(config)
    return _with_whole_paths(config, Path.cwd() if path is None else path.resolve().parent)


def read_secret(key: str, path: Path) -> str:
    """Return the secret in the file that setting `key` names, without its last line break."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(key, f"{path}, cannot be read: {_reason(error)}") from error


def _read(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
        if len(text) > MAX_FILE_BYTES:
            raise ConfigError(str(path), f"allowed: at most {MAX_FILE_BYTES} bytes")
        return tomllib.loads(text.decode())
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {_reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"not TOML: {error}") from error


def _flatten(document: dict[str, object], known: dict[str, Setting]) -> dict[str, object]:
    """Return {"sip.port": 5060, …}. Raises ConfigError for what is not a setting."""
    values = {}
    names = {setting.section for setting in known.values()}
    for section, body in document.items():
        if section not in names:
            raise _unknown(section, names, what="section")
        if not isinstance(body, dict):
            raise ConfigError(section, f"{body!r}, allowed: a section, [{section}]")
        for name, value in body.items():
            key = f"{section}.{name}"
            if key not in known:
                raise _unknown(key, known, what="setting")
            values[key] = value
    return values


def _parse_override(text: str, known: dict[str, Setting]) -> tuple[str, object]:
    """Read "section.key=value"; the value as TOML, or as plain text where text is wanted."""
    key, equals, raw = text.partition("=")
    key = key.strip()
    if not equals:
        raise ConfigError(text, "allowed: section.key=value")
    if key not in known:
        raise _unknown(key, known, what="setting")
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        value = raw
    if _outer_kind(known[key]) in (str, Path) and not isinstance(value, str):
        value = raw
    return key, value


def _convert(setting: Setting, value: object) -> object:
    """Return `value` as the field's type. Raises ConfigError with what is allowed."""
    kind = _outer_kind(setting)
    converted = _typed(kind, value)
    if converted is None:
        raise ConfigError(setting.key, f"{value!r}, allowed: {_KIND_NAMES[kind]}")
    if converted == Path() and setting.default is None:
        return None  # "" means: none
    if setting.key in RANGES and not RANGES[setting.key].admits(converted):
        raise ConfigError(setting.key, f"{value!r}, allowed: {RANGES[setting.key].allowed}")
    return converted


def _typed(kind: type, value: object) -> object | None:
    """Return `value` as `kind`, or None if it is of another type."""
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, bool):
        return None
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is tuple and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return value if kind in (int, bool, str) and isinstance(value, kind) else None


def _outer_kind(setting: Setting) -> type:
    """Return the field's type: Path for Path | None, tuple for tuple[str, ...]."""
    if isinstance(setting.kind, types.UnionType):
        return typing.cast("type", setting.kind.__args__[0])
    return typing.cast("type", typing.get_origin(setting.kind) or setting.kind)


def _build(values: dict[str, object]) -> sections.Config:
    config = sections.Config()
    for section in fields(config):
        prefix = f"{section.name}."
        chosen: dict[str, typing.Any] = {
            key.removeprefix(prefix): value
            for key, value in values.items()
            if key.startswith(prefix)
        }
        changes = {section.name: replace(getattr(config, section.name), **chosen)}
        config = replace(config, **changes)
    return config


def _check_together(config: sections.Config) -> None:
    """Check what two settings must agree on."""
    capture = config.capture
    if capture.port_last <= capture.port_first:
        raise ConfigError(
            "capture.port_last",
            f"{capture.port_last}, allowed: above capture.port_first, {capture.port_first}",
        )
    sip = config.sip
    if sip.tls_client_certificate != "off" and sip.tls_peers_file is None:
        raise ConfigError(
            "sip.tls_client_certificate",
            f"{sip.tls_client_certificate}, allowed: off, without sip.tls_peers_file",
        )
    _check_web(config.web)


def _check_web(web: sections.WebConfig) -> None:
    """Refuse plain HTTP beyond this machine: passwords and recordings would travel readable."""
    if not (web.is_on_loopback or web.browsers_use_https):
        raise ConfigError(
            "web.https",
            f"off, allowed: auto or on, since web.bind_address {web.bind_address} is not loopback "
            "and web.trusted_proxies names no proxy; plain HTTP is for this machine only",
        )
    if web.redirect_port and not web.speaks_https:
        raise ConfigError(
            "web.redirect_port", f"{web.redirect_port}, allowed: 0, where web.https is not on"
        )


def _with_whole_paths(config: sections.Config, base: Path) -> sections.Config:
    data = base / config.node.data_folder
    password_file = config.database.password_file
    passphrase_file = config.backup.passphrase_file
    return replace(
        config,
        node=replace(config.node, data_folder=data),
        sip=_with_whole_tls_paths(config.sip, data),
        web=replace(
            config.web,
            tls_certificate=data / config.web.tls_certificate,
            tls_key=data / config.web.tls_key,
        ),
        spool=replace(config.spool, folder=data / config.spool.folder),
        vault=replace(
            config.vault,
            folder=data / config.vault.folder,
            key_folder=data / config.vault.key_folder,
        ),
        backup=replace(
            config.backup, passphrase_file=data / passphrase_file if passphrase_file else None
        ),
        database=replace(
            config.database,
            url=_whole_url(config.database.url, data),
            password_file=data / password_file if password_file else None,
        ),
    )


def _with_whole_tls_paths(sip: sections.SipConfig, data: Path) -> sections.SipConfig:
    return replace(
        sip,
        tls_certificate=data / sip.tls_certificate,
        tls_key=data / sip.tls_key,
        tls_peers_file=data / sip.tls_peers_file if sip.tls_peers_file else None,
    )


def _whole_url(url: str, data: Path) -> str:
    scheme, _, rest = url.partition(":")
    return f"sqlite:{data / rest}" if scheme == "sqlite" and rest != ":memory:" else url


def _unknown(key: str, known: typing.Iterable[str], *, what: str) -> ConfigError:
    nearest = get_close_matches(key, known, n=1, cutoff=0)
    return ConfigError(key, f"no such {what}, nearest: {nearest[0]}")


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "not UTF-8"
