"""What the house knows about itself."""

from django.db import models
from django.utils.timezone import now


class Pulse(models.Model):
    """When a machine's cluster last ran a task that came through the queue."""

    host = models.CharField(max_length=255)
    cluster = models.CharField(max_length=40)
    seen_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "cluster"], name="one_pulse_per_cluster")]

    def __str__(self) -> str:
        return f"{self.cluster} on {self.host}"
