"""Codes of faults and of plans as sentences: what is the matter, and what to do about it."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from callvault.portal.people.models import User
from callvault.portal.wording import grouped, language_named

from .planning import Row


class Told(NamedTuple):
    """What happened, and the way out."""

    what: str
    advice: str


_CERTIFICATE_ADVICE = gettext_lazy(
    "Upload the certificate of the authority that signed it, or renew the server's certificate."
)
_FAULTS = {
    "name_unknown": (
        gettext_lazy("The name %(host)s is not known here."),
        gettext_lazy("Check how it is spelt, and the DNS server of this machine."),
    ),
    "silent": (
        gettext_lazy("%(server)s does not answer in time."),
        gettext_lazy("Check address, port and the firewall between here and there."),
    ),
    "unreachable": (
        gettext_lazy("%(server)s takes no connection: %(reason)s."),
        gettext_lazy("Check address and port; LDAPS is often 636, LDAP with StartTLS 389."),
    ),
    "tls_silent": (
        gettext_lazy("%(server)s takes the connection, but does not answer by TLS."),
        gettext_lazy("This port may be that of StartTLS rather than of LDAPS."),
    ),
    "tls_failed": (
        gettext_lazy("%(server)s and this machine find no common TLS: %(reason)s."),
        gettext_lazy("TLS 1.2 is needed at least. This port may be that of StartTLS."),
    ),
    "tls_untrusted": (
        gettext_lazy("Nobody whom this machine trusts signed the certificate of %(server)s."),
        _CERTIFICATE_ADVICE,
    ),
    "tls_expired": (
        gettext_lazy("The certificate of %(server)s has expired."),
        gettext_lazy("Renew it on the server, and check the clock of this machine."),
    ),
    "tls_not_yet": (
        gettext_lazy("The certificate of %(server)s is not valid yet."),
        gettext_lazy("Check the clock of this machine and of the server."),
    ),
    "tls_name": (
        gettext_lazy("The certificate of %(server)s is for another name than %(host)s."),
        gettext_lazy("Enter the server by a name that stands in its certificate."),
    ),
    "starttls_refused": (
        gettext_lazy("%(server)s refuses StartTLS: %(reason)s."),
        gettext_lazy("Choose LDAPS, or set the server up for StartTLS."),
    ),
    "tls_wanted": (
        gettext_lazy("%(server)s takes no password without TLS."),
        gettext_lazy("Choose LDAPS or StartTLS."),
    ),
    "bind_refused": (
        gettext_lazy("%(server)s does not accept the account that reads, or its password."),
        gettext_lazy("Type both again. The account may be locked or expired."),
    ),
    "dn_wrong": (
        gettext_lazy("%(server)s cannot read a name as a DN: %(said)s."),
        gettext_lazy("A DN looks like CN=reader,OU=Service,DC=example,DC=com."),
    ),
    "base_missing": (
        gettext_lazy("%(base)s is not there, or the account may not see it."),
        gettext_lazy("Check where to search, and the rights of the account."),
    ),
    "filter_wrong": (
        gettext_lazy("The filter cannot be read: %(filter)s"),
        gettext_lazy("Each bracket needs its other, as in (&(objectClass=user)(mail=*))."),
    ),
    "size_limit": (
        gettext_lazy("%(server)s gives only a part of the people: its limit is reached."),
        gettext_lazy(
            "Raise the limit for the account that reads (size.prtotal with OpenLDAP), or narrow "
            "the filter."
        ),
    ),
    "time_limit": (
        gettext_lazy("%(server)s stopped searching: its time limit is reached."),
        gettext_lazy("Raise the limit for the account that reads, or index what the filter asks."),
    ),
    "referral": (
        gettext_lazy("A part of the people stands on another server: %(said)s."),
        gettext_lazy(
            "Search below a base that this server holds, and add the other one by itself."
        ),
    ),
    "no_paging": (
        gettext_lazy("%(server)s gives no pages (RFC 2696), so that a list may be cut short."),
        gettext_lazy("Allow the paged results control for the account that reads."),
    ),
    "no_access": (
        gettext_lazy("The account may not read below %(base)s."),
        gettext_lazy("Give it the right to read."),
    ),
    "gone": (
        gettext_lazy("%(server)s ended the connection."),
        gettext_lazy("The next run tries again. If it goes on, look into the server's log."),
    ),
    "busy": (
        gettext_lazy("%(server)s is busy."),
        gettext_lazy("The next run tries again."),
    ),
    "too_slow": (
        gettext_lazy("%(server)s takes too long."),
        gettext_lazy("Narrow the filter, or index the attributes that it asks for."),
    ),
    "too_large": (
        gettext_lazy("%(server)s sends more than is taken."),
        gettext_lazy("Narrow the filter."),
    ),
    "too_many": (
        gettext_lazy("There are more than %(count)s people."),
        gettext_lazy("Narrow the filter, or split the directory into several."),
    ),
    "sealed": (
        gettext_lazy("This node cannot open the password that was saved."),
        gettext_lazy(
            "Its file portal-secret-key is not that of the node where the password was typed. "
            "Copy that file here, or type the password again."
        ),
    ),
    "ldap": (
        gettext_lazy("%(server)s answers: %(said)s."),
        gettext_lazy("The server's log says more."),
    ),
    "webex_token": (
        gettext_lazy("Webex does not accept the token."),
        gettext_lazy("Enter a new one. A personal token ends after twelve hours."),
    ),
    "webex_refresh": (
        gettext_lazy("Webex does not accept client ID, client secret or refresh token."),
        gettext_lazy(
            "Authorize the service app in Control Hub again, and enter the tokens that it shows. "
            "A refresh token that nobody used for 90 days has ended."
        ),
    ),
    "webex_forbidden": (
        gettext_lazy("Webex does not let this token read people."),
        gettext_lazy("It needs the scope spark-admin:people_read of an administrator."),
    ),
    "webex_busy": (
        gettext_lazy("Webex asks to wait longer than a run may take."),
        gettext_lazy("The next run tries again. Make the schedule less frequent."),
    ),
    "webex_silent": (
        gettext_lazy("Webex does not answer (%(reason)s)."),
        gettext_lazy("Check that this machine may open connections to webexapis.com, port 443."),
    ),
    "webex_status": (
        gettext_lazy("Webex answers with %(status)s."),
        gettext_lazy("The next run tries again. To Cisco, quote %(tracking)s."),
    ),
    "webex_malformed": (
        gettext_lazy("What Webex answers cannot be read."),
        gettext_lazy("Check the address of the API, and a proxy in between."),
    ),
    "webex_elsewhere": (
        gettext_lazy("Webex leads to another address for the next page: %(host)s."),
        gettext_lazy("Enter that address as the one of the API, if it is Cisco's."),
    ),
    "webex_tls": (
        gettext_lazy("The certificate of %(host)s is not trusted here."),
        gettext_lazy("A proxy that opens TLS needs its authority among those of this machine."),
    ),
    "internal": (
        gettext_lazy("Something failed on our side."),
        gettext_lazy("The technical log of the worker says what."),
    ),
}
_UNKNOWN = (gettext_lazy("The directory could not be read (%(code)s)."), gettext_lazy(""))


class _Facts(dict[str, str]):
    """Values of a sentence; one that is missing leaves no gap that stops the page."""

    def __missing__(self, key: str) -> str:
        return "?"


def fault_told(code: str, values: Mapping[str, str]) -> Told:
    """Return a fault in two sentences."""
    what, advice = _FAULTS.get(code, _UNKNOWN)
    facts = _Facts({**values, "code": code})
    return Told(str(what) % facts, str(advice) % facts)


_FACT_LABELS = {
    "server": gettext_lazy("Server"),
    "host": gettext_lazy("Name"),
    "reason": gettext_lazy("Reason"),
    "said": gettext_lazy("What it says"),
    "count": gettext_lazy("Limit"),
    "seconds": gettext_lazy("Seconds"),
    "tracking": gettext_lazy("Tracking ID"),
}


def fault_facts(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the values of a fault with their names, to be copied from the page."""
    return [(str(_FACT_LABELS.get(key, key)), value) for key, value in values.items() if value]


