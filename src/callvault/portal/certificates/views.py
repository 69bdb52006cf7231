"""The page *Certificates*: what recordings and calls in progress are sealed to (DATA-1, DATA-2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from callvault.errors import VaultError
from callvault.portal.people.gates import administrators_only
from callvault.vault import Entry, Keyring, Role, Waiting, key_protection, waiting

from . import changing
from .forms import RequestForm, UploadForm, UseForm
from .models import Rewrapping, State

WARN_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """One certificate of the list."""

    entry: Entry
    expires: str  # "", "soon", "expired"

    @property
    def is_insecure(self) -> bool:
        """Whether nobody but itself vouches for it, and it is in use."""
        return self.entry.is_current and self.entry.certificate.info.self_signed


@dataclass(frozen=True, slots=True)
class RoleView:
    """The certificates of one role, and the form that chooses among them."""

    role: Role
    rows: list[CertificateRow]
    form: UseForm


@require_safe
@never_cache
@administrators_only
def certificates(request: HttpRequest) -> HttpResponse:
    """Show them all."""
    return _page(request)


@require_POST
@sensitive_post_parameters("passphrase")
@administrators_only
def upload(request: HttpRequest) -> HttpResponse:
    """Take in a certificate."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, upload_form=form)
    try:
        _name, has_key = changing.take_in(request, form)
    except (VaultError, OSError) as refused:
        form.add_error("file", _("It was not taken: %(why)s.") % {"why": refused})
        return _page(request, upload_form=form)
    told = (
        _("Added, with its private key. Choose it below to seal to it.")
        if has_key
        else _("Added, without a private key: this machine can seal to it, not open.")
    )
    messages.success(request, told)
    return redirect("certificates:index")


@require_POST
@administrators_only
def use(request: HttpRequest, role: str) -> HttpResponse:
    """Choose what is sealed to from now on."""
    chosen = _role(role)
    try:
        form = UseForm(request.POST, entries=Keyring.load(changing.key_folder()).entries(chosen))
        if not form.is_valid():
            return _page(request, use_form=(chosen, form))
        changing.choose(request, chosen, form.cleaned_data["names"])
    except (VaultError, OSError) as refused:
        return _page(request, problem=str(refused))
    messages.success(request, _("Saved. Workers and recorders use it within seconds."))
    return redirect("certificates:index")


@require_POST
@administrators_only
def ask(request: HttpRequest) -> HttpResponse:
    """Make a key and a signing request for an authority."""
    form = RequestForm(request.POST)
    if not form.is_valid():
        return _page(request, request_form=form)
    try:
        changing.ask_authority(request, form)
    except (VaultError, OSError) as refused:
        form.add_error(None, _("It was not made: %(why)s.") % {"why": refused})
        return _page(request, request_form=form)
    messages.success(request, _("Made. Download it below and send it to your authority."))
    return redirect("certificates:index")


@require_safe
@administrators_only
def request_file(request: HttpRequest, name: str) -> HttpResponse:
    """Serve a signing request; it holds no secret."""
    found = next((one for one in waiting(changing.key_folder()) if one.name == name), None)
    if found is None:
        raise Http404
    response = HttpResponse(found.pem, content_type="application/pkcs10")
    disposition = content_disposition_header(as_attachment=True, filename=f"{name}.csr")
    response["Content-Disposition"] = disposition or "attachment"
    return response


@require_POST
@administrators_only
def drop(request: HttpRequest, name: str) -> HttpResponse:
    """Remove a signing request and its key."""
    try:
        changing.drop_request(request, name)
    except VaultError as refused:
        raise Http404 from refused
    messages.success(request, _("Removed. A certificate for it is of no use any more."))
    return redirect("certificates:index")


@require_POST
@administrators_only
def rewrap(request: HttpRequest) -> HttpResponse:
    """Start or stop to give older recordings to the certificates in use."""
    if "stop" in request.POST:
        changing.stop_rewrapping(request)
        messages.success(request, _("Stopped. What is done stays done."))
        return redirect("certificates:index")
    try:
        begun = changing.begin_rewrapping(request)
    except (VaultError, OSError) as refused:
        return _page(request, problem=str(refused))
    if begun:
        messages.success(request, _("Started. Recordings can be played meanwhile."))
    return redirect("certificates:index")


def _page(
    request: HttpRequest,
    *,
    upload_form: UploadForm | None = None,
    request_form: RequestForm | None = None,
    use_form: tuple[Role, UseForm] | None = None,
    problem: str = "",
) -> HttpResponse:
    now = timezone.now()
    try:
        entries = Keyring.load(changing.key_folder()).entries()
    except (VaultError, OSError) as unreadable:
        entries, problem = (), problem or str(unreadable)
    protection = None
    try:
        protection = key_protection(changing.key_folder())
    except (VaultError, OSError) as unreadable:
        problem = problem or str(unreadable)
    roles = [_role_view(role, entries, use_form, now) for role in (Role.ARCHIVE, Role.INGEST)]
    requests: list[Waiting] = list(waiting(changing.key_folder()))
    in_use = [row for view in roles for row in view.rows if row.entry.is_current]
    context = {
        "roles": roles,
        "insecure": any(row.is_insecure for row in in_use),
        "expiring": [row for row in in_use if row.expires],
        "cannot_play": not any(
            row.entry.private_key for row in roles[0].rows if row.entry.is_current
        ),
        "upload_form": upload_form or UploadForm(),
        "request_form": request_form or RequestForm(),
        "requests": requests,
        "protection": protection,
        "rewrapping": Rewrapping.objects.order_by("-pk").first(),
        "running": Rewrapping.objects.filter(state=State.RUNNING).exists(),
        "problem": problem,
    }
    is_refused = bool(upload_form or request_form or use_form or problem)
    status = 422 if is_refused and request.method == "POST" else 200
    return render(request, "certificates/index.html", context, status=status)


def _role_view(
    role: Role,
    entries: tuple[Entry, ...],
    use_form: tuple[Role, UseForm] | None,
    now: datetime,
) -> RoleView:
    own = tuple(one for one in entries if one.role is role)
    bound = use_form[1] if use_form and use_form[0] is role else None
    rows = [CertificateRow(one, _expires(one, now)) for one in own]
    return RoleView(role, rows, bound or UseForm(entries=own))


def _expires(entry: Entry, now: datetime) -> str:
    not_after = entry.certificate.info.not_after
    if not_after <= now:
        return "expired"
    return "soon" if not_after - now <= WARN_BEFORE else ""


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise Http404 from None
