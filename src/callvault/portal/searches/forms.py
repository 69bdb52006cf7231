"""The form of a saved search: name, with whom it is shared, whether the list opens by it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.people.models import User

from .finding import may_share
from .models import SavedSearch, Sharing


class SearchForm(forms.Form):
    """What a person says of a search."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, strip=True)
    sharing = forms.ChoiceField(required=False)
    is_default = forms.BooleanField(
        label=gettext_lazy("Open the list by this search"), required=False
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, person: User, search: SavedSearch, data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        self._person, self._search = person, search
        if not may_share(person):
            del self.fields["sharing"]
            return
        offered = [Sharing.NOBODY]
        if person.groups_seen:
            offered.append(Sharing.GROUPS)
        if person.is_administrator:
            offered.append(Sharing.EVERYONE)
        choices = [(one.value, one.label) for one in offered]
        field = forms.ChoiceField(label=_("Shared with"), required=False, choices=choices)
        self.fields["sharing"] = field
        groups = ", ".join(sorted(person.groups_seen))
        told = _("They see by it what they may see anyway, and no recording more.")
        field.help_text = (
            f"{_('Your groups: %(groups)s.') % {'groups': groups}} {told}" if groups else told
        )

    def clean_name(self) -> str:
        """Refuse a name that another search of the same list has."""
        name = str(self.cleaned_data["name"])
        same = SavedSearch.objects.filter(
            person=self._person, of_list=self._search.of_list, name=name, deleted_at__isnull=True
        )
        if same.exclude(pk=self._search.pk).exists():
            raise forms.ValidationError(_("Another search of yours has this name."))
        return name
