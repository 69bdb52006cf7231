"""`callvault admin`: what only whoever sits at the machine may do."""

from argparse import ArgumentParser, Namespace

from callvault.commands import django_ready
from callvault.commands.chosen import add_options, choose
from callvault.errors import ConfigError

HELP = "help an administrator back in"
DESCRIPTION = """\
What only whoever sits at the machine may do.

  callvault admin reset-password admin

gives a person a new one-time password, prints it once, and lifts a lock-out after wrong tries.
It is written to the audit log."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add `admin reset-password` with its options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    resetting = actions.add_parser("reset-password", help="give a person a one-time password")
    resetting.add_argument("user", metavar="USER", help="user name")
    add_options(resetting)


def run(options: Namespace) -> int:
    """Reset a password and print the new one."""
    choose(options)
    django_ready.set_up()
    with django_ready.database_troubles_told():
        password = _reset_password(options.user)
    print(f"One-time password of {options.user}: {password}")
    print("It is not shown again. The next sign-in asks for a password of one's own.")
    return 0


def _reset_password(username: str) -> str:
    from axes.utils import reset
    from django.db import transaction

    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action
    from callvault.portal.people.models import User
    from callvault.portal.people.passwords import give_one_time_password

    with transaction.atomic():
        user = User.objects.filter(username__iexact=username, is_active=True).first()
        if user is None:
            raise ConfigError("USER", f"there is no active person with user name {username!r}")
        # First, as everywhere: where the entry cannot be written, nothing is done.
        record_command(Action.ONE_TIME_PASSWORD_SET, kind="person", object_id=user.public_id)
        reset(username=user.username.casefold())
        return give_one_time_password(user)
