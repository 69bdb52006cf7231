"""The form of what holds for the whole system."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import SystemSettings
from .stamps import StampedForm
from .zones import zone_name

if TYPE_CHECKING:
    SystemModelForm = forms.ModelForm[SystemSettings]
else:  # not generic at run time
    SystemModelForm = forms.ModelForm


class SystemForm(SystemModelForm, StampedForm):
    """The system's time zone and country."""

    class Meta:
        """What exists today; who may download follows with the permissions page."""

        model = SystemSettings
        fields = ("zone", "country_code", "show_digits")
        help_texts: ClassVar[dict[str, Any]] = {
            "zone": gettext_lazy("For pages, file names and day folders, such as Europe/Rome."),
            "country_code": gettext_lazy(
                "Digits only, such as 39. Numbers without a country code are read with it."
            ),
            "show_digits": gettext_lazy(
                "Keys are often card numbers and codes, which PCI DSS forbids to show. While this "
                "is off, pages say that a key was pressed, and not which."
            ),
        }

    def clean_zone(self) -> str:
        """Refuse what is no IANA time zone."""
        return zone_name(self.cleaned_data["zone"])

    def clean_country_code(self) -> str:
        """Take digits, with or without a plus."""
        code = str(self.cleaned_data.get("country_code") or "").strip().removeprefix("+")
        if code and not (code.isascii() and code.isdecimal() and not code.startswith("0")):
            raise forms.ValidationError(_("Only digits, and none of them a 0 at the beginning."))
        return code
