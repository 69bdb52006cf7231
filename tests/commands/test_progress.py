"""Progress on a terminal and elsewhere."""

import io

from callvault.commands.progress import ProgressLine


class Terminal(io.StringIO):
    """Somebody watches."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_changes_and_leaves_nothing_behind() -> None:
    terminal = Terminal()
    line = ProgressLine(terminal)
    line.show("10 of 12 calls")
    line.show("done")
    line.end()
    assert terminal.getvalue() == "\r10 of 12 calls\rdone          \r    \n"


def test_elsewhere_a_line_is_written_now_and_then() -> None:
    file = io.StringIO()
    line = ProgressLine(file)
    for number in range(100):
        line.show(f"{number} of 100")
    line.end("100 calls placed.")
    assert file.getvalue() == "0 of 100\n100 calls placed.\n"
