"""What a password must be, in words and as a check. What makes one weak is Django's to say.

Length is what counts (NIST SP 800-63B): no rule asks for digits or signs, and none is replaced
for its age unless an administrator wants it.
"""

from dataclasses import dataclass

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    NumericPasswordValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from callvault.portal.people.models import User

from .models import OwnChoices, PastPassword, SignInSettings


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in words, and whether what was typed keeps it; None: not typed, or not told yet."""

    text: str
    kept: bool | None = None


def rules_of(settings: SignInSettings) -> list[Rule]:
    """Return the rules in words, before anything is typed."""
    rules = [Rule(length_in_words(settings)), Rule(_common()), Rule(_similar())]
    return [*rules, Rule(_past(settings.history))] if settings.history else rules


def judged(password: str, person: User | None, settings: SignInSettings) -> list[Rule]:
    """Return the rules and how this password keeps them; earlier ones are asked on saving."""
    rules = [
        Rule(length_in_words(settings), len(password) >= settings.min_length),
        Rule(
            _common(),
            _passes(CommonPasswordValidator(), password, person)
            and _passes(NumericPasswordValidator(), password, person),
        ),
        Rule(_similar(), _passes(UserAttributeSimilarityValidator(), password, person)),
    ]
    return [*rules, Rule(_past(settings.history))] if settings.history else rules


def length_in_words(settings: SignInSettings) -> str:
    """Say how long a password must be."""
    return _("At least %(count)s characters") % {"count": settings.min_length}


def _common() -> str:
    return _("None that many people use, and not digits alone")


def _similar() -> str:
    return _("Not like your name, user name or e-mail")


def _past(count: int) -> str:
    return _("Not one of your last %(count)s passwords") % {"count": count}


def _passes(
    validator: CommonPasswordValidator
    | NumericPasswordValidator
    | UserAttributeSimilarityValidator,
    password: str,
    person: User | None,
) -> bool:
    try:
        validator.validate(password, person)
    except ValidationError:
        return False
    return True


class LengthRule:
    """The shortest password that the settings allow, as one of Django's validators."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse what is shorter. Raises ValidationError."""
        settings = SignInSettings.load()
        if len(password) < settings.min_length:
            raise ValidationError(self.get_help_text(), code="password_too_short")

    def get_help_text(self) -> str:
        """Say the rule."""
        return length_in_words(SignInSettings.load()) + "."


class HistoryRule:
    """Refuses a person's earlier passwords, and remembers each that is set."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse one of the last. Raises ValidationError."""
        count = SignInSettings.load().history
        if not count or user is None or user.pk is None:
            return
        for past in PastPassword.objects.filter(person=user)[: count + 1]:  # the one in use, too
            if check_password(password, past.encoded):
                raise ValidationError(_past(count) + ".", code="password_used_before")

    def password_changed(self, password: str, user: User | None = None) -> None:
        """Remember when it was set, and its hash as long as the settings ask for it."""
        if user is None:
            return
        OwnChoices.objects.update_or_create(
            person=user, defaults={"password_set_at": timezone.now()}
        )
        count = SignInSettings.load().history
        if count:
            PastPassword.objects.create(person=user, encoded=user.password)
        kept = PastPassword.objects.filter(person=user).values_list("pk", flat=True)[: count + 1]
        forgotten = PastPassword.objects.filter(person=user)
        (forgotten.exclude(pk__in=list(kept)) if count else forgotten).delete()

    def get_help_text(self) -> str:
        """Say the rule, where there is one."""
        count = SignInSettings.load().history
        return _past(count) + "." if count else ""
