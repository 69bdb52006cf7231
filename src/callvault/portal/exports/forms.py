"""Forms of data export: its settings, and the days of a back-fill."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.vault.smb_session import ShareAddress

from .models import LONGEST_WAIT_HOURS, ExportMode, ExportSettings, TargetKind

PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ExportForm(forms.Form):
    """Whether recordings are exported, and where to; or tries the target as typed."""

    mode = forms.ChoiceField(label=gettext_lazy("Export"), choices=ExportMode.choices)
    place = forms.CharField(
        label=gettext_lazy("Network path"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs=PLAIN),
        help_text=gettext_lazy(r"Such as \\nas-backup\VoiceRecordings. No path of this machine."),
    )
    port = forms.IntegerField(
        label=gettext_lazy("Port"),
        min_value=1,
        max_value=65535,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=gettext_lazy("Empty: the usual one."),
    )
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs=PLAIN),
        help_text=gettext_lazy(r"DOMAIN\user, or a user of the server itself."),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    wait_hours = forms.IntegerField(
        label=gettext_lazy("Retention waits, in hours"),
        min_value=0,
        max_value=LONGEST_WAIT_HOURS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=gettext_lazy(
            "A recording whose time is over stays so much longer while its export waits. Then it "
            "is deleted, exported or not, and the page of retention says so."
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, row: ExportSettings, **kwargs: Any) -> None:
        """Show what is set; the password is explained by whether there is one."""
        super().__init__(*args, **kwargs)
        self._row = row
        names = ("mode", "place", "port", "username", "wait_hours", "version")
        self.initial = {name: getattr(row, name) for name in names}
        self.fields["password"].help_text = (
            _("One is set. Type another to change it; leave this empty to keep it.")
            if row.sealed_password
            else _("Kept sealed, and shown to nobody.")
        )

    def clean_place(self) -> str:
        """Take a path as Windows writes it, or with slashes."""
        text = str(self.cleaned_data["place"]).strip()
        if not text:
            return ""
        try:
            return str(ShareAddress.parse(text))
        except ValueError:
            told = _(r"Write it as \\server\share or \\server\share\folder.")
            raise forms.ValidationError(told) from None

    def clean_username(self) -> str:
        """Take it without blanks around it."""
        return str(self.cleaned_data["username"]).strip()

    def clean(self) -> dict[str, Any]:
        """Ask for what the target needs, where it is used."""
        cleaned = super().clean() or {}
        if cleaned.get("mode") == ExportMode.OFF and "test" not in self.data:
            return cleaned
        for name in ("place", "username"):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("Export needs it."))
        if cleaned.get("username") and not cleaned.get("password"):
            self._must_keep_password(cleaned)
        return cleaned

    def _must_keep_password(self, cleaned: dict[str, Any]) -> None:
        """Refuse to go without a password, or to send the one that is kept to another server."""
        if not self._row.sealed_password:
            self.add_error("password", _("Type the password that belongs to this user name."))
        elif _server_of(cleaned.get("place") or "") != _server_of(self._row.place):
            self.add_error("password", _("Type the password anew: the server is another one."))

    def fill(self, row: ExportSettings) -> None:
        """Put into the row what was typed; call after `is_valid`."""
        typed = self.cleaned_data
        row.mode, row.kind = typed["mode"], TargetKind.SMB
        row.place, row.port, row.username = typed["place"], typed["port"], typed["username"]
        row.wait_hours = typed["wait_hours"]
        if not row.username:
            row.password = ""
        elif typed["password"]:
            row.password = typed["password"]

    def as_typed(self) -> ExportSettings:
        """Return settings as the form has them, unsaved; call after `is_valid`."""
        row = ExportSettings(sealed_password=self._row.sealed_password)
        self.fill(row)
        return row

    @property
    def is_on(self) -> bool:
        """Whether the form, as shown, exports."""
        return str(self["mode"].value()) != ExportMode.OFF


class BackfillForm(forms.Form):
    """Days whose recordings are exported after all."""

    first_day = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        """Refuse days that run backwards."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("It is before the first day."))
        return cleaned


def _server_of(place: str) -> str:
    return place.lstrip("\\").partition("\\")[0].lower()
