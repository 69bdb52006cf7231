"""The form of the daily backup."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import BackupSettings

if TYPE_CHECKING:
    SettingsForm = forms.ModelForm[BackupSettings]
else:  # not generic at run time
    SettingsForm = forms.ModelForm


class BackupForm(SettingsForm):
    """When and where, and how many are kept."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        """All of the row."""

        model = BackupSettings
        fields = ("enabled", "folder", "at", "keep", "with_recordings", "warn_days")
        widgets: ClassVar[dict[str, Any]] = {
            "at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "folder": forms.TextInput(attrs={"spellcheck": "false"}),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "folder": gettext_lazy(
                "Of the machine whose worker makes the backup; it must be there, such as a share "
                "that is mounted."
            ),
            "at": gettext_lazy("In the system's time zone."),
            "keep": gettext_lazy(
                "Older files that the worker made go. What commands made is never removed."
            ),
            "with_recordings": gettext_lazy(
                "All that a local vault holds, sealed as it is, in each file."
            ),
        }

    def clean_folder(self) -> str:
        """Take an absolute path."""
        folder = str(self.cleaned_data["folder"]).strip()
        if folder and (not folder.startswith("/") or ".." in PurePosixPath(folder).parts):
            raise forms.ValidationError(_("A path from the root, such as /srv/backup."))
        return folder

    def clean(self) -> dict[str, Any]:
        """Ask for a folder where a backup is to be made."""
        cleaned = super().clean() or {}
        if cleaned.get("enabled") and not cleaned.get("folder") and "folder" not in self.errors:
            self.add_error("folder", _("Say where the backups go."))
        return cleaned
