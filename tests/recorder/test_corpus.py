"""Each message of the corpus is understood as its golden file says."""

import pytest

from tests.recorder.corpus import CORPUS, dialogs, golden, messages_of, result


@pytest.mark.parametrize("name", dialogs())
def test_each_dialog_of_the_corpus_is_understood_as_written_beside_it(name: str) -> None:
    assert result(name) == golden(name).read_text()


def test_every_file_of_the_corpus_belongs_to_a_dialog_with_a_result() -> None:
    files = {path.name for path in CORPUS.iterdir()} - {"README.md"}
    expected = {path.name for name in dialogs() for path in messages_of(name)}
    assert files == expected | {golden(name).name for name in dialogs()}
