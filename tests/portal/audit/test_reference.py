"""Each action of the audit log has its sentence and its row on the page of actions."""

import re
from pathlib import Path

import pytest

from callvault.portal.audit.models import Action
from callvault.portal.audit.sentences import SENTENCES

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/audit.md"
ROWS = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize("action", list(Action))
def test_an_action_has_its_sentence_and_its_row(action: Action) -> None:
    assert action in SENTENCES, f"add {action.name} to SENTENCES in portal/audit/sentences.py"
    assert action.value in ROWS, f"add a row `{action.value}` to docs/reference/audit.md"


def test_the_page_tells_of_no_action_that_is_not_there() -> None:
    assert set(Action.values) >= ROWS
