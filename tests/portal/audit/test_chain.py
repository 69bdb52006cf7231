"""The chain as values: what each sort of tampering shows."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from callvault.portal.audit.chain import (
    Finding,
    Kind,
    Problem,
    Statement,
    Walk,
    content_digest,
    genesis_digest,
    link_digest,
)
from callvault.vault import canonical
from callvault.vault.audit_key import AuditKey, AuditKeys, fingerprint_of

CHAIN = "0b9a3c52-7c0e-4b58-9a3b-0f6f1f1d2e3a"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = AuditKey(PRIVATE, fingerprint_of(PRIVATE.public_key()))
KEYS = AuditKeys({KEY.fingerprint: PRIVATE.public_key()})


@dataclass
class Link:
    """A link as it is stored, with its entry."""

    sequence: int
    content: dict[str, object] | None
    sealed: bytes
    digest: bytes


@dataclass
class Log:
    """A log of entries with its chain."""

    links: list[Link] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    def add(self, action: str) -> None:
        previous = self.links[-1].digest if self.links else genesis_digest(CHAIN)
        sequence = len(self.links) + 1
        content: dict[str, object] = {"id": sequence, "action": action}
        sealed = content_digest(content)
        digest = link_digest(previous, sequence, sealed)
        self.links.append(Link(sequence, content, sealed, digest))

    def sign(self, key: AuditKey = KEY) -> None:
        last = self.links[-1]
        told = Statement(
            Kind.HEAD, CHAIN, last.sequence, last.digest, "2026-11-23T14:25:30Z", key.fingerprint
        )
        self.statements.append(replace(told, signature=key.sign(told.message)))

    def seal_anew(self) -> None:
        """Compute all digests again, as somebody would who can write and has no key."""
        links, self.links = self.links, []
        for link in links:
            assert link.content is not None
            self.add(str(link.content["action"]))

    def findings(self) -> list[Finding]:
        return list(self._walked())

    def _walked(self) -> Iterator[Finding]:
        walk = Walk(CHAIN, KEYS)
        for link in self.links:
            yield from walk.link(
                link.sequence, link.sequence, link.content, link.sealed, link.digest
            )
            for statement in self.statements:
                if statement.sequence == link.sequence:
                    yield from walk.statement(statement)
        yield from walk.end(max((one.sequence for one in self.statements), default=0))


@pytest.fixture
def log() -> Log:
    made = Log()
    for action in ("signed_in", "played", "downloaded", "deleted", "signed_out"):
        made.add(action)
    made.sign()
    return made


def told(log: Log) -> list[tuple[Problem, int | None]]:
    return [(one.problem, one.sequence) for one in log.findings()]


def test_a_chain_that_nobody_touched_has_no_findings(log: Log) -> None:
    assert told(log) == []


def test_a_changed_entry_is_found_where_it_stands(log: Log) -> None:
    content = log.links[1].content
    assert content is not None
    content["action"] = "searched"
    assert told(log) == [(Problem.CHANGED, 2)]


def test_a_removed_entry_is_found(log: Log) -> None:
    log.links[1].content = None
    assert told(log) == [(Problem.REMOVED, 2)]


def test_a_removed_link_is_found(log: Log) -> None:
    del log.links[1:3]
    assert told(log) == [(Problem.REMOVED, 2)]


def test_entries_that_changed_places_are_found(log: Log) -> None:
    first, second = log.links[1], log.links[2]
    first.content, second.content = second.content, first.content
    assert told(log) == [(Problem.CHANGED, 2), (Problem.CHANGED, 3)]


def test_links_that_changed_places_are_found(log: Log) -> None:
    log.links[1], log.links[2] = (
        replace(log.links[2], sequence=2),
        replace(log.links[1], sequence=3),
    )
    assert [problem for problem, _ in told(log)] == [Problem.REORDERED] * 3


def test_a_chain_computed_anew_contradicts_what_was_signed(log: Log) -> None:
    content = log.links[1].content
    assert content is not None
    content["action"] = "searched"
    log.seal_anew()
    assert told(log) == [(Problem.REBUILT, 5)]


def test_a_missing_end_is_found(log: Log) -> None:
    del log.links[3:]
    assert told(log) == [(Problem.CUT_OFF, 4)]


def test_a_statement_of_an_unknown_key_proves_nothing(log: Log) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    log.statements.clear()
    log.sign(AuditKey(stranger, fingerprint_of(stranger.public_key())))
    assert told(log) == [(Problem.SIGNATURE, 5)]


def test_a_statement_that_was_changed_proves_nothing(log: Log) -> None:
    log.statements[0] = replace(log.statements[0], at="2026-11-24T00:00:00Z")
    assert told(log) == [(Problem.SIGNATURE, 5)]


def test_the_bytes_are_those_of_the_documentation() -> None:
    assert (
        canonical({"b": 1, "a": {"z": None, "é": "\n"}}) == rb'{"a":{"z":null,"\u00e9":"\n"},"b":1}'
    )
    assert genesis_digest(CHAIN).hex() == (
        "a97ae1df1bd46389ddf04f3f57fcae43e1961de575a088bfc4e1e0adecb4afa2"
    )
    assert link_digest(bytes(32), 1, bytes(32)).hex() == (
        "f82db6e0de46a257154926d5afb61585e77eab5df7f4c552ddb8cce2ea7e0d9a"
    )
