"""What settings there are: read from the classes in sections.py and the sentence at each field.

The file that `callvault init` writes and the check of docs/reference/configuration.md both come
from here, so that a setting is described in one place.
"""

import ast
import functools
import inspect
import itertools
import typing
from dataclasses import dataclass, fields
from pathlib import Path

from callvault.config import sections


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `callvault.toml`."""

    section: str
    name: str
    kind: object  # the field's type
    default: object
    sentence: str  # with unit and range

    @property
    def key(self) -> str:
        """The key as messages and `--set` write it: "sip.port"."""
        return f"{self.section}.{self.name}"


def settings() -> tuple[Setting, ...]:
    """Return all settings, in the order of sections.py."""
    return tuple(
        setting
        for section in fields(sections.Config)
        for setting in _settings_of(section.name, typing.cast("type", section.type))
    )


def section_sentences() -> dict[str, str]:
    """Return what each section is about, as its class says, without the name in brackets."""
    about = {}
    for section in fields(sections.Config):
        sentence = (typing.cast("type", section.type).__doc__ or "").partition(": ")[2]
        about[section.name] = sentence[:1].upper() + sentence[1:]
    return about


def toml_value(value: object) -> str:
    """Return a default as TOML writes it; nothing for a setting that has none."""
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(toml_value(one) for one in value)}]"
    return str(value)


def default_toml() -> str:
    """Return a `callvault.toml` for a data folder: every setting, explained, at its default.

    All but the data folder (the one that the file lies in) are commented out, so that a later
    version's better default takes effect where nobody chose a value.
    """
    about = section_sentences()
    lines = [
        "# Settings of this Callvault node. A line without # in front overrides the default shown.",
        "# Relative paths start at the data folder, the data folder itself at this file's folder.",
    ]
    section = ""
    for setting in settings():
        if setting.section != section:
            section = setting.section
            lines += ["", f"# {about[section]}", f"[{section}]"]
        lines += ["", f"# {setting.sentence}"]
        if setting.key == "node.data_folder":
            lines.append('data_folder = "."')
        else:
            lines.append(f"# {setting.name} = {toml_value(setting.default)}")
    return "\n".join(lines) + "\n"


def _settings_of(section: str, section_class: type) -> list[Setting]:
    sentences = _sentences(section_class)
    kinds = typing.get_type_hints(section_class)
    return [
        Setting(section, field.name, kinds[field.name], field.default, sentences[field.name])
        for field in fields(section_class)
    ]


@functools.cache  # reading source takes longer than all else about settings
def _sentences(section_class: type) -> dict[str, str]:
    """Return the string that follows each field in the class's source."""
    (definition,) = ast.parse(inspect.getsource(section_class)).body
    body = typing.cast("ast.ClassDef", definition).body
    return {
        field.target.id: text.value.value
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
