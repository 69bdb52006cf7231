"""What an administrator put off or ended of the guide."""

from django.db import models

from .names import StepName


class FirstRun(models.Model):
    """One row, of the whole system: what one administrator put off, the next need not see."""

    skipped = models.JSONField(default=list)  # names of steps
    ended_at = models.DateTimeField(null=True)  # somebody wants to see it no more

    def __str__(self) -> str:
        return f"first run, {'ended' if self.ended_at else 'open'}"

    @classmethod
    def load(cls) -> "FirstRun":
        """Return the row, or an unsaved one."""
        return cls.objects.first() or cls(pk=1)

    def skip(self, name: StepName) -> None:
        """Put a step off."""
        if name not in self.skipped:
            self.skipped = [*self.skipped, name.value]
            self.save()
