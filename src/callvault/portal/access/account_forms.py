"""What people choose for themselves."""

from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.configuration.zones import zone_name
from callvault.portal.people.models import User

from .models import OwnChoices

THEMES = (("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark")))


class OwnAccountForm(forms.Form):
    """Language, time zone, theme, and whether single keys act."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    zone = forms.CharField(
        label=_("Time zone"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES)
    single_keys = forms.BooleanField(
        label=_("Single-key shortcuts"),
        required=False,
        help_text=_(
            "Off, letters and signs do nothing by themselves: for who speaks to the computer, or "
            "rests a hand on the keys."
        ),
    )

    def __init__(self, person: User, data: object = None) -> None:
        choices = own_choices(person)
        initial = {
            "language": person.language,
            "zone": person.zone,
            "theme": person.theme,
            "single_keys": choices.single_keys,
        }
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        self._person, self._choices = person, choices
        languages = dict(settings.LANGUAGES)
        system = {"name": languages.get(settings.LANGUAGE_CODE, settings.LANGUAGE_CODE)}
        as_system = _("As the system (%(name)s)") % system
        self.fields["language"].choices = [("", as_system), *settings.LANGUAGES]  # type: ignore[attr-defined]
        zone = {"zone": SystemSettings.load().zone}
        self.fields["zone"].help_text = _("Empty: the system's, %(zone)s.") % zone

    def clean_zone(self) -> str:
        """Refuse what is no IANA time zone."""
        typed = str(self.cleaned_data.get("zone") or "").strip()
        return zone_name(typed) if typed else ""

    def save(self) -> None:
        """Keep what was chosen."""
        for name in ("language", "zone", "theme"):
            setattr(self._person, name, self.cleaned_data[name])
        self._person.save(update_fields=["language", "zone", "theme"])
        self._choices.single_keys = self.cleaned_data["single_keys"]
        self._choices.save()


def own_choices(person: User) -> OwnChoices:
    """Return what the person chose, or what holds before they did, unsaved."""
    return OwnChoices.objects.filter(person=person).first() or OwnChoices(person=person)


def zones() -> list[str]:
    """Return the names of time zones to choose from: regions and cities, no abbreviations."""
    return sorted(name for name in available_timezones() if "/" in name and name[:4] != "Etc/")
