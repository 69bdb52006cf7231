"""Build the icon sprite: one <symbol> for each name in tools/icons.txt.

Usage: sprite.py FOLDER_OF_TABLER_ICONS > icons.svg. Stroke and fill stay off the symbols, so that
the sheet decides them; filled icons say so themselves, since they have no stroke.
"""

import re
import sys
from pathlib import Path

NAMES = Path(__file__).with_name("icons.txt")


def main() -> None:
    """Write the sprite to standard output."""
    source = Path(sys.argv[1])
    print('<svg xmlns="http://www.w3.org/2000/svg">')
    print("<!-- Tabler Icons, MIT licence: vendor/licences/tabler-icons.txt -->")
    for name in wanted():
        print(symbol(source, name))
    print("</svg>")


def wanted() -> list[str]:
    """Return the names listed, without comments."""
    lines = NAMES.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def symbol(source: Path, name: str) -> str:
    """Return one icon as <symbol>."""
    filled = name.endswith("-filled")
    path = source / ("filled" if filled else "outline") / f"{name.removesuffix('-filled')}.svg"
    shapes = re.findall(r"<(?:path|circle|rect|line|polyline)[^>]*/>", path.read_text())
    drawn = "".join(shape for shape in shapes if 'stroke="none"' not in shape).replace(" />", "/>")
    ink = ' fill="currentColor" stroke="none"' if filled else ""
    return f'<symbol id="{name}" viewBox="0 0 24 24"{ink}>{drawn}</symbol>'


if __name__ == "__main__":
    main()
