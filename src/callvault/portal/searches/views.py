"""The pages of saved searches: keep one, change it, all that a person finds."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.portal.people.gates import person_of

from .finding import default_of, found_by, kept_of, own_searches, shared_with
from .forms import SearchForm
from .models import ListName, SavedSearch
from .saving import SearchRefused, delete_search, restore_search, save_search, set_default


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """List the searches that a person finds."""
    person = person_of(request)
    defaults = {default_of(person, one) for one in ListName.values}
    context = {
        "own": own_searches(person),
        "shared": shared_with(person),
        "defaults": {search.pk for search in defaults if search},
        "is_supervisor": person.is_supervisor,
    }
    return render(request, "searches/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def create(request: HttpRequest) -> HttpResponse:
    """Keep the search that the address holds."""
    sent = request.POST if request.method == "POST" else request.GET
    person, of_list = person_of(request), sent.get("list", "")
    query = kept_of(QueryDict(sent.get("query", "")))
    if of_list not in _lists_of(request) or not query:
        raise Http404
    return _form_page(request, SavedSearch(person=person, of_list=of_list, query=query))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def change(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Rename, share, make it the default."""
    return _form_page(request, _own(request, search_id))


def _form_page(request: HttpRequest, search: SavedSearch) -> HttpResponse:
    person = person_of(request)
    if request.method != "POST":
        initial = {"name": search.name, "sharing": search.sharing, "version": search.version}
        initial["is_default"] = default_of(person, search.of_list) == search if search.pk else False
        form = SearchForm(person, search, initial=initial)
        return render(request, "searches/form.html", {"form": form, "search": search})
    form = SearchForm(person, search, request.POST)
    if form.is_valid():
        read = form.cleaned_data
        search.name, search.sharing = read["name"], read.get("sharing") or ""
        try:
            save_search(request, search, opened=read["version"])
        except SearchRefused as refused:
            form.add_error(None, str(refused))
        else:
            set_default(request, search, chosen=read["is_default"])
            messages.success(request, _("“%(name)s” is saved.") % {"name": search.name})
            return redirect(search.url)
    return render(request, "searches/form.html", {"form": form, "search": search}, status=422)


@require_POST
def replace(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Keep another search under the same name."""
    search = _own(request, search_id)
    query = kept_of(QueryDict(request.POST.get("query", "")))
    if not query:
        raise Http404
    search.query = query
    try:
        save_search(request, search)
    except SearchRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("“%(name)s” is saved.") % {"name": search.name})
    return redirect(search.url)


@require_POST
def delete(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Delete one, and offer to undo that."""
    search = delete_search(request, search_id)
    undo = f"undo {reverse('searches:restore')} {search_id.hex}"
    told = _("“%(name)s” is deleted.") % {"name": search.name}
    messages.success(request, told, extra_tags=undo)
    return redirect("searches:index")


@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    """Undo a deletion; the id comes as a toast sends it."""
    try:
        search_id = UUID(request.POST.get("recording", ""))
    except ValueError:
        raise Http404 from None
    try:
        search = restore_search(request, search_id)
    except SearchRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("“%(name)s” is there again.") % {"name": search.name})
    return redirect("searches:index")


@require_POST
def default(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Let the list open by a search, or no longer."""
    search = found_by(person_of(request), search_id)
    chosen = request.POST.get("chosen") == "1"
    set_default(request, search, chosen=chosen)
    told = (
        _("The list opens by “%(name)s” from now on.")
        if chosen
        else _("The list opens with all recordings from now on.")
    )
    messages.success(request, told % {"name": search.name})
    return redirect("searches:index")


def _own(request: HttpRequest, search_id: UUID) -> SavedSearch:
    person = person_of(request)
    search = found_by(person, search_id)
    if search.person != person:
        raise Http404
    return search


def _lists_of(request: HttpRequest) -> set[str]:
    person = person_of(request)
    return {ListName.MINE.value, *([ListName.ALL.value] if person.is_supervisor else [])}