_REASONS = {
    "no_id": gettext_lazy("The entry has no identity. Check the attribute of the identity."),
    "no_username": gettext_lazy("The entry has no user name (%(about)s is empty)."),
    "spoilt": gettext_lazy("%(about)s is no text, or too long."),
    "twice": gettext_lazy("Two entries have the identity %(id)s."),
    "twice_name": gettext_lazy("Two entries have the user name %(value)s."),
    "other_source": gettext_lazy("The user name belongs to a person of the directory %(source)s."),
    "administrator": gettext_lazy(
        "The user name belongs to the administrator %(name)s, whom no directory takes over."
    ),
    "by_hand": gettext_lazy("The user name belongs to %(name)s, who was made by hand."),
    "value": gettext_lazy("%(field)s %(value)s: %(why)s"),
    "supervisor": gettext_lazy("A group supervisor needs a group."),
    "taken_meanwhile": gettext_lazy("Somebody else got the same meanwhile. The next run tries."),
    "last_administrator": gettext_lazy("The last administrator stays."),
    "no_room": gettext_lazy(
        "All %(most)s places of the capacity are taken: not enabled. See Settings, Capacity."
    ),
    "catch_all": gettext_lazy("The user name is that of the catch-all user."),
    "gone": gettext_lazy("No longer in the directory."),
}


def reason_of(row: Row) -> str:
    """Return why a row is as it is; empty: there is nothing to say."""
    sentence = _REASONS.get(row.reason)
    if sentence is None:
        return ""
    facts = _Facts(row.told)
    if "field" in facts:
        facts["field"] = field_label(facts["field"])
    return str(sentence) % facts


def field_label(name: str) -> str:
    """Return the name of a person's field, with a capital."""
    label = str(User._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]


def share_told(removed: int, total: int, percent: int) -> str:
    """Return the sentence of the safety stop."""
    told = {"removed": number(removed), "total": number(total), "percent": percent}
    return (
        _(
            "It would take away %(removed)s of %(total)s people, more than %(percent)s%%: "
            "nothing was changed."
        )
        % told
    )


def number(count: int) -> str:
    """Return a number with its thousands apart, in the reader's language."""
    return grouped(count, language=language_named(get_language()))
