"""Whom a request is about: a number in all its written forms, or a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from callvault.policy import numbers
from callvault.policy.writings import writings
from callvault.portal.audit.log import number_reference
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.people.models import User
from callvault.portal.recordings.folding import normal_form, number_in, user_part

REDACTED = "erased"


@dataclass(frozen=True, slots=True)
class Subject:
    """A number, or a person; what of the catalogue's text is about them."""

    reference: str
    number: str = ""  # normal form
    forms: frozenset[str] = frozenset()  # every way of writing it
    person: User | None = None

    @property
    def shown_forms(self) -> list[str]:
        """The written forms, in an order that stays."""
        return sorted(self.forms)

    def is_meant(self, text: str) -> bool:
        """Whether a text names the subject: a number in any form, or something of the person's."""
        bare = user_part(text).strip()
        if self.person is not None and bare.casefold() in _names_of(self.person):
            return True
        return bool(bare) and (number_in(bare) or bare) in self.forms

    def redacted(self, value: object) -> object:
        """Return a JSON value in which every text that names the subject is replaced."""
        if isinstance(value, str):
            return REDACTED if self.is_meant(value) else value
        if isinstance(value, list):
            return [self.redacted(one) for one in value]
        if isinstance(value, Mapping):
            return {name: self.redacted(one) for name, one in value.items()}
        return value


def number_subject(text: str) -> Subject | None:
    """Return the subject of a number in any written form; None: the text is no number."""
    number = number_in(text) or (normal_form(text) if numbers.is_number(text) else "")
    if not number:
        return None
    plan = plan_reader()
    forms = written_forms(number, country_code=plan.plan.country_code) | writings(plan, number)
    return Subject(number_reference(number), number=number, forms=forms)


def person_subject(person: User) -> Subject:
    """Return the subject of a person: their recordings are those they own."""
    own = [person.extension, person.alias]
    forms = frozenset(form for number in own if number for form in written_forms(number))
    return Subject(str(person.public_id), forms=forms, person=person)


def person_with(public_id: str) -> User | None:
    """Return the person with this id; None: there is none."""
    try:
        return User.objects.filter(public_id=UUID(public_id)).first()
    except ValueError:
        return None


def written_forms(number: str, *, country_code: str = "") -> frozenset[str]:
    """Return every way in which a number may stand in the catalogue.

    A number of one's own country is also dialled without its code, with or without a zero.

    >>> sorted(written_forms("+39021234567", country_code="39"))
    ['+39021234567', '0021234567', '0039021234567', '021234567', '39021234567']
    """
    found = set(numbers.forms(number, country_code=country_code))
    for form in tuple(found):
        if form.startswith("+"):
            digits = form[1:]
            found |= {digits, f"00{digits}"}
            if country_code and digits.startswith(country_code):
                home = digits[len(country_code) :]
                found |= {home, f"0{home}"}
    return frozenset(one for one in found if len(one) >= min(len(number), 4))


def _names_of(person: User) -> set[str]:
    names = (person.username, person.get_full_name(), person.email, person.pbx_username)
    return {name.casefold() for name in names if name}
