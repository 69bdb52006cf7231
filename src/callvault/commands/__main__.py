"""`python -m callvault.commands`: the command without its script, as children are started."""

import sys

from callvault.commands.main import main

sys.exit(main())
