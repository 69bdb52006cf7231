"""The catalogues of words: complete, and in use on pages."""

import pytest
from django.test import Client

from callvault.portal.people.models import User

pytestmark = pytest.mark.django_db


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
