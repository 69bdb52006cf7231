"""Which trunk already has what another is to get: whose a call is must be one answer."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from callvault.policy import snapshot as policy
from callvault.policy.trunk_overlap import overlap

from .models import Trunk


class ClaimedError(ValueError):
    """Another trunk has it; `is_name` says whether that is a TLS name."""

    def __init__(self, shared: str, trunk: Trunk, *, is_name: bool) -> None:
        told = {"peer": shared, "trunk": trunk.name}
        super().__init__(_("%(peer)s already belongs to %(trunk)s.") % told)
        self.is_name = is_name


def check_claims(
    peers: Sequence[str], tls_names: Sequence[str], transports: Sequence[str], *, of: Trunk | None
) -> None:
    """Raise ClaimedError if a trunk other than `of` claims a call that these would."""
    mine = _claims(peers, tls_names, transports)
    others = Trunk.objects.exclude(pk=of.pk) if of is not None else Trunk.objects.all()
    for trunk in others:
        shared = overlap(mine, _claims(trunk.peers, trunk.tls_names, trunk.transports))
        if shared is not None:
            raise ClaimedError(shared, trunk, is_name=shared in tls_names)


def _claims(
    peers: Sequence[str], tls_names: Sequence[str], transports: Sequence[str]
) -> policy.Trunk:
    return policy.Trunk(
        trunk_id=UUID(int=0),
        name="",
        peers=tuple(peers),
        tls_names=tuple(tls_names),
        transports=tuple(transports),  # type: ignore[arg-type]  # forms checked them
    )
