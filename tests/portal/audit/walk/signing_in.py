"""Signing in and out, and passwords."""

from callvault.portal.audit.models import Action

from . import PASSWORD, Stage, walk


def sign_in(stage: Stage, password: str) -> object:
    return stage.anybody.post("/sign-in/", {"login": "ann", "password": password})


@walk(Action.SIGNED_IN)
def signed_in(stage: Stage) -> None:
    sign_in(stage, PASSWORD)


@walk(Action.SIGN_IN_FAILED)
def failed(stage: Stage) -> None:
    sign_in(stage, "another")


@walk(Action.SIGNED_OUT)
def signed_out(stage: Stage) -> None:
    stage.ann_client.post("/sign-out/")


@walk(Action.PASSWORD_CHANGED)
def password_changed(stage: Stage) -> None:
    new = "quite another one 7"
    stage.ann_client.post(
        "/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )


@walk(Action.ONE_TIME_PASSWORD_SET)
def one_time_password(stage: Stage) -> None:
    stage.rita.post(f"/people/{stage.ann.public_id}/password")
