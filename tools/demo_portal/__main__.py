"""`python -m tools.demo_portal [CALLS [strained]]`: fill the folder that CALLVAULT_CONFIG names."""

import os
import sys

import django


def main() -> None:
    """Set up Django, then seed; a process of its own, since Django reads its settings once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callvault.portal.settings")
    django.setup()
    from tools.demo_portal import cast, seed

    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else len(cast.CALLS)
    seed.fill(wanted, is_strained="strained" in sys.argv)


if __name__ == "__main__":
    main()
