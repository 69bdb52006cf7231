"""The test that each page inherits: who gets in, and that the page keeps to the policy.

A subclass gives an address and who may open it; everyone else must get what strangers get.
"""

import re
from pathlib import Path
from typing import ClassVar

import pytest
from django.http import HttpResponseBase
from django.test import Client

from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording

REFUSED = {403, 404}
INLINE = (
    re.compile(r"<[^>]+\sstyle\s*="),
    re.compile(r"<[^>]+\son[a-z]+\s*="),
    re.compile(r"<style\b"),
    re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")"),
    re.compile(r"javascript:"),
)


class GatedViewTest:
    """Anonymous, Otto (outsider), Ann (agent), Sam (her supervisor), Rita (administrator)."""

    url: ClassVar[str] = ""
    ann_may: ClassVar[bool] = False
    sam_may: ClassVar[bool] = False
    otto_may: ClassVar[bool] = False

    def address(self, recording: Recording) -> str:
        """Return the page's address; `{id}` in `url` stands for Ann's recording."""
        return self.url.replace("{id}", str(recording.recording_id))

    @pytest.fixture(autouse=True)
    def _own_folder(self, data_folder: Path) -> None:
        """Keep vault and keys of the test apart."""

    def test_anonymous_is_led_to_the_sign_in(
        self, client: Client, anns_recording: Recording
    ) -> None:
        response = client.get(self.address(anns_recording))
        assert response.status_code == 302
        assert response["Location"].startswith("/sign-in/")

    @pytest.mark.parametrize("name", ["otto", "ann", "sam", "rita"])
    def test_only_who_may_gets_in(
        self,
        name: str,
        client: Client,
        request: pytest.FixtureRequest,
        anns_recording: Recording,
    ) -> None:
        person: User = request.getfixturevalue(name)
        client.force_login(person)
        response = client.get(self.address(anns_recording))
        allowed = name == "rita" or bool(getattr(self, f"{name}_may"))
        assert (response.status_code not in REFUSED) is allowed
        assert response.status_code < 500
        check_policy(response)
        for asked in (
            client.head(self.address(anns_recording)),
            client.get(self.address(anns_recording), headers={"Range": "bytes=0-0"}),
            client.get(self.address(anns_recording), headers={"HX-Request": "true"}),
        ):
            assert asked.status_code == response.status_code


def check_policy(response: HttpResponseBase) -> None:
    """Check that an answer carries the strict policy and needs no exception from it."""
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    if response.get("Content-Type", "").startswith("text/html"):
        page = getattr(response, "content", b"").decode()
        for pattern in INLINE:
            assert not pattern.search(page), pattern.pattern
