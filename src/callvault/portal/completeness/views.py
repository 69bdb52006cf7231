"""Completeness: each record of the phone system with its verdict, imports, and mappings."""

from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from callvault.portal.audit.searches import record_search
from callvault.portal.configuration.filter_saving import StaleSetting
from callvault.portal.paging import Order
from callvault.portal.people.csv_reading import CsvRefused
from callvault.portal.people.gates import administrators_only
from callvault.portal.recordings.turning import turned

from . import listing, wording
from .alarm import standing
from .forms import CdrFilterForm, CdrMappingForm, CdrUploadForm, CompletenessForm
from .importing import CUCM, import_file, undo
from .models import CdrCall, CdrImport, CdrMapping, CompletenessSettings
from .saving import delete_mapping, save_mapping, save_settings

BY_BEGINNING = Order("began_at", "id", descending=True)
BY_TIME = Order("at", "id", descending=True)


@require_safe
@never_cache
@administrators_only
def records(request: HttpRequest) -> HttpResponse:
    """List call records with their verdicts, above them how much was captured."""
    form = CdrFilterForm(request.GET)
    form.is_valid()
    read = form.cleaned_data
    asked = {name: str(value) for name, value in read.items() if name != "q" and value}
    record_search(request, "completeness", asked, text=read.get("q", ""))
    turn = turned(request, listing.matching(read), BY_BEGINNING)
    source = (
        CdrImport.objects.filter(public_id=read["source"]).first() if read.get("source") else None
    )
    context = {
        "form": form,
        "rows": [listing.line_of(row) for row in turn.page.rows],
        "searched": any(read.values()),
        "source": source,
        "waiting": CdrCall.objects.filter(verdict="").exists(),
        "standing": standing(timezone.now()),
        **turn.foot,
    }
    return render(request, "completeness/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def imports(request: HttpRequest) -> HttpResponse:
    """Take a file, and list those that were taken."""
    form = CdrUploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        form = CdrUploadForm(request.POST, request.FILES)
        if form.is_valid():
            row = _taken_in(request, form)
            if row is not None:
                return redirect("completeness:import", row.public_id)
    turn = turned(request, CdrImport.objects.all(), BY_TIME)
    context = {
        "form": form,
        "rows": [(row, layout_told(row)) for row in turn.page.rows],
        "mappings": CdrMapping.objects.all(),
        **turn.foot,
    }
    status = 422 if form.is_bound else 200
    return render(request, "completeness/imports.html", context, status=status)


def _taken_in(request: HttpRequest, form: CdrUploadForm) -> CdrImport | None:
    file = form.cleaned_data["file"]
    try:
        return import_file(request, file.read(), file_name=file.name or "", mapping=form.mapping)
    except CsvRefused as refused:
        form.add_error("file", str(refused))
        return None


def layout_told(row: CdrImport) -> str:
    """Name the layout of an import."""
    return "Cisco Unified CM" if row.layout == CUCM else row.layout


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def one_import(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show what a file brought, and how far it is judged; on POST take it back."""
    row = get_object_or_404(CdrImport, public_id=public_id)
    if request.method == "POST":
        count = undo(request, row)
        told = ngettext(
            "Taken back, with %(count)s record.", "Taken back, with %(count)s records.", count
        )
        messages.success(request, told % {"count": count})
        return redirect("completeness:imports")
    waiting = CdrCall.objects.filter(source=row, verdict="").count()
    context = {
        "row": CdrImport.objects.get(pk=row.pk),
        "layout": layout_told(row),
        "waiting": waiting,
        "done": max(row.added - waiting, 0),
        "errors": [(line, wording.WRONG.get(wrong, wrong)) for line, wrong in row.errors],
        "more_errors": max(row.wrong - len(row.errors), 0),
    }
    return render(request, "completeness/import.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def mapping(request: HttpRequest, public_id: UUID | None = None) -> HttpResponse:
    """Add or change a mapping."""
    row = get_object_or_404(CdrMapping, public_id=public_id) if public_id else None
    form = CdrMappingForm(request.POST or None, instance=row)
    if form.is_bound and form.is_valid() and _is_saved(request, form):
        messages.success(request, _("Saved."))
        return redirect("completeness:imports")
    name = CdrMapping.objects.get(pk=row.pk).name if row else ""
    status = 422 if form.is_bound else 200
    context = {"form": form, "row": row, "name": name}
    return render(request, "completeness/mapping.html", context, status=status)


def _is_saved(request: HttpRequest, form: CdrMappingForm) -> bool:
    try:
        with transaction.atomic():
            save_mapping(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    except IntegrityError:  # somebody took the name just now
        form.add_error("name", _("There is a mapping of this name."))
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def drop_mapping(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then forget a mapping."""
    row = get_object_or_404(CdrMapping, public_id=public_id)
    if request.method == "POST":
        delete_mapping(request, row)
        messages.success(request, _("Deleted."))
        return redirect("completeness:imports")
    return render(request, "completeness/mapping_delete.html", {"row": row})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def settings(request: HttpRequest) -> HttpResponse:
    """Show and change when people are told, and how long records are kept."""
    row = CompletenessSettings.load()
    form = CompletenessForm(request.POST or None, instance=row, initial={"version": row.version})
    if form.is_bound and form.is_valid():
        try:
            save_settings(request, form)
        except StaleSetting as stale:
            stale.tell(form)
        else:
            messages.success(request, _("Saved. In force now."))
            return redirect("completeness:list")
    status = 422 if form.is_bound else 200
    return render(request, "completeness/settings.html", {"form": form}, status=status)
