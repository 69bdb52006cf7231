"""The recorder's own pilot numbers on a black list: advised, and added with one click (FILT-3)."""

from django.http import HttpRequest, QueryDict

from .filter_forms import FilterForm
from .models import PilotNumbers
from .pilot_claims import unlisted
from .policy_parts import pilots_of

BUTTON = "pilots"


def sent(request: HttpRequest) -> QueryDict | None:
    """Return what a filter's form sent, with the pilots on its list where that was asked for."""
    if not request.POST:
        return None
    if BUTTON not in request.POST:
        return request.POST
    typed = QueryDict(mutable=True)
    typed.update(request.POST)
    lines = str(request.POST.get("black_list", "")).rstrip()
    missing = unlisted(pilots_of(PilotNumbers.load()), lines.split())
    typed["black_list"] = "\n".join([*filter(None, [lines]), *missing])
    return typed


def advice(form: FilterForm) -> dict[str, object]:
    """Return what the page says of pilots: whether there are any, and those not listed yet."""
    pilots = pilots_of(PilotNumbers.load())
    listed = form.cleaned_data.get("black_list") if form.is_bound and form.is_valid() else None
    stored = form.initial.get("black_list") or []
    return {
        "has_pilots": bool(unlisted(pilots, [])),
        "unlisted": unlisted(pilots, stored if listed is None else listed),
    }
