"""A node whose database is away when it starts."""

import asyncio
from pathlib import Path

import pytest

from callvault.commands import late_database
from callvault.commands.chosen import Chosen
from callvault.commands.init import FirstStart
from callvault.config import Config
from callvault.config.sections import NodeConfig
from callvault.errors import ConfigError


class Database:
    """Answers, or names the setting that is wrong."""

    wrong: str = ""
    asked = 0

    def make_ready(self, chosen: Chosen) -> FirstStart:
        """Stand in for `make_ready`."""
        self.asked += 1
        if self.wrong:
            raise ConfigError(self.wrong, "cannot be used")
        return FirstStart(chosen, "once")


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    made = Database()
    monkeypatch.setattr(late_database, "make_ready", made.make_ready)
    monkeypatch.setattr(late_database, "AGAIN_AFTER_S", 0.0)
    return made


@pytest.fixture
def chosen(tmp_path: Path) -> Chosen:
    return Chosen(Config(node=NodeConfig(data_folder=tmp_path)), tmp_path / "callvault.toml", ())


def test_a_database_that_is_there_is_made_ready(database: Database, chosen: Chosen) -> None:
    assert late_database.make_ready_if_possible(chosen) == FirstStart(chosen, "once")


def test_a_node_that_ran_before_starts_without_it(database: Database, chosen: Chosen) -> None:
    (chosen.config.node.data_folder / "snapshot.json").touch()
    database.wrong = "database.url"
    ready = late_database.make_ready_if_possible(chosen)
    assert ready == FirstStart(chosen, None, is_complete=False)


@pytest.mark.parametrize(("wrong", "ran_before"), [("database.url", False), ("sip.port", True)])
def test_a_first_start_and_any_other_mistake_are_refused(
    database: Database, chosen: Chosen, wrong: str, ran_before: bool
) -> None:
    if ran_before:
        (chosen.config.node.data_folder / "snapshot.json").touch()
    database.wrong = wrong
    with pytest.raises(ConfigError, match=wrong):
        late_database.make_ready_if_possible(chosen)


def test_what_is_left_is_done_when_it_answers(database: Database, chosen: Chosen) -> None:
    async def outage() -> None:
        completing = asyncio.create_task(
            late_database.complete(FirstStart(chosen, None, is_complete=False))
        )
        while database.asked < 3:
            await asyncio.sleep(0)
        assert not completing.done()
        database.wrong = ""
        await completing

    database.wrong = "database.url"
    asyncio.run(outage())
    assert database.asked >= 4
