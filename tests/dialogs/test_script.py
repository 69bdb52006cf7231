"""The language of dialog files, and that every file is written in it."""

import pytest

from tests.dialogs.cast import CAST, TRUNKS
from tests.dialogs.forms import ENGINE, Form
from tests.dialogs.script import Expected, Script, ScriptError, Step, read, read_all
from tests.dialogs.state import DialogState

TEXT = """
vendor: Example
scenario: Hold
form: rfc

line 1 label=10
cs s1 group=g1
party ann line=1    # the only one
send INVITE sdp metadata

---
recording ann
  direction out
  right caller erin
  events answered ended
verdict a recorded
interactions 2
"""


def test_a_file_is_read() -> None:
    assert read(TEXT, "example/hold") == Script(
        "example/hold",
        {"vendor": "Example", "scenario": "Hold", "form": "rfc"},
        [
            Step("line", ("1",), {"label": "10"}, 6),
            Step("cs", ("s1",), {"group": "g1"}, 7),
            Step("party", ("ann",), {"line": "1"}, 8),
            Step("send", ("INVITE", "sdp", "metadata"), {}, 9),
        ],
        [
            Expected(
                *("ann", "a"),
                direction="out",
                right=("caller", "erin"),
                events=("answered", "ended"),
            )
        ],
        {"a": "recorded"},
        interactions=2,
    )


@pytest.mark.parametrize("line", ["sing ann", "---\nchorus ann", "---\nleft ann"])
def test_what_is_not_in_the_language_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ScriptError, match="line 2"):
        read(f"form: rfc\n{line}", "x") if "---" not in line else read(line, "x")


def test_a_form_writes_what_the_state_says() -> None:
    state = DialogState()
    for step in read(TEXT, "x").steps[:3]:
        state.change(step)
    values = {"run": "r", "host": "192.0.2.14", "sdp_id": 1, "sdp_version": 1}
    body = Form("rfc").body(state, with_sdp=True, with_metadata=True, **values)
    assert body.content_type == "multipart/mixed;boundary=foobar"
    assert b"a=label:10\r\n" in body.body
    assert b'<nameID aor="sip:1001@192.0.2.14">' in body.body
    assert b"<send>s1</send>" in body.body
    assert (
        Form("audiocodes")
        .body(state, with_sdp=True, with_metadata=True, **values)
        .body.count(b"\r")
        == 0
    )


@pytest.mark.parametrize("script", read_all(), ids=lambda one: one.name)
def test_every_dialog_file_is_whole(script: Script) -> None:
    assert set(script.heads) >= {"vendor", "scenario", "form"}
    assert script.heads.get("trunk", "main") in TRUNKS
    assert ENGINE.get_template(f"{script.heads['form']}/headers.txt")
    assert script.expected or script.verdicts
    people = [who for one in script.expected for who in (one.owner, *one.left, *one.right)]
    assert set(people) <= set(CAST)
