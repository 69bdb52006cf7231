"""The catalogues of words: complete, and in use on pages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client

from callvault.portal.people.models import User

PORTAL = Path(settings.LOCALE_PATHS[0]).parent
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "heading"),
    [("en", "My recordings"), ("it", "Le mie registrazioni"), ("fr", "Mes enregistrements")],
)
def test_a_page_is_in_the_language_of_who_reads_it(
    client: Client, language: str, heading: str
) -> None:
    reader = User.objects.create_user("ann", language=language)
    client.force_login(reader)
    page = client.get("/recordings/mine/").content.decode()
    assert f'lang="{language}"' in page
    assert f"{heading}</h1>" in page


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_every_word_of_the_portal_is_in_every_language(tmp_path: Path) -> None:
    shutil.copytree(PORTAL, tmp_path / "portal", ignore=shutil.ignore_patterns("static", "*.mo"))
    languages = [option for code in LANGUAGES for option in ("-l", code)]
    options = ("--no-location", "--no-wrap", "-v0")
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", *languages, *options],
        cwd=tmp_path / "portal",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        timeout=100,
    )
    for language in LANGUAGES:
        written = tmp_path / "portal/locale" / language / "LC_MESSAGES/django.po"
        with written.open("rb") as file:
            catalogue = read_po(file, locale=language, domain="django")
        missing = [one.id for one in catalogue if one.id and (not _whole(one.string) or one.fuzzy)]
        assert not missing, f"`make words`, then translate into {language}"
        broken = [str(problem) for one in catalogue for problem in one.check(catalogue)]
        assert not broken


def _whole(words: object) -> bool:
    return all(words) if isinstance(words, tuple | list) else bool(words)
