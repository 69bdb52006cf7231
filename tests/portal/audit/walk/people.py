"""People that come by a file, and go into one."""

from django.core.files.uploadedfile import SimpleUploadedFile

from callvault.portal.audit.models import Action

from . import NUMBERS, Stage, walk


@walk(Action.PEOPLE_IMPORTED)
def import_people(stage: Stage) -> None:
    rows = f"Username,Extension\nnew,{NUMBERS[0]}\n"
    file = SimpleUploadedFile("people.csv", rows.encode(), "text/csv")
    looked_at = stage.rita.post("/people/import", {"file": file})
    stage.rita.post(str(looked_at["Location"]))


@walk(Action.PEOPLE_EXPORTED)
def export_people(stage: Stage) -> None:
    b"".join(stage.rita.get("/people/export.csv"))
