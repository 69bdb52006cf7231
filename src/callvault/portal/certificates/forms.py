"""Forms of the certificates page: bring one, ask an authority for one, choose those in use."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.errors import VaultError
from callvault.vault import (
    Certificate,
    Entry,
    KeyKind,
    PrivateKey,
    Role,
    Subject,
    load_certificate,
    load_pfx,
    load_private_key,
)

LARGEST_BYTES = 262_144
ROLES = (
    (Role.ARCHIVE.value, gettext_lazy("Recordings (archive)")),
    (Role.INGEST.value, gettext_lazy("Calls in progress (ingest)")),
)


class UploadForm(forms.Form):
    """A file with a certificate, and its private key if this machine may open what it seals."""

    file = forms.FileField(
        label=gettext_lazy("Certificate file"),
        help_text=gettext_lazy("PFX, PEM or DER, with its private key or without."),
        widget=forms.FileInput(attrs={"accept": ".pfx,.p12,.pem,.crt,.cer,.der"}),
    )
    passphrase = forms.CharField(
        label=gettext_lazy("Passphrase"),
        required=False,
        strip=False,
        max_length=256,
        help_text=gettext_lazy("Of the file, where it has one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("Seals"), choices=ROLES)

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_BYTES:
            raise forms.ValidationError(_("The file is too large for a certificate."))
        return file

    def clean(self) -> dict[str, Any]:
        """Read what the file holds into `certificate` and `private_key`."""
        cleaned = super().clean() or {}
        if "file" not in cleaned:
            return cleaned
        data, name = cleaned["file"].read(), str(cleaned["file"].name or "")
        try:
            found = _read(data, name, str(cleaned.get("passphrase") or "").encode())
        except VaultError as unreadable:
            self.add_error("file", _("It cannot be used: %(why)s.") % {"why": unreadable})
            return cleaned
        cleaned["certificate"], cleaned["private_key"] = found
        return cleaned

    @property
    def file_name(self) -> str:
        """The name that the certificate gets here, before numbers are added to it."""
        name = str(self.cleaned_data["file"].name or "").rpartition(".")[0]
        return slugify(name)[:40].strip("-_") or "certificate"


class UseForm(forms.Form):
    """Which archive certificates are sealed to; each alone opens what is sealed."""

    names = forms.MultipleChoiceField(
        label=gettext_lazy("Seal new recordings to"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )

    def __init__(self, *args: Any, entries: tuple[Entry, ...], **kwargs: Any) -> None:
        """Offer the certificates of the role."""
        super().__init__(*args, **kwargs)
        names: Any = self.fields["names"]
        names.choices = [(one.name, one.certificate.info.subject) for one in entries]
        self.initial["names"] = [one.name for one in entries if one.is_current]


class RequestForm(forms.Form):
    """Whom a certificate is to be for."""

    common_name = forms.CharField(
        label=gettext_lazy("Common name"),
        max_length=64,
        help_text=gettext_lazy("What people will know it by, such as Call archive 2027."),
    )
    organisation = forms.CharField(
        label=gettext_lazy("Organisation"), max_length=64, required=False
    )
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=64, required=False)
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label=gettext_lazy("Country"),
        required=False,
        help_text=gettext_lazy("Two letters, such as IT."),
        error_messages={"invalid": gettext_lazy("Two letters.")},
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Key"),
        choices=[(KeyKind.RSA.value, "RSA 3072"), (KeyKind.EC.value, "EC P-256")],
    )

    @property
    def subject(self) -> Subject:
        """The subject as typed; call after `is_valid`."""
        typed = self.cleaned_data
        return Subject(typed["common_name"], typed["organisation"], typed["unit"], typed["country"])

    @property
    def file_name(self) -> str:
        """The name of its files here."""
        return slugify(self.cleaned_data["common_name"])[:60].strip("-_") or "request"


def _read(data: bytes, name: str, passphrase: bytes) -> tuple[Certificate, PrivateKey | None]:
    """Return what a file holds. Raises VaultError saying why it cannot be used."""
    is_pem = b"-----BEGIN" in data
    if name.lower().endswith((".pfx", ".p12")):
        return load_pfx(data, password=passphrase or None)
    certificate = load_certificate(data)
    if not is_pem or b"PRIVATE KEY-----" not in data:
        return certificate, None
    return certificate, load_private_key(data, password=passphrase or None)
