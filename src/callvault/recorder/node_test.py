"""Whether a node can be reached where its peers are told to: by OPTIONS, by ports, by open files.

Runs on the node itself, beside its recorder, and blocks for some seconds. What it cannot see is
what lies between the node and its peers: firewalls, translation, routes.
"""

import errno
import secrets
import socket
import ssl
from contextlib import suppress

from cryptography import x509

from callvault.config.sections import CaptureConfig
from callvault.monitoring.reachability import NodeAddress, NodeCheck, Outcome
from callvault.recorder.capacity import FILES_FOR_OTHERS, FILES_PER_CALL
from callvault.sip.flow import HostPort
from callvault.sip.sockets import bound_socket, shown

TIMEOUT_S = 2.0
_SENT_AGAIN_S = 0.5
_TIMES_SENT = 3
_MEDIA_PORTS_TRIED = 32
_ANSWER_BYTES = 4096


def check_node(
    address: NodeAddress, capture: CaptureConfig, *, open_file_limit: int
) -> list[NodeCheck]:
    """Check all of it. `open_file_limit` is the recorder's; 0: it does not run."""
    checks: list[NodeCheck] = []
    for host in address.addresses:
        checks.append(_udp((host, address.sip_port)))
        checks.append(_tcp((host, address.sip_port)))
        if address.tls_port:
            checks.append(_tls((host, address.tls_port)))
    return [*checks, _media_ports(capture), _open_files(address, open_file_limit)]


def _udp(target: HostPort) -> NodeCheck:
    """Ask for a sign of life. Silence proves nothing: a stranger gets no answer."""
    values = {"target": shown(target)}
    try:
        status = _asked_by_udp(target)
    except OSError as error:
        return NodeCheck("udp", Outcome.FAILED, values | {"reason": _reason(error)})
    outcome = Outcome.PASSED if status else Outcome.UNKNOWN
    return NodeCheck("udp", outcome, values | {"status": status})


def _asked_by_udp(target: HostPort) -> str:
    """Return the status of an answer; nothing if none came. Raises OSError if nobody listens.

    Only a connected socket hears that nobody listens. But from another address of this machine
    the answer may come than the one that was asked, and a connected socket does not take that.
    """
    with _socket(target, socket.SOCK_DGRAM) as wire:
        wire.connect(target)
        if status := _answer_to(wire, target, times=1):
            return status
    with _socket(target, socket.SOCK_DGRAM) as wire:
        return _answer_to(wire, target, times=_TIMES_SENT)


def _answer_to(wire: socket.socket, target: HostPort, *, times: int) -> str:
    """Send one request so often, and return the status of an answer; nothing if none came."""
    wire.settimeout(_SENT_AGAIN_S)
    message = _options(wire, target, "UDP")
    branch = message.partition(b"branch=")[2].partition(b"\r")[0]
    for _ in range(times):
        wire.sendto(message, target)
        with suppress(TimeoutError):
            answer = wire.recv(_ANSWER_BYTES)
            return _status(answer) if branch in answer else ""
    return ""


def _tcp(target: HostPort) -> NodeCheck:
    """Connect, then ask for a sign of life; to be connected is to be reached."""
    values = {"target": shown(target)}
    try:
        with _socket(target, socket.SOCK_STREAM) as wire:
            wire.settimeout(TIMEOUT_S)
            wire.connect(target)
            values["status"] = _asked(wire, target, "TCP")
    except OSError as error:
        return NodeCheck("tcp", Outcome.FAILED, values | {"reason": _reason(error)})
    return NodeCheck("tcp", Outcome.PASSED, values)


def _tls(target: HostPort) -> NodeCheck:
    """Shake hands, look at the certificate, then ask for a sign of life."""
    values = {"target": shown(target)}
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whether peers trust it is theirs to say
    try:
        with _socket(target, socket.SOCK_STREAM) as wire:
            wire.settimeout(TIMEOUT_S)
            wire.connect(target)
            with context.wrap_socket(wire) as secured:
                values |= _certificate(secured, target[0])
                values["status"] = _asked(secured, target, "TLS")
    except OSError as error:
        return NodeCheck("tls", Outcome.FAILED, values | {"reason": _reason(error)})
    return NodeCheck("tls", Outcome.PASSED, values)


