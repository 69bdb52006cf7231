"""Forms of external stores: a network share, a bucket. Secrets are typed and never shown again."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.errors import VaultError
from callvault.portal.directory.forms import secret_field
from callvault.portal.directory.parsing import authority_pem
from callvault.vault.s3 import check_endpoint
from callvault.vault.smb_session import ShareAddress

from .models import Kind, StorageLocation

if TYPE_CHECKING:
    LocationModelForm = forms.ModelForm[StorageLocation]
else:  # not generic at run time
    LocationModelForm = forms.ModelForm

_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class LocationForm(LocationModelForm):
    """What both kinds have in common."""

    secret: forms.CharField
    secret_belongs_to: ClassVar[tuple[str, ...]]  # fields that say who gets to see the secret

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Explain the secret by whether one is set."""
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version if self.instance.pk else 0
        self.fields["secret"].help_text = (
            _("One is set. Type another to change it; leave this empty to keep it.")
            if self.instance.sealed_secret
            else _("Kept sealed, and shown to nobody.")
        )
        self._before = {name: getattr(self.instance, name) for name in self.secret_belongs_to}

    def clean(self) -> dict[str, Any]:
        """Ask for the secret where there is none, or where it would go to another server."""
        cleaned = super().clean() or {}
        if cleaned.get("secret"):
            return cleaned
        if not self.instance.sealed_secret:
            self.add_error("secret", _("Type it: without it nobody gets in."))
        elif any(cleaned.get(name, old) != old for name, old in self._before.items()):
            # The one that is kept was given for the other server, and is sent to no new one.
            self.add_error("secret", _("Type it anew: it was given for another server or user."))
        return cleaned

    def as_typed(self) -> StorageLocation:
        """Return the row as the form has it, unsaved; call after `is_valid`."""
        if self.cleaned_data.get("secret"):
            self.instance.secret = self.cleaned_data["secret"]
        return self.instance


class ShareForm(LocationForm):
    """A network share."""

    secret = secret_field(gettext_lazy("Password"))
    secret_belongs_to = ("share", "domain", "username")

    class Meta:
        """Fields as an administrator of the share names them."""

        model = StorageLocation
        fields = ("name", "share", "domain", "username")
        help_texts: ClassVar[dict[str, Any]] = {
            "name": gettext_lazy("What people here call it, such as Archive NAS."),
            "share": gettext_lazy(
                r"Such as \\files.example.com\calls or \\files.example.com\calls\vault. The share "
                "has to offer encryption (SMB 3)."
            ),
            "domain": gettext_lazy("Of the user, in a Windows domain. Else leave it empty."),
            "username": gettext_lazy("Has to write, read and delete there."),
        }
        widgets: ClassVar[dict[str, Any]] = {
            "share": forms.TextInput(attrs={**_PLAIN, "placeholder": r"\\server\share\folder"}),
            "domain": forms.TextInput(attrs=_PLAIN),
            "username": forms.TextInput(attrs=_PLAIN),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for path and user: a share is of no use without."""
        super().__init__(*args, **kwargs)
        self.instance.kind = Kind.SMB
        for name in ("share", "username"):
            self.fields[name].required = True

    def clean_share(self) -> str:
        """Take a path of a share."""
        typed = str(self.cleaned_data["share"]).strip()
        try:
            ShareAddress.parse(typed)
        except ValueError as wrong:
            told = _(r"Write it as \\server\share or \\server\share\folder.")
            raise forms.ValidationError(told) from wrong
        return typed

    def clean_domain(self) -> str:
        """Take a name."""
        return _without_backslash(str(self.cleaned_data.get("domain") or ""))

    def clean(self) -> dict[str, Any]:
        r"""Take DOMAIN\user apart, as people type it."""
        typed = str(self.cleaned_data.get("username") or "")
        domain, is_both, username = typed.partition("\\")
        if is_both:
            if self.cleaned_data.get("domain") not in ("", domain):
                self.add_error("username", _("This names another domain than the field above."))
            self.cleaned_data |= {"domain": domain, "username": username}
        return super().clean()


class BucketForm(LocationForm):
    """A bucket that speaks S3."""

    secret = secret_field(gettext_lazy("Secret key"))
    secret_belongs_to = ("endpoint", "access_key")
    ca_file = forms.FileField(
        label=gettext_lazy("Certificate of the authority"),
        required=False,
        help_text=gettext_lazy(
            "PEM or DER, of who signed the server's certificate. None: whom this machine trusts."
        ),
    )
    ca_remove = forms.BooleanField(
        label=gettext_lazy("Trust whom this machine trusts instead"), required=False
    )

    class Meta:
        """Fields as a provider names them."""

        model = StorageLocation
        fields = (
            "name", "endpoint", "region", "bucket", "prefix", "access_key", "path_style",
        )  # fmt: skip
        help_texts: ClassVar[dict[str, Any]] = {
            "name": gettext_lazy("What people here call it, such as Archive bucket."),
            "endpoint": gettext_lazy(
                "Such as https://s3.example.com or http://192.0.2.9:9000. Empty: Amazon, by the "
                "region."
            ),
            "region": gettext_lazy("Such as eu-central-1. Empty: us-east-1."),
            "prefix": gettext_lazy("Empty: the bucket itself."),
            "access_key": gettext_lazy("Has to put, get, list and delete objects there."),
            "path_style": gettext_lazy(
                "Most servers other than Amazon's want it so: https://server/bucket."
            ),
        }
        widgets: ClassVar[dict[str, Any]] = {
            name: forms.TextInput(attrs=_PLAIN)
            for name in ("endpoint", "region", "bucket", "prefix", "access_key")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for name and key: a bucket is of no use without."""
        super().__init__(*args, **kwargs)
        self.instance.kind = Kind.S3
        for name in ("bucket", "access_key"):
            self.fields[name].required = True

    def clean_endpoint(self) -> str:
        """Take an address with its scheme."""
        typed = str(self.cleaned_data.get("endpoint") or "").strip().rstrip("/")
        try:
            check_endpoint(typed)
        except VaultError as wrong:
            told = _("Write it as https://s3.example.com, with a port if it has one.")
            raise forms.ValidationError(told) from wrong
        return typed

    def clean_bucket(self) -> str:
        """Take a name."""
        typed = str(self.cleaned_data["bucket"]).strip()
        if "/" in typed or " " in typed:
            raise forms.ValidationError(_("Only the bucket's name; a folder of it goes below."))
        return typed

    def clean_prefix(self) -> str:
        """Take a folder without slashes at its ends."""
        return str(self.cleaned_data.get("prefix") or "").strip().strip("/")

    def clean_ca_file(self) -> str:
        """Read the certificates of the file."""
        file = self.cleaned_data.get("ca_file")
        if not file:
            return ""
        try:
            return authority_pem(file.read())
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong

    def as_typed(self) -> StorageLocation:
        """See `LocationForm.as_typed`."""
        row = super().as_typed()
        if self.cleaned_data.get("ca_remove"):
            row.ca_pem = ""
        elif self.cleaned_data.get("ca_file"):
            row.ca_pem = self.cleaned_data["ca_file"]
        return row

    @property
    def is_unencrypted(self) -> bool:
        """Whether objects and signatures would travel in the open; recordings are sealed."""
        return str(self["endpoint"].value() or "").startswith("http://")


def _without_backslash(typed: str) -> str:
    name = typed.strip()
    if set(name) & set("\\/@"):
        raise forms.ValidationError(_("Only the domain's name."))
    return name


FORMS: dict[str, type[LocationForm]] = {Kind.SMB: ShareForm, Kind.S3: BucketForm}
