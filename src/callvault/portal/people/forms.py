"""The form of a person."""

import re
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.recordings.folding import SEPARATORS

from .levels import Level
from .models import User

if TYPE_CHECKING:
    PersonModelForm = forms.ModelForm[User]
else:  # not generic at run time
    PersonModelForm = forms.ModelForm

USER_NAME = re.compile(r"[\w.@+-]{1,150}")
NUMBER = re.compile(r"\+?[0-9*#]{1,31}")


class PersonForm(PersonModelForm):
    """Creates or edits a person. Whose a call is must be one answer, so numbers are unique."""

    class Meta:
        """Fields in the order in which people fill them in."""

        model = User
        fields = (
            "first_name",
            "last_name",
            "username",
            "email",
            "extension",
            "alias",
            "pbx_username",
            "department",
            "group",
            "additional_groups",
            "level",
            "is_active",
        )
        help_texts: ClassVar[dict[str, Any]] = {
            "username": gettext_lazy("For sign-in and file names: letters, digits and . @ + - _"),
            "extension": gettext_lazy("The recorded extension, as the phone system sends it."),
            "alias": gettext_lazy("The number seen from outside, such as +39 02 1234 567."),
            "pbx_username": gettext_lazy("As in Webex Calling, such as ann@example.com."),
            "group": gettext_lazy("Supervisors of this group see the recordings."),
            "additional_groups": gettext_lazy(
                "Further groups that this supervisor sees, separated by semicolons."
            ),
            "is_active": gettext_lazy("May sign in, and calls are recorded."),
        }

    def __init__(self, *args: Any, editor: User, **kwargs: Any) -> None:
        """`editor` is who fills the form in: nobody takes their own rights away."""
        super().__init__(*args, **kwargs)
        self._editor = editor

    def clean_username(self) -> str:
        """Refuse characters that file names and directories do not share, and a taken name."""
        username = str(self.cleaned_data["username"]).strip()
        if not USER_NAME.fullmatch(username):
            raise forms.ValidationError(_("Only letters, digits and . @ + - _ may stand here."))
        self._refuse_taken("username__iexact", username, _("This user name is taken."))
        return username

    def clean_extension(self) -> str:
        """Refuse what is no number, and the extension of another active person."""
        return self._number("extension")

    def clean_alias(self) -> str:
        """Refuse what is no number, and the alias of another active person."""
        return self._number("alias")

    def clean_additional_groups(self) -> str:
        """Bring the list into one form: no blanks, no empty names, none twice."""
        names = str(self.cleaned_data.get("additional_groups") or "").split(";")
        return ";".join(dict.fromkeys(name.strip() for name in names if name.strip()))

    def clean_group(self) -> str:
        """Refuse a name that could not stand in a list."""
        group = str(self.cleaned_data.get("group") or "").strip()
        if ";" in group:
            raise forms.ValidationError(_("Only one group; others go into additional groups."))
        return group

    def clean(self) -> dict[str, Any]:
        """Check what fields can only say together."""
        cleaned = super().clean() or {}
        active = bool(cleaned.get("is_active"))
        for field in ("extension", "alias", "pbx_username"):
            if active and cleaned.get(field):
                self._refuse_shared(field, str(cleaned[field]))
        if cleaned.get("level") == Level.GROUP_SUPERVISOR and not cleaned.get("group"):
            self.add_error("group", _("A group supervisor needs a group."))
        if self.instance.pk is not None and self.instance.pk == self._editor.pk:
            self._keep_own_rights(cleaned)
        return cleaned

    def _number(self, field: str) -> str:
        number = SEPARATORS.sub("", str(self.cleaned_data.get(field) or ""))
        if number and not NUMBER.fullmatch(number):
            raise forms.ValidationError(_("Only digits, * and #, with a + before them."))
        return number

    def _refuse_shared(self, field: str, value: str) -> None:
        others = User.objects.filter(is_active=True).exclude(pk=self.instance.pk)
        holder = others.filter(**{f"{field}__iexact": value}).first()
        if holder is not None:
            told = {"value": value, "name": holder.get_full_name()}
            self.add_error(field, _("%(value)s already belongs to %(name)s.") % told)

    def _refuse_taken(self, lookup: str, value: str, message: str) -> None:
        if User.objects.filter(**{lookup: value}).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(message)

    def _keep_own_rights(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("is_active"):
            self.add_error("is_active", _("Nobody deactivates themselves."))
        if cleaned.get("level") != Level.ADMINISTRATOR:
            self.add_error("level", _("Nobody takes their own rights as administrator away."))
