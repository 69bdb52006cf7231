"""All errors of Callvault, in one tree. A class says what the caller can do.

    CallvaultError
    ├── ProtocolError                sip_status = 400: the peer's message breaks a rule
    │   ├── RemoteProtocolError      answer, count, go on
    │   ├── OfferRefused             sip_status = 488: no codec or stream that can be recorded
    │   └── RtpHeaderError           offset
    ├── CaptureError                 media cannot be received
    │   └── PortsExhausted           sip_status = 503: the SRC may try another SRS
    ├── SpoolError                   the journal cannot be written or read
    │   ├── SpoolFull                sip_status = 503
    │   └── JournalDamaged           offset, readable_until
    ├── VaultError                   permanent: trying again will not help
    │   ├── KeyUnavailable           which certificate is missing
    │   ├── SealBroken               the object is not what was sealed
    │   └── ObjectMissing            the store has no such object
    ├── BackupRefused                a backup that is damaged, newer, foreign, or has no place here
    ├── CatalogueUnreachable         the database is locked, slow or away: try again later
    ├── AudioError                   a payload, setting or file the audio part cannot handle
    ├── AccessDenied
    └── ConfigError                  key, value, what is allowed

Messages say what, where and which value, in lower case, without a stop. They never carry keys,
telephone numbers or audio, since they reach the log.
"""


class CallvaultError(Exception):
    """Root of all errors that Callvault raises on purpose."""


class ProtocolError(CallvaultError):
    """A message or sequence of messages breaks a rule of its protocol."""

    sip_status = 400


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule: answer with `sip_status`, count, go on."""


class OfferRefused(ProtocolError):
    """The SDP offer holds nothing that can be recorded."""

    sip_status = 488


class RtpHeaderError(ProtocolError):
    """A datagram is not RTP; `offset` is the byte that could not be read."""

    def __init__(self, message: str, *, offset: int) -> None:
        super().__init__(f"{message} at byte {offset}")
        self.offset = offset


class TlsPortTaken(OSError):
    """SIP over UDP and TCP could be bound, and over TLS not: another port, or none, would do."""


class CaptureError(CallvaultError):
    """Media cannot be received."""


class PortsExhausted(CaptureError):
    """No media port is free; the SRC may try another SRS."""

    sip_status = 503


class SpoolError(CallvaultError):
    """The spool cannot be written or read."""


class SpoolFull(SpoolError):
    """The spool's file system has no room for another call."""

    sip_status = 503


class JournalDamaged(SpoolError):
    """A journal cannot be read past `offset`; the blocks before `readable_until` are whole."""

    def __init__(self, message: str, *, offset: int, readable_until: int) -> None:
        super().__init__(f"{message} at byte {offset}")
        self.offset = offset
        self.readable_until = readable_until


class VaultError(CallvaultError):
    """A sealed object cannot be written or read; `permanent` when trying again will not help."""

    permanent = False


class KeyUnavailable(VaultError):
    """No private key here opens the object. `certificates` are those that would."""

    permanent = True

    def __init__(self, message: str, *, certificates: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.certificates = certificates


class SealBroken(VaultError):
    """The object is not what was sealed: changed, cut, or of another recording."""

    permanent = True

    def __init__(self, message: str, *, object_id: str) -> None:
        super().__init__(f"{message}: {object_id}")
        self.object_id = object_id


class ObjectMissing(VaultError):
    """The store has no object under that name."""

    permanent = True


class LegalHoldActive(CallvaultError):
    """Something under a legal hold was to be destroyed: it stays until two persons release it."""


class BackupRefused(CallvaultError):
    """A backup cannot be made or put back as asked; nothing was changed."""


class CatalogueUnreachable(CallvaultError):
    """The database is locked, read-only, slow or away: the same may succeed later."""


class AudioError(CallvaultError):
    """A payload or an audio setting that cannot be handled."""


class AccessDenied(CallvaultError):
    """The person may not do this."""


class ConfigError(CallvaultError):
    """A setting is wrong: `key` says which, the message what is allowed."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key
