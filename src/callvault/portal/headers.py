"""Headers that every answer carries, whoever made it: page, media, error, static file."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# What a page of ours never needs, so that no script that gets into one has it either. Passkeys
# and the clipboard are for our own pages; sound is played by a press.
NOT_NEEDED = (
    *("accelerometer", "autoplay", "browsing-topics"),
    *("camera", "display-capture", "encrypted-media", "geolocation", "gyroscope", "hid"),
    *("idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment"),
    *("picture-in-picture", "screen-wake-lock", "serial", "storage-access", "usb"),
    *("window-management", "xr-spatial-tracking"),
)
OUR_OWN = (
    "clipboard-write",
    "fullscreen",
    "publickey-credentials-create",
    "publickey-credentials-get",
)
PERMISSIONS = ", ".join(
    (*(f"{name}=()" for name in NOT_NEEDED), *(f"{name}=(self)" for name in OUR_OWN))
)


class HeadersMiddleware:
    """Adds what Django leaves out. What a view decided for itself stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the headers; nothing is kept by caches unless a view says so."""
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response
