"""A vault that is away is noticed once, and asked until it is back."""

from callvault.errors import KeyUnavailable, VaultError
from callvault.finalise.store_gate import LAST_PROBE_S, StoreGate


class Vault:
    """A store whose health is set by hand."""

    def __init__(self) -> None:
        self.trouble = ""
        self.probes = 0

    def probe(self) -> None:
        self.probes += 1
        if self.trouble:
            raise VaultError(self.trouble)


def test_a_failure_that_may_pass_closes_the_gate_only_if_the_store_is_ill() -> None:
    vault = Vault()
    gate = StoreGate(vault.probe)
    assert not gate.failed(VaultError("one object"), now_s=0)
    assert gate.trouble == ""
    vault.trouble = "no space left"
    assert gate.failed(VaultError("one object"), now_s=1)
    assert gate.trouble == "no space left"
    assert not gate.failed(VaultError("another"), now_s=1)  # it is no news


def test_what_will_never_pass_is_the_journals_own_trouble() -> None:
    vault = Vault()
    vault.trouble = "gone"
    gate = StoreGate(vault.probe)
    assert not gate.failed(KeyUnavailable("no key"), now_s=0)
    assert not gate.failed(OSError("spool"), now_s=0)
    assert vault.probes == 0


def test_a_closed_gate_is_probed_ever_more_seldom_and_opens_once() -> None:
    vault = Vault()
    vault.trouble = "gone"
    gate = StoreGate(vault.probe)
    gate.failed(VaultError("one object"), now_s=0)
    for second in range(600):
        assert not gate.look(now_s=second)
    assert 10 <= vault.probes <= 16
    vault.trouble = ""
    opened = [gate.look(now_s=600 + second) for second in range(int(LAST_PROBE_S) + 1)]
    assert opened.count(True) == 1
    assert gate.trouble == ""
