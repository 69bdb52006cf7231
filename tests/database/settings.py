"""The portal's settings on the PostgreSQL server that `tests.database` started."""

import os
from pathlib import Path

from callvault.config.sections import DatabaseConfig
from callvault.portal.database import database_entry
from callvault.portal.settings import *  # noqa: F403 - the portal's, but for the database

DATABASES = {
    "default": database_entry(
        DatabaseConfig(os.environ["CALLVAULT_TEST_DATABASE"]), Path(os.devnull)
    )
}
# Migrated once, by `tests.database`; each pytest process copies it.
DATABASES["default"]["TEST"] = {"TEMPLATE": DATABASES["default"]["NAME"]}
