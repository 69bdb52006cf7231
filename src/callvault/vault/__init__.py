"""Sealed recordings: certificates, envelopes, sealed objects, stores.

`Keyring` knows the certificates of a node; `seal_key` and `open_key` put a key into an envelope
and take it out; `RecordingObjects` seals recordings into a `Store` and opens them again.
"""

from callvault.vault.audit_key import (
    AuditKey,
    AuditKeys,
    audit_key,
    audit_keys,
    read_audit_keys,
)
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
from callvault.vault.verification import Verification

__all__ = [
    "KEY_BYTES",
    "AuditKey",
    "AuditKeys",
    "Certificate",
    "CertificateInfo",
    "CertificatesInUse",
    "Entry",
    "Finding",
    "Found",
    "KeyKind",
    "KeyProtection",
    "KeyWatch",
    "Keyring",
    "Listed",
    "LocalStore",
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
    "Store",
    "StoredObject",
    "Subject",
    "Verification",
    "Waiting",
    "Writable",
    "add_certificate",
    "audit_key",
    "audit_keys",
    "create_first_certificates",
    "forget_request",
    "key_for",
    "key_protection",
    "load_certificate",
    "load_pfx",
    "load_private_key",
    "make_request",
    "make_self_signed",
    "node_key",
    "open_key",
    "read_audit_keys",
    "recipients",
    "rewrap",
    "seal_key",
    "stamp_of",
    "use_certificates",
    "waiting",
]
