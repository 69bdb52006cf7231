"""What pages say of calls that were decided badly for want of a setting."""

from django import template
from django.utils import timezone

from callvault.portal.decisions.shared_numbers import discarded_as_shared

register = template.Library()


@register.inclusion_tag("decisions/_shared_numbers.html")
def shared_numbers_notice() -> dict[str, object]:
    """Say that calls were discarded since several people share a number, and what mends it."""
    return {"shared": discarded_as_shared(timezone.now())}