def _certificate(secured: ssl.SSLSocket, host: str) -> dict[str, str]:
    """Return when the certificate ends, and whether it names the address."""
    shown_certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    ends = shown_certificate.not_valid_after_utc.date().isoformat()
    try:
        names = shown_certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        alternatives = [str(getattr(name, "value", "")) for name in names.value]
    except x509.ExtensionNotFound:
        alternatives = []
    return {"ends": ends, "names_it": "yes" if host in alternatives else ""}


def _asked(wire: socket.socket, target: HostPort, transport: str) -> str:
    """Return the status of an answer to OPTIONS; nothing if none came."""
    try:
        wire.sendall(_options(wire, target, transport))
        return _status(wire.recv(_ANSWER_BYTES))
    except OSError:
        return ""


def _socket(target: HostPort, kind: socket.SocketKind) -> socket.socket:
    """Return a socket that comes from loopback if the target is this machine.

    The trunk "This machine" lets loopback in, so that an answer comes.
    """
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    wire = socket.socket(family, kind)
    if _is_here(target[0], family):
        with suppress(OSError):
            wire.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    return wire


def _is_here(host: str, family: socket.AddressFamily) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


def _options(wire: socket.socket, target: HostPort, transport: str) -> bytes:
    """Build an OPTIONS request outside a dialog (RFC 3261, section 11)."""
    ours, theirs = shown(wire.getsockname()[:2]), shown(target)
    return (
        f"OPTIONS sip:{theirs} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} {ours};rport;branch=z9hG4bK{secrets.token_hex(8)}\r\n"
        f"Max-Forwards: 1\r\n"
        f"From: <sip:node-test@{ours}>;tag={secrets.token_hex(4)}\r\n"
        f"To: <sip:{theirs}>\r\n"
        f"Call-ID: {secrets.token_hex(8)}\r\n"
        f"CSeq: 1 OPTIONS\r\n"
        f"User-Agent: Callvault node test\r\n"
        f"Content-Length: 0\r\n\r\n"
    ).encode()


def _status(answer: bytes) -> str:
    """Return the status code of an answer, as digits."""
    parts = answer[:32].split(b" ")
    is_answer = len(parts) > 1 and parts[0] == b"SIP/2.0" and parts[1].isdigit()
    return parts[1].decode("ascii") if is_answer else ""


def _media_ports(capture: CaptureConfig) -> NodeCheck:
    """Bind some ports of the range for a moment. One in use serves a call, and is no fault."""
    step = max((capture.port_last - capture.port_first) // _MEDIA_PORTS_TRIED // 2 * 2, 2)
    tried = range(capture.port_first, capture.port_last + 1, step)
    free, reason = 0, ""
    for port in tried:
        try:
            bound_socket(capture.bind_address, port, socket.SOCK_DGRAM).close()
            free += 1
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = _reason(error)
    values = {"free": str(free), "tried": str(len(tried)), "reason": reason}
    return NodeCheck("media_ports", Outcome.PASSED if free else Outcome.FAILED, values)


def _open_files(address: NodeAddress, limit: int) -> NodeCheck:
    """Compare the calls that files allow with those that ports allow, two streams a call."""
    calls_by_ports = (address.media_last - address.media_first + 1) // 4
    calls = max(limit - FILES_FOR_OTHERS, 0) // FILES_PER_CALL
    values = {"limit": str(limit), "calls": str(calls), "calls_by_ports": str(calls_by_ports)}
    if not limit:
        return NodeCheck("open_files", Outcome.UNKNOWN, values)
    outcome = Outcome.PASSED if calls >= calls_by_ports else Outcome.REMARK
    return NodeCheck("open_files", outcome, values)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
