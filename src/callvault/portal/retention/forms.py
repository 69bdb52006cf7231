"""The form of retention: a preset, or a period of one's own."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.policy.retention import LONGEST_YEARS, Period, Preset, RetentionRule

UNITS = ("years", "months", "days")
MOST = {"years": LONGEST_YEARS, "months": 12 * LONGEST_YEARS, "days": 365 * LONGEST_YEARS}
PRESETS = [
    (Preset.KEEP_ALL.value, gettext_lazy("Keep all recordings")),
    (Preset.TWELVE_MONTHS.value, gettext_lazy("12 months, except preserved")),
    (Preset.FORTY_EIGHT_MONTHS.value, gettext_lazy("48 months, except preserved")),
    (Preset.FOUR_HOURS.value, gettext_lazy("4 hours, except preserved")),
    (Preset.CUSTOM.value, gettext_lazy("Custom")),
]


def _amount(unit: str, label: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=MOST[unit],
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class RetentionForm(forms.Form):
    """How long recordings are kept."""

    preset = forms.ChoiceField(label=gettext_lazy("Keep recordings"), choices=PRESETS)
    years = _amount("years", gettext_lazy("Years"))
    months = _amount("months", gettext_lazy("Months"))
    days = _amount("days", gettext_lazy("Days"))
    preserve = forms.BooleanField(
        label=gettext_lazy("People can preserve recordings"),
        required=False,
        help_text=gettext_lazy("Of the custom rule. Without it flags that are set spare nothing."),
    )
    longer_years = _amount("years", gettext_lazy("Preserved: years more"))
    longer_months = _amount("months", gettext_lazy("Preserved: months more"))
    longer_days = _amount("days", gettext_lazy("Preserved: days more"))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, rule: RetentionRule, version: int, **kwargs: Any) -> None:
        """Fill in the rule in force, or the one that waits."""
        super().__init__(*args, **kwargs)
        longer = rule.preserved_longer or Period()
        values: dict[str, Any] = {
            "preset": rule.preset.value, "preserve": rule.preserve, "version": version,
        }  # fmt: skip
        values |= {unit: getattr(rule.custom, unit) or None for unit in UNITS}
        values |= {f"longer_{unit}": getattr(longer, unit) or None for unit in UNITS}
        self.initial.update(values)

    def clean(self) -> dict[str, Any]:
        """Ask for a period, and for none that is out of the calendar."""
        cleaned = super().clean() or {}
        if cleaned.get("preset") != Preset.CUSTOM or self.errors:
            return cleaned
        custom = self._period("")
        if custom.is_empty:
            self.add_error("years", _("Give years, months or days; or choose to keep all."))
        elif _days(custom + self._period("longer_")) > 366 * LONGEST_YEARS:
            told = _("At most %(years)s years in all.") % {"years": LONGEST_YEARS}
            self.add_error("years", told)
        return cleaned

    def _period(self, prefix: str) -> Period:
        return Period(**{unit: self.cleaned_data.get(prefix + unit) or 0 for unit in UNITS})

    @property
    def rule(self) -> RetentionRule:
        """The rule as it was typed; call after `is_valid`. Amounts of other presets are dropped."""
        preset = Preset(self.cleaned_data["preset"])
        if preset is not Preset.CUSTOM:
            return RetentionRule(preset)
        longer = self._period("longer_")
        preserve = self.cleaned_data["preserve"]
        more = longer if preserve and not longer.is_empty else None
        return RetentionRule(preset, self._period(""), preserve, more)


def _days(period: Period) -> int:
    return 366 * period.years + 31 * period.months + period.days
