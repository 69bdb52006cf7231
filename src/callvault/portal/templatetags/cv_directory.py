"""Words of directories for templates: `{% load cv_directory %}`."""

from django import template
from django.utils.translation import gettext

from callvault.portal.directory.models import DirectoryPerson, DirectoryRun
from callvault.portal.directory.states import attention
from callvault.portal.directory.states import run_told as told
from callvault.portal.people.models import User

register = template.Library()


@register.inclusion_tag("directory/_notices.html")
def directory_notices() -> dict[str, object]:
    """Draw what needs somebody about directories, for dashboards: `{% directory_notices %}`."""
    return {"notices": attention()}


@register.inclusion_tag("directory/_person.html")
def directory_of(person: User) -> dict[str, object]:
    """Draw which directory a person comes from, if any: `{% directory_of person %}`."""
    links = DirectoryPerson.objects.select_related("source")
    return {"link": links.filter(person=person).first()}


@register.filter
def run_told(run: DirectoryRun) -> str:
    """Return what became of a run in one line."""
    return told(run)


@register.filter
def yesno_or_text(value: object) -> str:
    """Return a value of a plan for reading: yes, no, nothing, or the text itself."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value) if value != "" else gettext("nothing")
