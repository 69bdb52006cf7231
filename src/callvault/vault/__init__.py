"""Sealed recordings: certificates, envelopes, sealed objects, stores.

`Keyring` knows the certificates of a node; `seal_key` and `open_key` put a key into an envelope
and take it out; `RecordingObjects` seals recordings into a `Store` and opens them again.
"""

from callvault.vault.audit_key import (
    FOLDER as AUDIT_FOLDER,
)
from callvault.vault.audit_key import (
    AuditKey,
    AuditKeys,
    audit_key,
    audit_keys,
    read_audit_keys,
)
from callvault.vault.canonical import canonical
from callvault.vault.certificates import (
    Certificate,
    CertificateInfo,
    KeyKind,
    PrivateKey,
    load_certificate,
    load_pfx,
    load_private_key,
    make_self_signed,
)
from callvault.vault.envelope import PrivateKeys, open_key, recipients, seal_key
from callvault.vault.findings import Finding, Found, Listed, Report
from callvault.vault.key_watch import CertificatesInUse, KeyWatch, stamp_of
from callvault.vault.keyring import (
    Entry,
    Keyring,
    Role,
    add_certificate,
    create_first_certificates,
    use_certificates,
)
from callvault.vault.local import LocalStore
from callvault.vault.merkle import leaf_hash, paths_to, root_by, root_of
from callvault.vault.node_key import KEY_BYTES, node_key
from callvault.vault.objects import (
    ObjectKind,
    ObjectSealer,
    RecordingObjects,
    RecordingResealer,
    RecordingSealer,
    SealedObject,
    SealedRecording,
)
from callvault.vault.protection import State as KeyProtection
from callvault.vault.protection import state_of as key_protection
from callvault.vault.recording_log import (
    CONTENT_FORMAT,
    DayHead,
    EntryKind,
    HeadWalk,
    LogEntry,
    LogFinding,
    LogProblem,
    content_digest,
    genesis,
    problem_of_signature,
    problems_of_lines,
)
from callvault.vault.rewrap import rewrap
from callvault.vault.sealed import Seal, SealedReader, SealedWriter
from callvault.vault.signing_request import (
    Subject,
    Waiting,
    forget_request,
    key_for,
    make_request,
    waiting,
)
from callvault.vault.store import Store, StoredObject, Writable
from callvault.vault.time_stamp import (
    MAX_ANSWER_BYTES,
    StampRefused,
    StampRequest,
    TimeStamp,
    read_authorities,
    read_stamp,
    stamp_request,
)
from callvault.vault.verification import Verification

__all__ = [
    "AUDIT_FOLDER",
    "CONTENT_FORMAT",
    "KEY_BYTES",
    "MAX_ANSWER_BYTES",
    "AuditKey",
    "AuditKeys",
    "Certificate",
    "CertificateInfo",
    "CertificatesInUse",
    "DayHead",
    "Entry",
    "EntryKind",
    "Finding",
    "Found",
    "HeadWalk",
    "KeyKind",
    "KeyProtection",
    "KeyWatch",
    "Keyring",
    "Listed",
    "LocalStore",
    "LogEntry",
    "LogFinding",
    "LogProblem",
    "ObjectKind",
    "ObjectSealer",
    "PrivateKey",
    "PrivateKeys",
    "RecordingObjects",
    "RecordingResealer",
    "RecordingSealer",
    "Report",
    "Role",
    "Seal",
    "SealedObject",
    "SealedReader",
    "SealedRecording",
    "SealedWriter",
    "StampRefused",
    "StampRequest",
    "Store",
    "StoredObject",
    "Subject",
    "TimeStamp",
    "Verification",
    "Waiting",
    "Writable",
    "add_certificate",
    "audit_key",
    "audit_keys",
    "canonical",
    "content_digest",
    "create_first_certificates",
    "forget_request",
    "genesis",
    "key_for",
    "key_protection",
    "leaf_hash",
    "load_certificate",
    "load_pfx",
    "load_private_key",
    "make_request",
    "make_self_signed",
    "node_key",
    "open_key",
    "paths_to",
    "problem_of_signature",
    "problems_of_lines",
    "read_audit_keys",
    "read_authorities",
    "read_stamp",
    "recipients",
    "rewrap",
    "root_by",
    "root_of",
    "seal_key",
    "stamp_of",
    "stamp_request",
    "use_certificates",
    "waiting",
]
