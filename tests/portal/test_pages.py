"""Who may open which page."""

from tests.portal.gated import GatedViewTest


class TestMyRecordings(GatedViewTest):
    url = "/recordings/mine/"
    ann_may = sam_may = otto_may = True


class TestAllRecordings(GatedViewTest):
    url = "/recordings/"
    sam_may = otto_may = True


class TestRecordingPage(GatedViewTest):
    url = "/recordings/{id}/"
    ann_may = sam_may = True


class TestAudio(GatedViewTest):
    url = "/recordings/{id}/audio"
    ann_may = sam_may = True


class TestPeaks(GatedViewTest):
    url = "/recordings/{id}/peaks"
    ann_may = sam_may = True


class TestDownload(GatedViewTest):
    url = "/recordings/{id}/download"
    ann_may = sam_may = True


class TestSignalling(GatedViewTest):
    url = "/recordings/{id}/metadata"
    sam_may = True


class TestCallDecisions(GatedViewTest):
    url = "/decisions/"


class TestPeople(GatedViewTest):
    url = "/people/"


class TestAddPerson(GatedViewTest):
    url = "/people/new"


class TestGlobalSettings(GatedViewTest):
    url = "/settings/"


class TestGeneralSettings(GatedViewTest):
    url = "/settings/general"


class TestTrunks(GatedViewTest):
    url = "/settings/trunks/"


class TestAddTrunk(GatedViewTest):
    url = "/settings/trunks/new"
