"""The sheet's tokens keep the contrast that the design guide promises, in both themes."""

import math
import re
from pathlib import Path

import pytest

SHEET = (
    Path(__file__).parents[2] / "src/callvault/portal/static/callvault/callvault.css"
).read_text()
THEMES = ("light", "dark")
PAIR = re.compile(r"--cv-([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")

TEXT, GRAPHIC = 4.5, 3.0
PLAIN_GROUNDS = ("surface", "canvas", "sunken", "accent-soft")
ON = {
    "text": PLAIN_GROUNDS,
    "muted": PLAIN_GROUNDS,
    "accent": PLAIN_GROUNDS,
    "red": (*PLAIN_GROUNDS, "red-soft"),
    "amber": (*PLAIN_GROUNDS, "amber-soft"),
    "green": (*PLAIN_GROUNDS, "green-soft"),
    "on-accent": ("accent", "accent-hover"),
    "on-inverse": ("inverse",),
    "accent-hover": ("surface",),
}
GRAPHICS = {
    "line-strong": PLAIN_GROUNDS,
    "wave-owner": ("surface",),
    "wave-owner-played": ("surface",),
    "wave-remote": ("surface",),
    "wave-remote-played": ("surface",),
}
# The guide's own figures: ratio on surface, and the lowest on any ground allowed (light, dark).
PROMISED = {
    "line-strong": ((3.6, 3.0), (3.9, 3.1)),
    "text": ((16.3, 13.8), (14.1, 11.3)),
    "muted": ((6.4, 5.4), (7.2, 5.7)),
    "accent": ((6.7, 5.7), (7.9, 6.3)),
    "red": ((6.5, 5.5), (7.7, 6.1)),
    "amber": ((6.6, 5.6), (9.6, 7.6)),
    "green": ((6.5, 5.5), (8.6, 6.9)),
}


def tokens(theme: str) -> dict[str, str]:
    """Return the theme's colours by the name of their token."""
    return {name: light if theme == "light" else dark for name, light, dark in PAIR.findall(SHEET)}


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2), 1 to 21."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", [*ON, *GRAPHICS])
def test_each_token_is_readable_on_every_ground_it_may_stand_on(theme: str, name: str) -> None:
    colours = tokens(theme)
    least = TEXT if name in ON else GRAPHIC
    grounds = {**ON, **GRAPHICS}[name]
    ratios = {ground: contrast(colours[name], colours[ground]) for ground in grounds}
    assert min(ratios.values()) >= least, ratios


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", PROMISED)
def test_the_ratios_are_those_of_the_design_guide(theme: str, name: str) -> None:
    colours = tokens(theme)
    grounds = {**ON, **GRAPHICS}[name]
    lowest = min(contrast(colours[name], colours[ground]) for ground in grounds)
    measured = (contrast(colours[name], colours["surface"]), lowest)
    cut = tuple(math.floor(ratio * 10) / 10 for ratio in measured)  # as the guide writes them
    assert cut == PROMISED[name][THEMES.index(theme)]


def test_components_name_tokens_and_no_colour_values() -> None:
    components = SHEET[SHEET.index("@layer mapping") :]
    colour_values = re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", components)
    assert colour_values == []


def test_every_token_that_is_used_is_defined() -> None:
    defined = set(re.findall(r"(--cv-[a-z-]+):", SHEET))
    assert set(re.findall(r"var\((--cv-[a-z-]+)", SHEET)) <= defined


def test_the_sheet_has_no_address_outside_this_server() -> None:
    assert [
        url for url in re.findall(r'url\("([^"]+)"\)', SHEET) if not url.startswith("../")
    ] == []
