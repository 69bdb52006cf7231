"""`callvault admin`: what only whoever sits at the machine may do."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from callvault.commands import django_ready
from callvault.commands.chosen import add_options, choose
from callvault.errors import ConfigError

if TYPE_CHECKING:  # Django is set up later
    from callvault.portal.people.models import User

HELP = "help an administrator back in"
DESCRIPTION = """\
What only whoever sits at the machine may do.

  callvault admin reset-password admin

gives a person a new one-time password, prints it once, and lifts a lock-out after wrong tries.

  callvault admin reset-second-factor admin

takes away the authenticator app, the passkeys and the recovery codes of who lost them, and ends
the person's sessions. Both are written to the audit log."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the actions with their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    resetting = actions.add_parser("reset-password", help="give a person a one-time password")
    resetting.add_argument("user", metavar="USER", help="user name")
    add_options(resetting)
    resetting = actions.add_parser(
        "reset-second-factor", help="take app, passkeys and recovery codes of a person away"
    )
    resetting.add_argument("user", metavar="USER", help="user name")
    add_options(resetting)


def run(options: Namespace) -> int:
    """Do what is asked, and say what comes next."""
    choose(options)
    django_ready.set_up()
    with django_ready.database_troubles_told():
        if options.action == "reset-second-factor":
            count = _reset_second_factor(options.user)
            print(f"Second factors of {options.user} taken away: {count}")
            print("The next sign-in asks for the password alone, until another one is set up.")
            return 0
        password = _reset_password(options.user)
    print(f"One-time password of {options.user}: {password}")
    print("It is not shown again. The next sign-in asks for a password of one's own.")
    return 0


def _reset_second_factor(username: str) -> int:
    from django.db import transaction

    from callvault.portal.access.second_factor import factors_of
    from callvault.portal.access.sessions import end_all_but
    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action

    with transaction.atomic():
        person = _active_person(username)
        record_command(Action.FACTORS_RESET, kind="person", object_id=person.public_id)
        count: int = factors_of(person).delete()[0]
        end_all_but(person)
        return count


def _active_person(username: str) -> "User":
    from callvault.portal.people.models import User

    user = User.objects.filter(username__iexact=username, is_active=True).first()
    if user is None:
        raise ConfigError("USER", f"there is no active person with user name {username!r}")
    return user


def _reset_password(username: str) -> str:
    from axes.utils import reset
    from django.db import transaction

    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action
    from callvault.portal.people.passwords import give_one_time_password

    with transaction.atomic():
        user = _active_person(username)
        # First, as everywhere: where the entry cannot be written, nothing is done.
        record_command(Action.ONE_TIME_PASSWORD_SET, kind="person", object_id=user.public_id)
        reset(username=user.username.casefold())
        return give_one_time_password(user)
