"""Names a browser and its system in words, from how it names itself (User-Agent)."""

import re

MAX_AGENT = 300

# In this order: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
_BROWSERS = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"OPR/(\d+)")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/(\d+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"(?:HeadlessChrome|Chrome|CriOS|Chromium)/(\d+)")),
    ("Safari", re.compile(r"Version/(\d+)[.\d]* (?:Mobile/\S+ )?Safari/")),
)
_SYSTEMS = (
    ("Android", re.compile(r"Android")),
    ("iPhone", re.compile(r"iPhone")),
    ("iPad", re.compile(r"iPad")),
    ("Windows", re.compile(r"Windows NT")),
    ("ChromeOS", re.compile(r"Cr(?:OS)")),
    ("macOS", re.compile(r"Mac OS X|Macintosh")),
    ("Linux", re.compile(r"Linux")),
)
PHONES = frozenset({"Android", "iPhone", "iPad"})


def browser_and_system(agent: str) -> tuple[str, str]:
    """Return both in words, such as ("Firefox 142", "Windows"); empty where nothing is known."""
    agent = agent[:MAX_AGENT]
    browser = next(
        (f"{name} {found[1]}" for name, rule in _BROWSERS if (found := rule.search(agent))), ""
    )
    system = next((name for name, rule in _SYSTEMS if rule.search(agent)), "")
    return browser, system
