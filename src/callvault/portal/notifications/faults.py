"""Why a mail did not go, in words for administrators."""

from django.utils.translation import gettext_lazy as _

from callvault.errors import CallvaultError


class MailFault(CallvaultError):
    """A mail was not taken; `kind` says where it ended, `said` what the other side answered."""

    def __init__(self, kind: str, said: str = "", *, passes: bool = False) -> None:
        super().__init__(f"mail not sent: {kind}{f' ({said})' if said else ''}")
        self.kind = kind
        self.said = said
        self.passes = passes  # whether trying again may help


_WORDS = {
    "name": (
        _("%(host)s is not known."),
        _("DNS has no address for this name. Look at its spelling."),
    ),
    "refused": (
        _("%(host)s refused a connection to port %(port)s."),
        _("Nothing listens there, or a firewall refuses: look at the port."),
    ),
    "unreachable": (
        _("%(host)s cannot be reached."),
        _("There is no way to it from this machine. Look at network and firewall."),
    ),
    "timeout": (
        _("%(host)s did not answer in time."),
        _("A firewall may drop what is sent, or the encryption does not fit the port."),
    ),
    "tls": (
        _("Encryption with %(host)s failed."),
        _("With STARTTLS the port is usually 587, with TLS from the first byte 465."),
    ),
    "certificate": (
        _("The certificate of %(host)s is not trusted."),
        _("Nobody known vouches for it, it has expired, or it is for another name."),
    ),
    "no_starttls": (
        _("%(host)s does not offer STARTTLS on port %(port)s."),
        _("Choose TLS from the first byte, or another port."),
    ),
    "greeting": (
        _("What answers on port %(port)s did not greet as a mail server."),
        _("Look at port and encryption."),
    ),
    "no_login": (
        _("%(host)s takes no user name and password here."),
        _("Leave the user name empty, or encrypt: many servers ask only then."),
    ),
    "login": (
        _("%(host)s did not accept the user name or the password."),
        _("Some services want an application password in place of the usual one."),
    ),
    "sender": (
        _("%(host)s refused the sender's address."),
        _("Use an address that this user may send from."),
    ),
    "recipient": (
        _("%(host)s refused the recipient's address."),
        _("It may be unknown there, or the server wants a user name before it sends on."),
    ),
    "message": (
        _("%(host)s did not take the mail."),
        _("Its answer says why."),
    ),
    "dropped": (
        _("%(host)s hung up."),
        _("Look at the log of the mail server."),
    ),
    "sealed": (
        _("The password of the mail server cannot be opened on this machine."),
        _("Its portal-secret-key is another one. Type the password anew, or copy the key."),
    ),
    "not_set_up": (_("Mail is not set up."), _("Name a mail server in the settings.")),
    "audio": (
        _("The recording that should travel with the mail cannot be read now."),
        _("Its store may be away. The mail waits for it."),
    ),
}


def explained(fault: MailFault, *, host: str, port: int) -> tuple[str, str]:
    """Return what happened, and what to do about it."""
    told = {"host": host, "port": str(port)}
    what, remedy = _WORDS[fault.kind]
    return str(what) % told, str(remedy) % told
