"""All dialogs of an agent: those that live, and for a while those that have ended."""

from callvault.sip.dialog import Dialog, DialogKey, DialogState
from callvault.sip.events import DialogId
from callvault.sip.message import Request
from callvault.sip.timers import GIVE_UP_S, TimerQueue


class DialogTable:
    """Finds dialogs by id and by what a request says."""

    def __init__(self, timers: TimerQueue, *, limit: int) -> None:
        self._timers = timers
        self._limit = limit
        self._by_key: dict[DialogKey, Dialog] = {}
        self._by_id: dict[DialogId, Dialog] = {}
        self._ended: dict[DialogKey, None] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def is_full(self) -> bool:
        """Whether no dialog may be added."""
        return len(self._by_id) >= self._limit

    def add(self, dialog: Dialog) -> None:
        """Keep a dialog under its id and its key."""
        self._by_key[dialog.key] = dialog
        self._by_id[dialog.dialog_id] = dialog

    def with_id(self, dialog_id: DialogId) -> Dialog | None:
        """Return a living dialog."""
        return self._by_id.get(dialog_id)

    def of_request(self, request: Request) -> Dialog | None:
        """Return the living dialog that a request was sent in, by Call-ID and both tags."""
        return self._by_key.get(_key_of(request))

    def has_just_ended(self, request: Request) -> bool:
        """Whether the request's dialog ended within the last 64*T1."""
        return _key_of(request) in self._ended

    def end(self, dialog: Dialog, now: float) -> None:
        """Forget a dialog, but for its key: a late BYE of it is still answered 200."""
        dialog.state = DialogState.ENDED
        dialog.stop_timers()
        for transaction in dialog.unacknowledged.values():
            transaction.acknowledge(now)  # its 2xx need not be repeated any more
        dialog.unacknowledged.clear()
        self._by_key.pop(dialog.key, None)
        self._by_id.pop(dialog.dialog_id, None)
        if len(self._ended) >= self._limit:
            self._ended.pop(next(iter(self._ended)))
        key = dialog.key  # and not the dialog: it would live as long as the timer
        self._ended[key] = None
        self._timers.arm(now + GIVE_UP_S, lambda _: self._ended.pop(key, None))


def _key_of(request: Request) -> DialogKey:
    return (request.call_id, request.to_address.tag, request.from_address.tag)
