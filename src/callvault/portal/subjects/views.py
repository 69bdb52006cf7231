"""Data subjects: what is held of a number or a person, to show, to hand over and to erase."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from callvault.policy.decision import Verdict
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.audit.searches import record_search
from callvault.portal.audit.views import rows_of
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.decisions import sentences
from callvault.portal.decisions.models import Call
from callvault.portal.people.gates import administrators_only, person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.listing import row_of

from . import held
from .erasure import begin, preview, reason_told
from .export import archive
from .models import Erasure
from .subject import Subject, number_subject, person_subject, person_with

SHOWN = 20
PEOPLE_OFFERED = 500
ERASURES_SHOWN = 20


class LookUpForm(forms.Form):
    """A number in any written form, or a person."""

    q = forms.CharField(label=gettext_lazy("Telephone number"), required=False, max_length=100)
    person = forms.ChoiceField(label=gettext_lazy("Person"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        shown = list(User.objects.all()[:PEOPLE_OFFERED])
        asked = person_with(str(data.get("person") or ""))  # by an address; maybe beyond those
        if asked is not None and asked not in shown:
            shown.append(asked)
        people = [(str(one.public_id), one.get_full_name()) for one in shown]
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [("", gettext_lazy("No person chosen")), *people]

    def clean(self) -> dict[str, Any]:
        """Find out who is meant; one of both, not both."""
        cleaned = super().clean() or {}
        number, person = cleaned.get("q"), cleaned.get("person")
        if number and person:
            self.add_error("person", _("Look up a number or a person, one at a time."))
        elif number and number_subject(number) is None:
            self.add_error("q", _("This is no telephone number. Write it as it is dialled."))
        return cleaned

    @property
    def subject(self) -> Subject | None:
        """Who is meant; None: nobody was asked for."""
        if self.errors:
            return None
        if self.cleaned_data.get("q"):
            return number_subject(self.cleaned_data["q"])
        person = person_with(self.cleaned_data.get("person") or "")
        return person_subject(person) if person is not None else None


class EraseForm(forms.Form):
    """The number of recordings, typed: it cannot be undone."""

    recordings = forms.CharField(label=gettext_lazy("Number of recordings"), max_length=12)

    def __init__(self, data: Any, *, expected: int) -> None:
        super().__init__(data)
        self._expected = expected

    def clean_recordings(self) -> str:
        """Refuse any other number, for instance that of before somebody called again."""
        text = str(self.cleaned_data["recordings"]).replace(",", "").replace(".", "").strip()
        if text != str(self._expected):
            told = {"number": self._expected}
            raise forms.ValidationError(
                _("There are %(number)s recordings. Type this number.") % told
            )
        return text


@dataclass(frozen=True, slots=True)
class CallLine:
    """A decision, in a line."""

    call: Call
    url: str
    parties: str
    verdict: str


@require_safe
@never_cache
@administrators_only
def subjects(request: HttpRequest) -> HttpResponse:
    """Look up a number or a person and show what is held."""
    form = LookUpForm(request.GET)
    form.is_valid()
    subject = form.subject
    context: dict[str, Any] = {"form": form, "subject": subject}
    if subject is not None:
        note_look_up(request, subject)
        context |= _held(subject, person_of(request)) | {"query": _query(subject)}
    context["erasures"] = Erasure.objects.all()[:ERASURES_SHOWN]
    status = 422 if form.errors else 200
    return render(request, "subjects/index.html", context, status=status)


def note_look_up(request: HttpRequest, subject: Subject) -> None:
    """Write down that somebody looks up what is held of a subject."""
    asked = {"person": str(subject.person.public_id)} if subject.person is not None else {}
    record_search(request, "subjects", asked, text=subject.number)


def _held(subject: Subject, reader: User) -> dict[str, Any]:
    recordings = held.recordings_of(subject, reader).order_by("-started_at", "-record_number")
    plan = plan_reader()
    return {
        "counts": held.counts_of(subject, reader),
        "recordings": [row_of(row, reader=plan) for row in recordings[:SHOWN]],
        "calls": [_call_line(call) for call in _latest(held.calls_of(subject, reader), "at")],
        "notes": _latest(held.notes_of(subject, reader), "written_at"),
        "people": held.people_of(subject),
        "left": rows_of(held.left_of(subject, reader)[:SHOWN], reader),
        "shown": SHOWN,
    }


def _latest(rows: QuerySet[Any], column: str) -> list[Any]:
    return list(rows.order_by(f"-{column}", "-pk")[:SHOWN])


def _call_line(call: Call) -> CallLine:
    return CallLine(
        call,
        reverse("decisions:call", args=[call.event_id]),
        sentences.call_line(call),
        sentences.verdict_title(Verdict(call.verdict)),
    )


def _query(subject: Subject) -> str:
    if subject.person is not None:
        return urlencode({"person": str(subject.person.public_id)})
    return urlencode({"q": subject.number})


@require_safe
@never_cache
@administrators_only
def export_all(request: HttpRequest) -> HttpResponseBase:
    """Stream all that is held as one ZIP."""
    form = LookUpForm(request.GET)
    form.is_valid()
    subject = form.subject
    if subject is None:
        return redirect("subjects:index")
    return export_of(request, subject, zone=ZoneInfo(SystemSettings.load().zone))


def export_of(request: HttpRequest, subject: Subject, *, zone: ZoneInfo) -> StreamingHttpResponse:
    """Stream the ZIP, once the log says so; of a mere question for its head, nothing."""
    now = timezone.now()
    name = f"callvault-subject-{now.astimezone(zone):%Y-%m-%d-%H%M%S}.zip"
    content: Iterable[bytes] = ()
    if request.method != "HEAD":
        counts = held.counts_of(subject, person_of(request))
        record(
            request, Action.SUBJECT_EXPORTED, kind="subject", object_id=subject.reference,
            actor=None, recordings=counts.recordings, calls=counts.calls, notes=counts.notes,
        )  # fmt: skip
        content = archive(request, subject, name=name, at=now, zone=zone)
    response = StreamingHttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def erase(request: HttpRequest) -> HttpResponse:
    """Show what would go and what would stay, and erase after the number was typed."""
    look_up = LookUpForm(request.GET)
    look_up.is_valid()
    subject = look_up.subject
    if subject is None:
        return redirect("subjects:index")
    reader = person_of(request)
    counts = held.counts_of(subject, reader)
    form = EraseForm(request.POST or None, expected=counts.recordings)
    if request.method == "POST" and form.is_valid():
        running = begin(request, subject, expected=counts.recordings)
        return redirect("subjects:erasure", running.public_id)
    refused = preview(subject, reader)
    context = {
        "form": form,
        "subject": subject,
        "query": _query(subject),
        "counts": counts,
        "stay": sum(refused.values()),
        "go": counts.recordings - sum(refused.values()),
        "reasons": [(reason_told(code), count) for code, count in refused.items()],
        "left": rows_of(held.left_of(subject, reader)[:SHOWN], reader),
        "people": held.people_of(subject),
    }
    return render(request, "subjects/erase.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
@administrators_only
def erasure(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show how far an erasure is, and its report afterwards."""
    row = get_object_or_404(Erasure, public_id=public_id)
    context = {
        "erasure": row,
        "done": row.deleted + sum(row.refused.values()),
        "reasons": [(reason_told(code), count) for code, count in row.refused.items()],
        "asker": row.asked_by_name,
    }
    return render(request, "subjects/erasure.html", context)
