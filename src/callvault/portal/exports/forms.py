"""Forms of data export: its settings, and the days of a back-fill."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.export.sftp_address import SftpAddress
from callvault.vault.smb_session import ShareAddress

from .models import LONGEST_WAIT_HOURS, ExportMode, ExportSettings, TargetKind

_DAYS = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(2999, 12, 31))]
PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ExportForm(forms.Form):
    """Whether recordings are exported, and where to; or tries the target as typed."""

    mode = forms.ChoiceField(label=gettext_lazy("Export"), choices=ExportMode.choices)
    kind = forms.ChoiceField(label=gettext_lazy("Target"), choices=TargetKind.choices)
    place = forms.CharField(
        label=gettext_lazy("Network path"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs=PLAIN),
        help_text=gettext_lazy(
            r"Such as \\nas-backup\VoiceRecordings, or sftp://files.example.com/recordings. "
            "No path of this machine."
        ),
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
    fingerprint = forms.CharField(
        label=gettext_lazy("Key of the server"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs=PLAIN),
        help_text=gettext_lazy(
            "SHA256:… as its administrator tells it. Test access fills it in where it is empty: "
            "compare it before you save."
        ),
    )
    private_key = forms.CharField(
        label=gettext_lazy("Private key in place of the password"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("Without a passphrase. Kept sealed, and shown to nobody."),
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
        names = (
            *("mode", "kind", "place", "port", "username", "fingerprint"),
            *("wait_hours", "version"),
        )
        self.initial = {name: getattr(row, name) for name in names}
        self.fields["password"].help_text = (
            _("One is set. Type another to change it; leave this empty to keep it.")
            if row.sealed_password
            else _("Kept sealed, and shown to nobody.")
        )

    def clean_place(self) -> str:
        """Take a path as Windows writes it, or an address."""
        text = str(self.cleaned_data["place"]).strip()
        if not text:
            return ""
        is_sftp = self.cleaned_data.get("kind") == TargetKind.SFTP
        try:
            return str(SftpAddress.parse(text) if is_sftp else ShareAddress.parse(text))
        except ValueError:
            told = (
                _("Write it as sftp://server/folder, without a user name.")
                if is_sftp
                else _(r"Write it as \\server\share or \\server\share\folder.")
            )
            raise forms.ValidationError(told) from None

    def clean_private_key(self) -> str:
        """Take a key that can be used."""
        text = str(self.cleaned_data["private_key"]).strip().replace("\r\n", "\n")
        if not text:
            return ""
        from callvault.export.sftp import check_private_key  # takes long to load

        try:
            check_private_key(text)
        except ValueError:
            told = _("It is no private key, or it has a passphrase.")
            raise forms.ValidationError(told) from None
        return f"{text}\n"

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
        if cleaned.get("username") and not self._secret_typed and "private_key" not in self.errors:
            self._must_keep_password(cleaned)
        is_sftp = cleaned.get("kind") == TargetKind.SFTP
        if is_sftp and not cleaned.get("fingerprint") and "test" not in self.data:
            self.add_error("fingerprint", _("Test access first: it tells the key of the server."))
        return cleaned

    @property
    def _secret_typed(self) -> str:
        """What was typed of the two: the key counts where there are both."""
        is_sftp = self.cleaned_data.get("kind") == TargetKind.SFTP
        key = self.cleaned_data.get("private_key") if is_sftp else ""
        return str(key or self.cleaned_data.get("password") or "")

    def _must_keep_password(self, cleaned: dict[str, Any]) -> None:
        """Refuse to go without a password, or to send the one that is kept to another server."""
        if not self._row.sealed_password:
            self.add_error("password", _("Type the password that belongs to this user name."))
        elif cleaned.get("kind") != self._row.kind or (
            _server_of(cleaned.get("place") or "") != _server_of(self._row.place)
        ):
            self.add_error("password", _("Type the password anew: the server is another one."))

    def fill(self, row: ExportSettings) -> None:
        """Put into the row what was typed; call after `is_valid`."""
        typed = self.cleaned_data
        row.mode, row.kind = typed["mode"], typed["kind"]
        row.place, row.port, row.username = typed["place"], typed["port"], typed["username"]
        row.fingerprint = typed["fingerprint"].strip() if row.kind == TargetKind.SFTP else ""
        row.wait_hours = typed["wait_hours"]
        if not row.username:
            row.password = ""
        elif self._secret_typed:
            row.password = self._secret_typed

    def as_typed(self) -> ExportSettings:
        """Return settings as the form has them, unsaved; call after `is_valid`."""
        row = ExportSettings(sealed_password=self._row.sealed_password)
        self.fill(row)
        return row

    def show_fingerprint(self, fingerprint: str) -> None:
        """Fill the server's key in, for whoever looks at the form to compare."""
        typed = QueryDict(mutable=True)
        typed.update(self.data)
        typed["fingerprint"] = fingerprint
        self.data = typed

    @property
    def is_sftp(self) -> bool:
        """Whether the form, as shown, is for SFTP."""
        return str(self["kind"].value()) == TargetKind.SFTP


class BackfillForm(forms.Form):
    """Days whose recordings are exported after all."""

    first_day = forms.DateField(
        label=gettext_lazy("First day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=_DAYS,
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=_DAYS,
    )

    def clean(self) -> dict[str, Any]:
        """Refuse days that run backwards."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("It is before the first day."))
        return cleaned


def _server_of(place: str) -> str:
    return place.removeprefix("sftp:").lstrip("\\/").replace("/", "\\").partition("\\")[0].lower()
