"""Forms of the mail about recordings: its settings, and its templates."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.policy.mail_template import LONGEST_BODY, LONGEST_SUBJECT
from callvault.portal.people.models import User

from .recording_models import MOST_MB, RecordingMailSettings, RecordingMailTemplate
from .stock import Template
from .templates_in_force import department_key


class RecordingMailForm(forms.Form):
    """Whether there is a limit, and who the mail says it is from."""

    sender_name = forms.CharField(
        label=gettext_lazy("Sender's name"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Empty: the one of the mail server's settings."),
    )
    is_limited = forms.BooleanField(
        label=gettext_lazy("Limit the size of attached recordings"),
        required=False,
        help_text=gettext_lazy("A mail whose recording is larger goes without it."),
    )
    limit_mb = forms.IntegerField(
        label=gettext_lazy("Largest attachment, in MB"),
        min_value=1,
        max_value=MOST_MB,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=gettext_lazy("A minute is about a quarter of a MB. Many servers take 10 to 25."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, row: RecordingMailSettings, **kwargs: Any) -> None:
        """Show what is set."""
        super().__init__(*args, **kwargs)
        self.initial = {
            "sender_name": row.sender_name,
            "is_limited": row.limit_mb is not None,
            "limit_mb": row.limit_mb or 10,
            "version": row.version,
        }

    def clean_sender_name(self) -> str:
        """Refuse what would be a header of its own."""
        name = str(self.cleaned_data["sender_name"]).strip()
        if not name.isprintable():
            raise forms.ValidationError(_("Only letters, digits and signs, on one line."))
        return name

    def clean(self) -> dict[str, Any]:
        """Ask for the limit where there is to be one."""
        cleaned = super().clean() or {}
        if cleaned.get("is_limited") and not cleaned.get("limit_mb"):
            if "limit_mb" not in self.errors:
                self.add_error("limit_mb", _("Type a size, or switch the limit off."))
        elif not cleaned.get("is_limited"):
            self.errors.pop("limit_mb", None)
            cleaned["limit_mb"] = None
        return cleaned

    def fill(self, row: RecordingMailSettings) -> None:
        """Put into the row what was chosen; call after `is_valid`."""
        row.sender_name = self.cleaned_data["sender_name"]
        row.limit_mb = self.cleaned_data["limit_mb"]


class TemplateForm(forms.Form):
    """Subject and text of the mail in one language."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=LONGEST_SUBJECT)
    body = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=LONGEST_BODY,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "true"}),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, template: Template, version: int, **kwargs: Any) -> None:
        """Show what is in force."""
        super().__init__(*args, **kwargs)
        self.initial = {"subject": template.subject, "body": template.body, "version": version}

    def clean_body(self) -> str:
        """Take lines as they are typed, whatever the browser ends them with."""
        body = str(self.cleaned_data["body"]).replace("\r\n", "\n").rstrip() + "\n"
        if not body.strip():
            raise forms.ValidationError(_("A mail needs a text."))
        return body

    @property
    def typed(self) -> Template:
        """The template as typed, valid or not."""
        return Template(str(self["subject"].value() or ""), str(self["body"].value() or ""))


class NewTemplateForm(forms.Form):
    """Chooses what a new template is for."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    department = forms.CharField(
        label=gettext_lazy("Department"),
        max_length=150,
        help_text=gettext_lazy("As it stands with people. It may have nobody in it yet."),
        widget=forms.TextInput(attrs={"list": "departments", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse one that is there."""
        cleaned = super().clean() or {}
        key, language = department_key(cleaned.get("department", "")), cleaned.get("language")
        rows = RecordingMailTemplate.objects.filter(department_key=key, language=language)
        if key and rows.exists():
            self.add_error("department", _("It has a template in this language already."))
        return cleaned


def departments() -> list[str]:
    """Return the departments that people are in."""
    names = User.objects.exclude(department="").values_list("department", flat=True)
    return sorted(set(names.order_by("department").distinct()[:500]), key=str.casefold)
