"""Importing people from CSV, in two steps: look at what a file would do, then do exactly that."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.portal.audit.models import Action

from .applying import values_of
from .csv_columns import COLUMNS
from .csv_import import Preview, bring_in, look_at
from .csv_reading import LARGEST_BYTES, CsvRefused
from .csv_writing import people_as_csv, report_lines_as_csv, template
from .gates import administrators_only, person_of
from .import_report import kept_lines, lines_of, packed, page_of_report
from .listing import PeopleFilter
from .models import PeopleImport
from .people_audit import Actor
from .planning import Outcome

KEPT = timedelta(days=1)
MOST_ROWS_HERE = 20_000
"""Larger files are imported on the command line: a page would wait too long for them."""
SEPARATORS = {"comma": ",", "semicolon": ";"}


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        allow_empty_file=True,
        help_text=gettext_lazy(
            "Up to 10 MB and 20,000 rows. UTF-8, UTF-16 or Windows-1252; comma, semicolon or tab."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB. Split it into several."))
        return file


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file, and show what it would do."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            draft = taken_in(request, form)
            if draft is not None:
                return redirect("people:import", draft.public_id)
    status = 422 if form.is_bound else 200
    context = {"form": form, "columns": COLUMNS.values()}
    return render(request, "people/import_upload.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show what a file would do or did; on POST do it, if it is still the same."""
    draft = draft_of(request, public_id)
    has_changed = False
    if request.method == "POST" and draft.done_at is None:
        has_changed = not import_draft(request, draft)
        if not has_changed:
            count = draft.counts["created"] + draft.counts["changed"]
            told = ngettext(
                "%(count)s person is imported.", "%(count)s people are imported.", count
            )
            messages.success(request, told % {"count": count})
            return redirect("people:import", public_id)
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in set(Outcome) else ""
    start = request.GET.get("start", "")
    page = page_of_report(
        kept_lines(draft), outcome, int(start) if start.isdecimal() and len(start) < 7 else 0
    )
    context = {
        "draft": draft,
        "page": page,
        "outcome": outcome,
        "deeds": draft.counts["created"] + draft.counts["changed"],
        "total": sum(draft.counts.values()),
        "has_changed": has_changed,
    }
    status = 409 if has_changed else 200
    return render(request, "people/import_preview.html", context, status=status)


@require_POST
@never_cache
@administrators_only
def discard(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Forget a file that is not imported after all."""
    draft_of(request, public_id).delete()
    return redirect("people:list")


@require_safe
@never_cache
@administrators_only
def report(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Give the report as CSV."""
    draft = draft_of(request, public_id)
    return _csv(report_lines_as_csv(kept_lines(draft)), "people-import-report.csv")


@require_safe
@administrators_only
def csv_template(request: HttpRequest) -> HttpResponseBase:
    """Give an empty file with the columns and an example."""
    return _csv([template(separator=_separator(request))], "people-template.csv")


@require_safe
@never_cache
@administrators_only
def export(request: HttpRequest) -> HttpResponseBase:
    """Give the people of the list as CSV; what comes back as it is changes nothing."""
    form = PeopleFilter(request.GET)
    found = form.apply().order_by("sort_name", "id")
    Actor.of_request(request).entry(
        Action.PEOPLE_EXPORTED, "", filters=sorted(form.active), count=found.count()
    ).save()
    values = (values_of(person) for person in found.iterator(chunk_size=2000))
    return _csv(people_as_csv(values, separator=_separator(request)), "people.csv")


def taken_in(request: HttpRequest, form: UploadForm) -> PeopleImport | None:
    """Plan a file and keep both; None: it cannot be read, and the form says why."""
    PeopleImport.objects.filter(made_at__lt=timezone.now() - KEPT).delete()
    file = form.cleaned_data["file"]
    content = file.read()
    editor = person_of(request)
    try:
        found = look_at(content, editor=editor.public_id)
        if len(found.plan.rows) > MOST_ROWS_HERE:
            raise CsvRefused(
                _("The file has more than 20,000 rows. Split it, or use “callvault users import”.")
            )
    except CsvRefused as refused:
        form.add_error("file", str(refused))
        return None
    draft = PeopleImport(made_by=editor, file_name=str(file.name)[:255], content=content)
    _remember(draft, found)
    return draft


def import_draft(request: HttpRequest, draft: PeopleImport) -> bool:
    """Do what was looked at. False: it would be something else now, which is kept to look at."""
    actor = Actor.of_request(request)
    found, done = bring_in(
        bytes(draft.content), seen=draft.digest, actor=actor, file_name=draft.file_name
    )
    if done:
        draft.done_at, draft.content = timezone.now(), b""
    _remember(draft, found)
    return done


def _remember(draft: PeopleImport, found: Preview) -> None:
    draft.digest = found.digest
    draft.counts = {outcome.value: count for outcome, count in found.plan.counts.items()}
    draft.rows = packed(lines_of(found.plan))
    draft.left_out = [name[:100] for name in found.file.left_out]
    draft.has_passwords = found.file.has_passwords
    draft.save()


def draft_of(request: HttpRequest, public_id: UUID) -> PeopleImport:
    """Return a file of one's own on its way in; 404 for anybody else's."""
    return get_object_or_404(PeopleImport, public_id=public_id, made_by=person_of(request))


def _separator(request: HttpRequest) -> str:
    return SEPARATORS.get(request.GET.get("separator", ""), ",")


def _csv(pieces: Iterable[str], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
