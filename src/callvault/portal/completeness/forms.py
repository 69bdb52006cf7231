"""Forms of completeness: a file, what the list is filtered by, a mapping of columns."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.zones import zone_name
from callvault.portal.people.csv_reading import LARGEST_BYTES
from callvault.portal.recordings.filters import DayField

from .cdr_layouts import FIELDS
from .importing import CUCM
from .models import CdrMapping, CompletenessSettings
from .wording import DATE_FORMATS, TITLES

if TYPE_CHECKING:
    MappingModelForm = forms.ModelForm[CdrMapping]
    SettingsModelForm = forms.ModelForm[CompletenessSettings]
else:  # not generic at run time
    MappingModelForm = forms.ModelForm
    SettingsModelForm = forms.ModelForm


class CdrUploadForm(forms.Form):
    """The file, and how it is laid out."""

    file = forms.FileField(
        label=gettext_lazy("File of call records"),
        allow_empty_file=True,
        help_text=gettext_lazy("Up to 10 MB and 100,000 rows."),
    )
    layout = forms.ChoiceField(label=gettext_lazy("Layout"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mappings = [(str(one.public_id), one.name) for one in CdrMapping.objects.all()]
        field = self.fields["layout"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(CUCM, "Cisco Unified CM"), *mappings]

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB. Split it into several."))
        return file

    @property
    def mapping(self) -> CdrMapping | None:
        """The mapping that was chosen; None: CUCM's own layout."""
        chosen = self.cleaned_data["layout"]
        return None if chosen == CUCM else CdrMapping.objects.get(public_id=chosen)


class CdrFilterForm(forms.Form):
    """Read from the address, so that a view of the list can be kept and sent."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("Verdict"),
        required=False,
        choices=[
            ("", gettext_lazy("All verdicts")),
            *((str(key), title) for key, title in TITLES.items()),
        ],
    )
    first = DayField(label=gettext_lazy("From"))
    last = DayField(label=gettext_lazy("To"))
    q = forms.CharField(label=gettext_lazy("Number"), required=False, max_length=100)
    source = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first."))
        return cleaned


class CdrMappingForm(MappingModelForm):
    """Which column is what."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        """Columns are told by their headings."""

        model = CdrMapping
        fields = (
            "name",
            *(f"{name}_column" for name in FIELDS),
            *("date_format", "zone", "delimiter"),
        )
        labels = {  # noqa: RUF012 - Django's forms declare it so
            "name": gettext_lazy("Name"),
            "start_column": gettext_lazy("Column of the start"),
            "end_column": gettext_lazy("Column of the end"),
            "duration_column": gettext_lazy("Column of the duration"),
            "caller_column": gettext_lazy("Column of the caller"),
            "callee_column": gettext_lazy("Column of the called number"),
            "call_id_column": gettext_lazy("Column of the call id"),
            "zone": gettext_lazy("Time zone"),
        }
        help_texts = {  # noqa: RUF012 - Django's forms declare it so
            "name": gettext_lazy("What people know the phone system by."),
            "start_column": gettext_lazy("When the call was answered. The heading as written."),
            "end_column": gettext_lazy("Or the duration."),
            "duration_column": gettext_lazy("0 or empty: the call was not answered."),
            "call_id_column": gettext_lazy(
                "An id that the recorder is told, too: SIP Call-ID or the system's session id."
            ),
            "zone": gettext_lazy("Of moments that name none, such as Europe/Rome."),
        }

    date_format = forms.ChoiceField(
        label=gettext_lazy("How moments are written"), choices=list(DATE_FORMATS.items())
    )
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Separator"),
        required=False,
        choices=[
            ("", gettext_lazy("As the first line tells")),
            (",", gettext_lazy("Comma")),
            (";", gettext_lazy("Semicolon")),
            ("tab", gettext_lazy("Tab")),
            ("|", gettext_lazy("Vertical bar")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version if self.instance.pk else 0

    def clean_zone(self) -> str:
        """Refuse what is no time zone."""
        return zone_name(self.cleaned_data.get("zone"))

    def clean(self) -> dict[str, Any]:
        """Each column once, and a way to tell how long a call was."""
        cleaned = super().clean() or {}
        told = [cleaned.get(f"{name}_column", "") for name in FIELDS]
        folded = [one.strip().casefold() for one in told if one]
        if len(folded) != len(set(folded)):
            self.add_error(None, _("One column cannot be two things."))
        if not cleaned.get("end_column") and not cleaned.get("duration_column"):
            self.add_error("duration_column", _("Name the column of the end or of the duration."))
        return cleaned


class CompletenessForm(SettingsModelForm):
    """When people are told, and how long records are kept."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    days = forms.IntegerField(
        label=gettext_lazy("Days of the capture rate"),
        min_value=1,
        max_value=90,
        help_text=gettext_lazy("Whole days, today among them."),
    )
    least_percent = forms.DecimalField(
        label=gettext_lazy("Tell when the capture rate is below, in per cent"),
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        required=False,
        help_text=gettext_lazy("On the dashboard, under Needs attention. Empty: never."),
    )
    kept_days = forms.IntegerField(
        label=gettext_lazy("Keep call records, in days"),
        min_value=7,
        max_value=3650,
        help_text=gettext_lazy("Counted from the call. Recordings have their own retention."),
    )

    class Meta:
        """All of the row."""

        model = CompletenessSettings
        fields = ("days", "least_percent", "kept_days")

    def clean(self) -> dict[str, Any]:
        """Refuse to forget what the rate is made of."""
        cleaned = super().clean() or {}
        if (cleaned.get("days") or 0) > (cleaned.get("kept_days") or 3650):
            self.add_error("kept_days", _("The capture rate needs them longer than that."))
        return cleaned
