"""A start of a node whose database is away: calls come first.

A node that ran before knows users and trunks from its policy file, so that the recorder needs no
database, and worker and portal wait for it by themselves. Tables are brought up to date as soon as
it answers. A first start does need the database: without a trunk nobody would be let in.
"""

import asyncio
import logging

from callvault.commands.chosen import Chosen
from callvault.commands.init import FirstStart, make_ready
from callvault.errors import ConfigError

AGAIN_AFTER_S = 5.0

logger = logging.getLogger(__name__)


def make_ready_if_possible(chosen: Chosen) -> FirstStart:
    """Make ready; where only the database is missing, go on with what the node knows."""
    try:
        return make_ready(chosen)
    except ConfigError as error:
        if error.key != "database.url" or not _knows_its_policy(chosen):
            raise
        logger.warning("%s; starting without it, calls are recorded", error)
        return FirstStart(chosen, None, is_complete=False)


async def complete(ready: FirstStart) -> None:
    """Do what is left of making ready, as soon as the database answers."""
    told = ""
    while True:
        await asyncio.sleep(AGAIN_AFTER_S)
        try:
            await asyncio.to_thread(make_ready, ready.chosen)
        except ConfigError as error:
            if str(error) != told:
                logger.warning("%s; trying again", error)
            told = str(error)
        else:
            logger.info("the database is there and up to date")
            return


def _knows_its_policy(chosen: Chosen) -> bool:
    # Imported here: the recorder's libraries, which a start with its database does not need.
    from callvault.recorder import SNAPSHOT_FILE

    return (chosen.config.node.data_folder / SNAPSHOT_FILE).exists()
