"""The fields of the storage calculator: a plan as people word it, and as an address keeps it."""

from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from callvault.policy.planning import MOST_CHANNELS, Plan

BY_USERS, BY_CHANNELS = "users", "channels"


class AmountField(forms.FloatField):
    """A number with a decimal point or comma: an address is read in other languages too."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        """Read "4.2" and "4,2"."""
        text = str(value).strip() if value is not None else ""
        return super().to_python(text.replace(",", ".") if text.count(",") == 1 else text)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Have phones show digits; steps and bounds are for fields of type number."""
        return {"inputmode": "decimal", "autocomplete": "off"}


class PlanForm(forms.Form):
    """A planned load. What the address does not say is as in `initial`."""

    by = forms.ChoiceField(
        label=_("Plan"),
        choices=[(BY_USERS, _("By users")), (BY_CHANNELS, _("By channels"))],
        widget=forms.RadioSelect,
        initial=BY_USERS,
    )
    users = forms.IntegerField(
        label=_("Recorded users"), min_value=0, max_value=1_000_000, initial=100
    )
    calls = AmountField(label=_("Calls per user per day"), min_value=0, max_value=5000, initial=20)
    channels = forms.IntegerField(
        label=_("Channels"),
        min_value=1,
        max_value=MOST_CHANNELS,
        initial=30,
        help_text=_("Recordings at a time. They are taken to be as busy as Erlang B allows."),
    )
    minutes = AmountField(label=_("Mean length"), min_value=0.01, max_value=1440, initial=4)
    days = AmountField(label=_("Working days per month"), min_value=0, max_value=31, initial=21)
    busiest = AmountField(
        label=_("Share of the busiest hour"), min_value=1, max_value=100, initial=14
    )
    refused = AmountField(
        label=_("Refused calls, at most"),
        min_value=0.001,
        max_value=50,
        initial=0.1,
        help_text=_("In that hour, for want of a channel."),
    )
    months = AmountField(label=_("Retention"), min_value=0, max_value=600, initial=12)
    kbit = AmountField(
        label=_("Audio"),
        min_value=4,
        max_value=1536,
        initial=32,
        help_text=_("MP3 in stereo: 32 for narrowband calls, 64 for wideband ones."),
    )
    received = forms.BooleanField(label=_("Keep received packets as well"), required=False)
    screen = AmountField(
        label=_("Screen recording"),
        min_value=0,
        max_value=100_000,
        initial=0,
        help_text=_("This version records no screens; the space is for your planning."),
    )

    UNITS: ClassVar[dict[str, Any]] = {
        "minutes": _("min"),
        "busiest": "%",
        "refused": "%",
        "months": _("months"),
        "kbit": "kbit/s",
        "screen": "kbit/s",
    }

    def __init__(self, query: QueryDict) -> None:
        """Take what an address says, and the first values of what it does not."""
        fields = type(self).base_fields
        said = {name: query[name] for name in fields if name in query}
        first = {name: field.initial for name, field in fields.items()}
        super().__init__({**first, **said})

    def plan(self) -> Plan:
        """Return the plan of a valid form, in the units of the rules."""
        said = self.cleaned_data
        is_by_users = said["by"] == BY_USERS
        return Plan(
            users=said["users"] if is_by_users else 0,
            calls_per_user=said["calls"] if is_by_users else 0.0,
            channels=0 if is_by_users else said["channels"],
            mean_call_s=said["minutes"] * 60,
            working_days_per_month=said["days"],
            busiest_hour_share=said["busiest"] / 100,
            refused_share=said["refused"] / 100,
            retention_months=said["months"],
            audio_kbit_s=said["kbit"],
            received_too=said["received"],
            screen_kbit_s=said["screen"],
        )
