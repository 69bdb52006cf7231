"""Settings that are one row each, with a version that tells of edits side by side."""

from django.db import models


class VersionedRow(models.Model):
    """A row that `row_saving.save_row` saves."""

    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    class Meta:
        """A base: it has no table."""

        abstract = True
