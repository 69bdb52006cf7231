"""The page of limits and the code say the same, and no bound is left out."""

import inspect
import pkgutil
import re
from functools import reduce
from importlib import import_module
from operator import mul
from pathlib import Path
from typing import Any

import pytest

import callvault

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/limits.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<bound>[^|]+) \| [^|]+ \| `(?P<code>[^`]+)` \|$", re.M)
ROWS = [(found["code"], found["bound"]) for found in ROW.finditer(PAGE)]
PACKAGES = ("sip", "sdp", "siprec", "rtp", "recorder")
BOUND = re.compile(r"^(MAX_[A-Z_]+) = ", re.M)
OUR_OWN = {
    # Bounds of what we make ourselves, or of texts that only people read.
    *("sip.strangers.MAX_TEXT", "sip.layer.MAX_STRANGER_BYTES", "sip.udp.MAX_KNOWN_PEERS"),
    *("sip.inside.MAX_RETRY_AFTER_S", "sip.own_requests.MAX_INTERVAL_S", "sip.probe.MAX_BYTES"),
    *("sip.dialog.MAX_SESSION_ID", "sip.digest.MAX_ANSWERS", "rtp.sequence.MAX_MISORDER"),
    *("sip.peer_names.MAX_NAMES", "sip.peer_names.MAX_NAME"),
    *("siprec.correlation.MAX_IDS", "siprec.view.MAX_HINTS", "siprec.details.MAX_DETAILS"),
    *("siprec.genesys.MAX_KEYS", "siprec.hints.MAX_OWNERS"),
    *("sip.client.MAX_TRANSACTIONS", "sip.client.MAX_CONNECTIONS"),  # of the simulator
}


@pytest.mark.parametrize(("code", "bound"), ROWS, ids=[code for code, _ in ROWS])
def test_a_row_says_what_the_code_does(code: str, bound: str) -> None:
    number = re.search(r"[0-9][0-9,]*", bound)
    assert number is not None
    assert float(number[0].replace(",", "")) == _value(code)


def test_every_bound_of_what_comes_from_outside_has_its_row() -> None:
    assert set(_bounds()) - {code for code, _ in ROWS} - OUR_OWN == set()


def _value(code: str) -> float:
    path, _, constant = code.partition(" ")
    if constant:
        return _rust(ROOT / path, constant)
    if code.endswith(")"):
        owner, _, parameter = code[:-1].rpartition("(")
        return float(inspect.signature(_named(owner)).parameters[parameter].default)
    owner, _, name = code.rpartition(".")
    found = _named(owner)
    return float(getattr(found() if inspect.isclass(found) else found, name))


def _named(path: str) -> Any:
    """Return a module, or a class in one."""
    module, _, name = path.rpartition(".")
    if name[:1].isupper():
        return getattr(import_module(f"callvault.{module}"), name)
    return import_module(f"callvault.{path}")


def _rust(path: Path, constant: str) -> float:
    found = re.search(rf"const {constant}: \w+ = ([0-9_ *]+);", path.read_text(encoding="utf-8"))
    assert found is not None
    return float(reduce(mul, (int(factor) for factor in found[1].replace("_", "").split("*"))))


def _bounds() -> list[str]:
    return [
        f"{module.name.removeprefix('callvault.')}.{name}"
        for module in pkgutil.walk_packages(callvault.__path__, "callvault.")
        if module.name.split(".")[1] in PACKAGES and not module.ispkg
        for name in BOUND.findall(_source(module.name))
    ]


def _source(name: str) -> str:
    path = ROOT / "src" / Path(*name.split(".")).with_suffix(".py")
    return path.read_text(encoding="utf-8")
