"""Policy as recorders need it, built from the catalogue (policy.snapshot.Snapshot).

For processes that called `django.setup()`. A recorder asks every two seconds; as long as the
revision stays, that is one read of one row.
"""

from uuid import UUID

from callvault.policy import snapshot as policy
from callvault.portal.configuration.models import (
    NumberingPlan,
    PilotNumbers,
    PolicyRevision,
    SystemCapacity,
    SystemSettings,
    Trunk,
)
from callvault.portal.configuration.policy_parts import (
    dial_in_of,
    filters_in_force,
    modes_in_force,
    orders_in_force,
    pilots_of,
    plan_of,
    prompts_of,
)
from callvault.portal.configuration.sounds import own_sounds
from callvault.portal.people.models import User
from callvault.portal.reach import catalogue_reached


class SnapshotLoader:
    """Called without arguments, returns the snapshot in force; the same object while it holds."""

    def __init__(self) -> None:
        self._known: policy.Snapshot | None = None

    @catalogue_reached()
    def __call__(self) -> policy.Snapshot:
        """Return the snapshot in force. Raises CatalogueUnreachable."""
        if self._known is None or self._known.revision != PolicyRevision.current():
            self._known = build_snapshot()
        return self._known


def build_snapshot() -> policy.Snapshot:
    """Read policy whole: again, if it changed while it was read.

    No transaction around it: on SQLite that would take the write lock for a read.
    """
    while True:
        revision = PolicyRevision.current()
        settings, pilots = SystemSettings.load(), PilotNumbers.load()
        capacity = SystemCapacity.load()
        snapshot = policy.Snapshot(
            revision=revision,
            # The inactive, too: they are why a call belongs to nobody.
            people=tuple(_person(user) for user in User.objects.order_by("pk")),
            trunks=tuple(_trunk(trunk, settings.zone) for trunk in Trunk.objects.all()),
            zone=settings.zone,
            country_code=settings.country_code,
            plan=plan_of(NumberingPlan.load(), settings.country_code),
            filters=filters_in_force(),
            pilots=pilots_of(pilots),
            modes=modes_in_force(),
            prompts=prompts_of(pilots),
            dial_in=dial_in_of(pilots),
            sounds=own_sounds(),
            orders=orders_in_force(),
            capacity=capacity.rules,
            catch_all=UUID(str(capacity.catch_all.public_id)) if capacity.catch_all else None,
        )
        if PolicyRevision.current() == revision:
            return snapshot


def _person(user: User) -> policy.Person:
    return policy.Person(
        user_id=UUID(str(user.public_id)),
        username=user.username,
        full_name=user.get_full_name(),
        extension=user.extension,
        alias=user.alias,
        pbx_username=user.pbx_username,
        numeric_user_id=user.numeric_user_id,
        numeric_partition_id=user.numeric_partition_id,
        group=user.group,
        mode=policy.RecordingMode(user.mode) if user.mode else None,
        active=user.is_active,
    )


def _trunk(trunk: Trunk, system_zone: str) -> policy.Trunk:
    return policy.Trunk(
        trunk_id=UUID(str(trunk.public_id)),
        name=trunk.name,
        peers=tuple(trunk.peers),
        transports=tuple(trunk.transports),
        media_networks=tuple(trunk.media_networks),
        mode=policy.RecordingMode(trunk.mode),
        swap_channels=trunk.swap_channels,
        tls_names=tuple(trunk.tls_names),
        srtp=policy.SrtpPolicy(trunk.srtp),
        strict_siprec=trunk.strict_siprec,
        device_zone=trunk.device_zone or system_zone,
        digest_user=trunk.digest_user,
        digest_ha1_md5=trunk.digest_ha1_md5,
        digest_ha1_sha256=trunk.digest_ha1_sha256,
    )
