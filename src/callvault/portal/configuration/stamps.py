"""Concurrent edits of settings that keep no version: known by what the form was opened with."""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from django import forms
from django.db import models
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from .filter_saving import StaleSetting

Facts = dict[str, object]


class StampedForm(forms.Form):
    """Beside a model form: carries a digest of the values that it was opened with."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    instance: Any
    _meta: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.before = values_of(self, self.instance)
        self.fields["seen"].initial = digest_of(self.before)

    def changes(self) -> tuple[Facts, Facts]:
        """Return what changes, as it was and as it is now; for the audit log."""
        after = values_of(self, self.instance)
        names = [name for name in after if after[name] != self.before[name]]
        return {name: self.before[name] for name in names}, {name: after[name] for name in names}


class SettingsChanged(StaleSetting):
    """Somebody saved other values since the form was opened."""

    def __init__(self, digest: str) -> None:
        told = _(
            "Somebody saved these settings meanwhile. Look at your values, and save again to put "
            "them over the newer ones."
        )
        super().__init__(told, 0)
        self.digest = digest

    def tell(self, form: forms.BaseForm) -> None:
        """Say so in the form; saved again, it goes over the newer values."""
        form.add_error(None, self.message)
        typed = QueryDict(mutable=True)
        typed.update(form.data)
        typed["seen"] = self.digest
        form.data = typed


F = TypeVar("F", bound=StampedForm)


def refuse_newer(form: StampedForm) -> None:
    """Raise SettingsChanged if the row is not as it was when the form was opened.

    Called in the transaction that saves, which the row stays locked for.
    """
    model = type(form.instance)
    stored = model._default_manager.select_for_update().first()
    seen = form.cleaned_data.get("seen")
    if stored is None or not seen:
        return
    digest = digest_of(values_of(form, stored))
    if digest != seen:
        raise SettingsChanged(digest)


def is_saved(form: F, save: Callable[[HttpRequest, F], None], request: HttpRequest) -> bool:
    """Save the form; False, with the reason in it, if somebody was quicker."""
    try:
        save(request, form)
    except SettingsChanged as changed:
        changed.tell(form)
        return False
    return True


def values_of(form: StampedForm, row: models.Model) -> Facts:
    """Return the values of the form's fields as a row has them."""
    return {name: getattr(row, name) for name in form._meta.fields}


def digest_of(values: Mapping[str, object]) -> str:
    """Return what stands for these values."""
    return sha256(json.dumps(dict(values), sort_keys=True, default=str).encode()).hexdigest()[:32]
