"""The page *Audit log*: what was done, by whom, when and from where, and how the chain is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.paging import counted
from callvault.portal.people.gates import administrators_only, person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.listing import address, number_told

from . import export, sentences
from .listing import AuditFilterForm, EntryPage, read_page
from .log import record
from .models import Action, AuditEntry, ChainLink
from .objects import Named, name_of, names_of
from .searches import record_search
from .status import chain_status

_CHIPPED = ("kind", "object", "address")  # filters in the panel, shown as chips once they restrict


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry as the page shows it."""

    entry: AuditEntry
    icon: str
    sentence: SafeString
    facts: list[sentences.Fact]
    is_changed: bool  # some fact has a value before and one now
    from_where: str
    link: ChainLink | None

    @property
    def digest(self) -> str:
        """The digest of its place in the chain, hex."""
        return bytes(self.link.digest).hex() if self.link is not None else ""


@require_safe
@never_cache
@administrators_only
def entries(request: HttpRequest) -> HttpResponse:
    """List entries, the newest first."""
    form = AuditFilterForm(request.GET, reader=person_of(request))
    form.is_valid()
    asked = {name: value for name, value in form.asked.items() if name != "text"}
    record_search(request, "audit", asked, text=form.text)
    rows = form.rows()
    page = read_page(
        rows, form.text, after=_cursor(request, "after"), before=_cursor(request, "before")
    )
    context = {
        "form": form,
        "rows": rows_of(page.rows, person_of(request)),
        "searched": bool(form.asked),
        "chips": _chips(form, request),
        "told": _told(page, rows, form.text),
        "older_url": _turned(request, "after", page.older),
        "newer_url": _turned(request, "before", page.newer),
        "chain": chain_status(),
        "query": address("", request.GET, without=("after", "before")),
    }
    return render(request, "audit/log.html", context)


@require_safe
@never_cache
@administrators_only
def export_csv(request: HttpRequest) -> HttpResponseBase:
    """Stream what is filtered as CSV."""
    form = _form(request)
    if form.errors:
        return _back_to(request)
    selection = _selection(request, form, "csv")
    zone = ZoneInfo(SystemSettings.load().zone)
    rows = export.csv_rows(selection, reader=person_of(request), zone=zone)
    return _file((row.encode() for row in rows), "text/csv; charset=utf-8", "csv")


@require_safe
@never_cache
@administrators_only
def export_json_lines(request: HttpRequest) -> HttpResponseBase:
    """Stream what is filtered as JSON lines that `callvault verify audit` takes."""
    form = _form(request)
    if form.errors:
        return _back_to(request)
    selection = _selection(request, form, "jsonl")
    lines = export.json_lines(selection, asked=form.asked, at=timezone.now())
    return _file(lines, "application/jsonl", "jsonl")


def rows_of(entries: Iterable[AuditEntry], reader: User) -> list[EntryRow]:
    """Return entries in words, with links to what still exists."""
    entries = list(entries)
    names = names_of(entries, reader)
    people = User.objects.in_bulk([one.actor_id for one in entries if one.actor_id is not None])
    chained = ChainLink.objects.filter(entry__in=[one.pk for one in entries])
    links = {link.entry_id: link for link in chained}
    return [_row(entry, people, name_of(entry, names), links.get(entry.pk)) for entry in entries]


def _row(
    entry: AuditEntry, people: Mapping[int, User], about: Named, link: ChainLink | None
) -> EntryRow:
    facts = sentences.facts_of(entry)
    return EntryRow(
        entry=entry,
        icon=sentences.icon_of(entry.action),
        sentence=sentences.sentence(entry, sentences.actor_of(entry, people), about),
        facts=facts,
        is_changed=any(fact.before is not None for fact in facts),
        from_where=entry.address or "",
        link=link,
    )


def _form(request: HttpRequest) -> AuditFilterForm:
    form = AuditFilterForm(request.GET, reader=person_of(request))
    form.is_valid()
    return form


def _back_to(request: HttpRequest) -> HttpResponse:
    """Show what is wrong with a filter, rather than export more than was asked for."""
    return redirect(address(reverse("audit:log"), request.GET))


def _selection(request: HttpRequest, form: AuditFilterForm, suffix: str) -> export.Selection:
    """Return what to export, once the log says that somebody does."""
    record(request, Action.AUDIT_EXPORTED, kind="audit", actor=None, file=suffix, asked=form.asked)
    return export.Selection(form.rows(), form.text, is_all=not form.asked)


def _file(content: Iterable[bytes], content_type: str, suffix: str) -> HttpResponseBase:
    response = StreamingHttpResponse(content, content_type=content_type)
    name = f"callvault-audit-{timezone.localtime():%Y-%m-%d-%H%M%S}.{suffix}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _cursor(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _turned(request: HttpRequest, name: str, cursor: int | None) -> str:
    if cursor is None:
        return ""
    return address(
        request.path, request.GET, without=("after", "before"), changed={name: str(cursor)}
    )


def _told(page: EntryPage, rows: QuerySet[AuditEntry], text: str) -> str:
    if text:
        if page.looked_through and page.older is not None:
            told = {"shown": len(page.rows), "many": f"{page.looked_through:,}"}
            return _("%(shown)s found among %(many)s entries; Older goes on looking") % told
        return _("%(shown)s found") % {"shown": len(page.rows)}
    count = counted(rows)
    return _("%(shown)s of %(count)s") % {"shown": len(page.rows), "count": number_told(count)}


def _chips(form: AuditFilterForm, request: HttpRequest) -> list[dict[str, str]]:
    """Return a chip for each filter of the panel that restricts."""
    chips = []
    for name in _CHIPPED:
        value = form.cleaned_data.get(name)
        if value:
            choices = dict(getattr(form.fields[name], "choices", ()))
            chips.append(
                {
                    "name": name,
                    "label": str(form.fields[name].label),
                    "value": str(choices.get(value, value)),
                    "remove_url": address(
                        request.path, request.GET, without=(name, "after", "before")
                    ),
                }
            )
    return chips
