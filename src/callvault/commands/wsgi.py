"""The portal as granian's processes load it: like the portal's own, with our log and our end.

A process of granian that outlives its parent would keep the port; the kernel ends it at once,
since it holds nothing that could be lost.
"""

import os
import signal

from callvault.commands import logs
from callvault.commands.processes import die_with_parent
from callvault.portal.wsgi import application

die_with_parent(signal.SIGKILL)
logs.set_up(logs.form_from_environment(os.environ), program="web")

__all__ = ["application"]
