"""The overview of the global settings: what each page is set to now, in one line."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from callvault.errors import VaultError
from callvault.portal.access.models import OpenIdProvider, SignInSettings
from callvault.portal.api.models import ApiSettings, ApiToken
from callvault.portal.backups.standing import told as backup_told
from callvault.portal.certificates.changing import key_folder
from callvault.portal.directory.models import DirectorySource
from callvault.portal.exports.models import ExportSettings
from callvault.portal.gadget.models import GadgetSettings
from callvault.portal.integrity.models import IntegrityFinding, StampSettings
from callvault.portal.notifications.models import MailSettings
from callvault.portal.notifications.recording_models import RecordingMailSettings
from callvault.portal.people.gates import administrators_only
from callvault.portal.retention.rule import rule_in_force
from callvault.portal.retention.wording import rule_told
from callvault.portal.storage.models import StorageLocation
from callvault.vault import Keyring, Role

from .capacity_models import Limited, SystemCapacity
from .filter_models import NumberingPlan, RecordingFilter
from .menu import PAGES
from .mode_models import RecordingModes
from .models import SystemSettings, Trunk
from .pilot_models import PilotNumbers
from .rights import levels_in_force
from .search import found_settings

NAMES_TOLD = 3


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """One page: where it is, and what it is set to."""

    label: str
    url: str
    now: str


@require_safe
@never_cache
@administrators_only
def overview(request: HttpRequest) -> HttpResponse:
    """Show all pages with what is set now, or the settings that are searched for."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    context = {
        "text": text,
        "found": found_settings(text) if text else [],
        "overview": [
            (label, [_page(str(page), name) for page, name in pages]) for label, pages in PAGES
        ],
    }
    return render(request, "configuration/overview.html", context)


def _page(label: str, name: str) -> SettingsPage:
    return SettingsPage(label, reverse(name), NOW[name]())


def _general() -> str:
    row = SystemSettings.load()
    code = f"+{row.country_code}" if row.country_code else _("no country code")
    return ", ".join((row.zone, code))


def _trunks() -> str:
    return _named(list(Trunk.objects.order_by("name").values_list("name", flat=True)))


def _directories() -> str:
    return _named(list(DirectorySource.objects.order_by("name").values_list("name", flat=True)))


def _named(names: list[str]) -> str:
    if not names:
        return _("None")
    more = len(names) - NAMES_TOLD
    return ", ".join(names[:NAMES_TOLD]) + (f" +{more}" if more > 0 else "")


def _modes() -> str:
    count = len(RecordingModes.load().by_group)
    if not count:
        return _("As the trunks say")
    return ngettext(
        "%(count)d group has a mode of its own", "%(count)d groups have a mode of their own", count
    ) % {"count": count}


def _filters() -> str:
    count = RecordingFilter.objects.count()
    if not count:
        return _("None: every call of a recorded user is recorded")
    return ngettext("%(count)d filter", "%(count)d filters", count) % {"count": count}


def _pilots() -> str:
    row = PilotNumbers.load()
    told = [
        (_("recording pilot"), row.recording_prefix),
        (_("live-keep pilot"), row.live_keep_prefix),
        (_("automated dial-in pilot"), row.automated_prefix),
    ]
    parts = [f"{label} {number}" for label, number in told if number]
    if row.dial_in:
        count = len(row.dial_in)
        text = ngettext("%(count)d dial-in number", "%(count)d dial-in numbers", count)
        parts.append(text % {"count": count})
    return ", ".join(parts) or _("None")


def _plan() -> str:
    row = NumberingPlan.load()
    prefixes = ", ".join(row.international_prefixes) or _("none")
    return _("International prefixes: %(prefixes)s") % {"prefixes": prefixes}


def _gadget() -> str:
    return (
        _named(list(GadgetSettings.load().origins)) if GadgetSettings.load().origins else _("Off")
    )


def _capacity() -> str:
    row = SystemCapacity.load()
    most = {Limited.USERS: row.most_users, Limited.CHANNELS: row.most_channels}
    label = str(Limited(row.model).label)
    number = most.get(Limited(row.model))
    return f"{label}: {number}" if number else label


def _certificates() -> str:
    try:
        count = len(Keyring.load(key_folder()).current(Role.ARCHIVE))
    except (VaultError, OSError):
        return _("No certificate can be used")
    return ngettext(
        "Recordings are sealed to %(count)d certificate",
        "Recordings are sealed to %(count)d certificates",
        count,
    ) % {"count": count}


def _export() -> str:
    row = ExportSettings.load()
    if row.is_off:
        return _("Off")
    return f"{row.get_mode_display().partition(':')[0]}: {row.place}"


def _storage() -> str:
    current = StorageLocation.current()
    return current.name if current is not None else _("In the folder of each node")


def _permissions() -> str:
    levels = levels_in_force()
    told = {"download": str(levels.download.label), "delete": str(levels.delete.label)}
    return _("Download: %(download)s. Delete: %(delete)s.") % told


def _sign_in() -> str:
    row = SignInSettings.load()
    provider = OpenIdProvider.load()
    factor = str(row.get_second_factor_display())
    parts = [_("Second factor: %(who)s") % {"who": factor}]
    if provider.enabled:
        parts.append(provider.label or provider.issuer)
    return ", ".join(parts)


def _tokens() -> str:
    if not ApiSettings.load().enabled:
        return _("Off: the API answers nobody by token")
    usable = ApiToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now()).count()
    return ngettext("%(count)d token can be used", "%(count)d tokens can be used", usable) % {
        "count": usable
    }


def _mail() -> str:
    row = MailSettings.load()
    return f"{row.host}:{row.port}" if row is not None else _("None: no mail is sent")


def _recording_mail() -> str:
    row = RecordingMailSettings.load()
    if row.limit_mb is None:
        return _("Recordings of any size go with the mail, as far as mail takes them")
    return _("Recordings up to %(size)d MB go with the mail") % {"size": row.limit_mb}


def _backup() -> str:
    return backup_told(timezone.now())


def _integrity() -> str:
    wrong = IntegrityFinding.objects.count()
    if wrong:
        text = ngettext("%(count)d thing was changed", "%(count)d things were changed", wrong)
        return text % {"count": wrong}
    settings = StampSettings.objects.first()
    host = urlsplit(settings.url).hostname if settings is not None else ""
    return (
        _("Days are signed, and stamped by %(host)s") % {"host": host}
        if host
        else _("Days are signed")
    )


def _retention() -> str:
    return rule_told(rule_in_force())


NOW: dict[str, Callable[[], str]] = {
    "configuration:general": _general,
    "configuration:trunks": _trunks,
    "configuration:modes": _modes,
    "configuration:filters": _filters,
    "configuration:pilots": _pilots,
    "configuration:plan": _plan,
    "gadget:settings": _gadget,
    "configuration:capacity": _capacity,
    "certificates:index": _certificates,
    "retention:rule": _retention,
    "exports:settings": _export,
    "integrity:settings": _integrity,
    "storage:index": _storage,
    "configuration:permissions": _permissions,
    "access:settings": _sign_in,
    "directory:index": _directories,
    "tokens:all": _tokens,
    "notifications:mail": _mail,
    "notifications:recording_mail": _recording_mail,
    "backups:index": _backup,
}
"""What is told of each page."""
