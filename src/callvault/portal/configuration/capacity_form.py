"""The form of the system's capacity and of the catch-all user."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.people.fields import FieldProblem, username
from callvault.portal.people.models import User
from callvault.portal.people.sources import Source

from .capacity_models import Limited, SystemCapacity, capacity_models

MOST = 1_000_000


class CapacityForm(forms.Form):
    """What is limited, and whether recordings without assignee are kept."""

    model = forms.ChoiceField(label=gettext_lazy("Capacity model"), choices=capacity_models)
    most_users = forms.IntegerField(
        label=gettext_lazy("Enabled people at most"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=gettext_lazy("Of the user-based model."),
    )
    most_channels = forms.IntegerField(
        label=gettext_lazy("Recordings at a time at most"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=gettext_lazy("Of the channel-based model. Each node counts its own."),
    )
    keeps = forms.BooleanField(
        label=gettext_lazy("Keep recordings without assignee"),
        required=False,
        help_text=gettext_lazy(
            "Calls that are nobody's, or of a number that several people share, are recorded for "
            "the catch-all user. Otherwise they are discarded. Channel-based capacity only."
        ),
    )
    catch_all_username = forms.CharField(
        label=gettext_lazy("User name of the catch-all user"),
        required=False,
        max_length=150,
        help_text=gettext_lazy("Created for this purpose: one that nobody has."),
    )
    catch_all_name = forms.CharField(
        label=gettext_lazy("Name of the catch-all user"),
        required=False,
        max_length=150,
        help_text=gettext_lazy("What its recordings show as their owner."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, row: SystemCapacity, **kwargs: Any) -> None:
        """Fill in what is set; the names are asked for only until there is a catch-all user."""
        super().__init__(*args, **kwargs)
        self._row = row
        self.catch_all = catch_all_user()
        values: dict[str, Any] = {
            "model": row.model,
            "most_users": row.most_users,
            "most_channels": row.most_channels,
            "keeps": row.catch_all_id is not None,
            "catch_all_username": "catch-all",
            "catch_all_name": _("Without assignee"),
            "version": row.version,
        }
        self.initial.update(values)
        if self.catch_all is not None:
            del self.fields["catch_all_username"], self.fields["catch_all_name"]

    @property
    def turns_catch_all_off(self) -> bool:
        """Whether another model takes the catch-all user out of use, whatever is ticked."""
        is_channels = self.cleaned_data.get("model") == Limited.CHANNELS
        return self._row.catch_all_id is not None and not is_channels

    def clean(self) -> dict[str, Any]:
        """Ask for the number of the model, and for a catch-all user that is nobody yet."""
        cleaned = super().clean() or {}
        model = cleaned.get("model")
        needed = {Limited.USERS.value: "most_users", Limited.CHANNELS.value: "most_channels"}
        field = needed.get(str(model))
        if field and not self.errors.get(field) and not cleaned.get(field):
            self.add_error(field, _("This model needs a number."))
        if cleaned.get("keeps") and model != Limited.CHANNELS:
            if self._row.catch_all_id is None:
                self.add_error("keeps", _("Only with the channel-based model."))
            cleaned["keeps"] = False
        if cleaned.get("keeps") and self.catch_all is None:
            self._check_names(cleaned)
        return cleaned

    def _check_names(self, cleaned: dict[str, Any]) -> None:
        """Refuse the user name of anybody: a person's own recordings are theirs alone."""
        if not str(cleaned.get("catch_all_name") or "").strip():
            self.add_error("catch_all_name", _("This field is required."))
        try:
            name = username(str(cleaned.get("catch_all_username") or ""))
        except FieldProblem as problem:
            self.add_error("catch_all_username", str(problem))
            return
        cleaned["catch_all_username"] = name
        if User.objects.filter(username__iexact=name).exists():
            told = _(
                "%(value)s is a person already. The catch-all user is created for this purpose."
            )
            self.add_error("catch_all_username", told % {"value": name})


def catch_all_user() -> User | None:
    """Return the catch-all user that was created once, in use or not."""
    return User.objects.filter(source=Source.CATCH_ALL).order_by("pk").first()
