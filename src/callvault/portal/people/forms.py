"""The form of a person."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.capacity_room import UserRoom
from callvault.portal.configuration.mode_choices import modes
from callvault.portal.configuration.pilot_claims import PilotGuard
from callvault.portal.configuration.pilot_models import PilotNumbers

from .constraints import IDS
from .fields import RULES, FieldProblem
from .groups import GROUP_FIELDS, GroupSpelling
from .levels import Level
from .models import User
from .numbers_held import two_meanings
from .places import catch_all_told
from .sources import Source

if TYPE_CHECKING:
    PersonModelForm = forms.ModelForm[User]
else:  # not generic at run time
    PersonModelForm = forms.ModelForm


class PersonForm(PersonModelForm):
    """Creates or edits a person. Whose a call is must be one answer, so numbers are unique."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    mode = forms.ChoiceField(
        label=gettext_lazy("Recording mode"),
        required=False,
        help_text=gettext_lazy(
            "What happens to calls of this person, whatever trunk they come by."
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

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
            "numeric_user_id",
            "numeric_partition_id",
            "department",
            "group",
            "additional_groups",
            "mode",
            "level",
            "language",
            "zone",
            "send_notifications",
            "attach_recording",
            "is_active",
        )
        help_texts: ClassVar[dict[str, Any]] = {
            "username": gettext_lazy("For sign-in and file names: letters, digits and . @ + - _"),
            "extension": gettext_lazy("The recorded extension, as the phone system sends it."),
            "alias": gettext_lazy("The number seen from outside, such as +39 02 1234 567."),
            "pbx_username": gettext_lazy("As in Webex Calling, such as ann@example.com."),
            "numeric_user_id": gettext_lazy(
                "Where people share an extension: digits dialled behind the recording pilot's "
                "prefix, of this person only."
            ),
            "numeric_partition_id": gettext_lazy(
                "Likewise, the same for all of a partition, in which an extension has one owner."
            ),
            "group": gettext_lazy("Supervisors of this group see the recordings."),
            "additional_groups": gettext_lazy(
                "Further groups that this supervisor sees, separated by semicolons."
            ),
            "zone": gettext_lazy(
                "For times on pages, such as Europe/Rome. Empty: the zone of the system."
            ),
            "send_notifications": gettext_lazy("A mail to this person for each recording."),
            "attach_recording": gettext_lazy("That mail carries the recording, unencrypted."),
            "is_active": gettext_lazy("May sign in, and calls are recorded."),
        }

    def __init__(self, *args: Any, editor: User, **kwargs: Any) -> None:
        """`editor` is who fills the form in: nobody takes their own rights away."""
        super().__init__(*args, **kwargs)
        self._editor = editor
        self.initial["version"] = self.instance.version
        system = _("The system's (%(language)s)") % {"language": _language_of_system()}
        language: Any = self.fields["language"]
        language.choices = [("", system), *settings.LANGUAGES]
        self._tell_what_is_dialled()
        mode: Any = self.fields["mode"]
        mode.choices = [("", _("As the group or the trunk says")), *modes()]

    def _tell_what_is_dialled(self) -> None:
        """Say beside an ID what the phone system dials, once there is a recording pilot."""
        held = {name: getattr(self.instance, name) for name in IDS}
        prefix = PilotNumbers.load().recording_prefix if any(held.values()) else ""
        for name, numeric_id in held.items():
            if prefix and numeric_id:
                field, number = self.fields[name], f"{prefix}{numeric_id}"
                told = _("The phone system dials %(number)s.") % {"number": number}
                field.help_text = f"{field.help_text} {told}"

    def refuse_as_stale(self, message: str, *, version: int) -> None:
        """Say that somebody was quicker; saved again, the form goes over what they did."""
        self.add_error(None, message)
        typed = QueryDict(mutable=True)
        typed.update(self.data)
        typed["version"] = str(version)
        self.data = typed

    def refuse_last_administrator(self) -> None:
        """Say that nobody would be left who may change settings."""
        name = "level" if self.cleaned_data.get("is_active") else "is_active"
        self.add_error(name, _("Nobody would be left who is an active administrator."))

    def clean(self) -> dict[str, Any]:
        """Check what fields can only say together."""
        cleaned = super().clean() or {}
        self._keep_rules(cleaned)
        self._spell_groups(cleaned)
        self._refuse_taken_names(cleaned)
        self._refuse_shared_numbers(cleaned)
        self._refuse_pilots(cleaned)
        self._refuse_beyond_room(cleaned)
        if self.instance.source == Source.CATCH_ALL:
            self.add_error(None, catch_all_told())
        if cleaned.get("level") == Level.GROUP_SUPERVISOR and not cleaned.get("group"):
            self.add_error("group", _("A group supervisor needs a group."))
        if self.instance.pk is not None and self.instance.pk == self._editor.pk:
            self._keep_own_rights(cleaned)
        return cleaned

    def _keep_rules(self, cleaned: dict[str, Any]) -> None:
        """Hold each field to the rule that it has wherever people come from."""
        for name, rule in RULES.items():
            if isinstance(cleaned.get(name), str):
                try:
                    cleaned[name] = rule(cleaned[name])
                except FieldProblem as problem:
                    self.add_error(name, str(problem))

    def _spell_groups(self, cleaned: dict[str, Any]) -> None:
        """Write groups as others do who have them already."""
        others = User.objects.exclude(pk=self.instance.pk)
        spelling = GroupSpelling()
        for name in GROUP_FIELDS:
            for text in others.exclude(**{name: ""}).values_list(name, flat=True).distinct():
                spelling.learn(text)
        for name in GROUP_FIELDS:
            if cleaned.get(name):
                cleaned[name] = spelling.written(cleaned[name])

    def _refuse_taken_names(self, cleaned: dict[str, Any]) -> None:
        others = User.objects.exclude(pk=self.instance.pk)
        username = cleaned.get("username")
        if username and others.filter(username__iexact=username).exists():
            self.add_error("username", _("This user name is taken."))
        self._refuse_held("numeric_user_id", others, cleaned)
        self._refuse_two_meanings(others, cleaned)
        if cleaned.get("is_active"):
            self._refuse_held("pbx_username", others.filter(is_active=True), cleaned)

    def _refuse_two_meanings(self, others: Any, cleaned: dict[str, Any]) -> None:
        """Refuse an ID that is somebody else's of the other kind."""
        for field, other in (IDS, reversed(IDS)):
            value = cleaned.get(field)
            holder = others.filter(**{other: value}).first() if value else None
            if holder is not None and field in self.changed_data:
                told = {"value": value, "name": holder.get_full_name()}
                text = two_meanings(is_user_id=other == "numeric_user_id")
                self.add_error(field, text % told)

    def _refuse_held(self, field: str, others: Any, cleaned: dict[str, Any]) -> None:
        value = cleaned.get(field)
        holder = others.filter(**{f"{field}__iexact": value}).first() if value else None
        if holder is not None:
            told = {"value": value, "name": holder.get_full_name()}
            self.add_error(field, _("%(value)s already belongs to %(name)s.") % told)

    def _refuse_shared_numbers(self, cleaned: dict[str, Any]) -> None:
        if self.errors.keys() & set(IDS):  # whom they tell apart is not known then
            return
        others = User.objects.filter(is_active=True).exclude(pk=self.instance.pk)
        partition = cleaned.get("numeric_partition_id", "")
        has_id = bool(partition or cleaned.get("numeric_user_id"))
        apart = Q(numeric_user_id="", numeric_partition_id="") if has_id else Q()
        if partition:
            apart |= Q(numeric_partition_id=partition)
        for field in ("extension", "alias"):
            if cleaned.get("is_active") and cleaned.get(field):
                self._refuse_held(field, others.filter(apart), cleaned)

    def _refuse_pilots(self, cleaned: dict[str, Any]) -> None:
        """Refuse a number, where it is new, under which the recorder itself is called."""
        guard = PilotGuard.in_force()
        for field in ("extension", "alias"):
            is_new = {field, "is_active"}.intersection(self.changed_data)
            why = guard.refusal(str(cleaned.get(field) or "")) if is_new else ""
            if why and cleaned.get("is_active"):
                self.add_error(field, why)

    def _refuse_beyond_room(self, cleaned: dict[str, Any]) -> None:
        """Refuse to enable one more than the capacity allows; who is enabled stays."""
        is_new = self.instance.pk is None or "is_active" in self.changed_data
        why = UserRoom.in_force().refusal if is_new and cleaned.get("is_active") else ""
        if why:
            self.add_error("is_active", why)

    def _keep_own_rights(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("is_active"):
            self.add_error("is_active", _("Nobody deactivates themselves."))
        if cleaned.get("level") != Level.ADMINISTRATOR:
            self.add_error("level", _("Nobody takes their own rights as administrator away."))


def _language_of_system() -> str:
    names = dict(settings.LANGUAGES)
    return str(names.get(settings.LANGUAGE_CODE, settings.LANGUAGE_CODE))
