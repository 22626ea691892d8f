"""What the house knows about itself."""

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Workspace


class Pulse(models.Model):
    """When a machine's cluster last ran a task that came through the queue."""

    host = models.CharField(max_length=255)
    cluster = models.CharField(max_length=40)
    seen_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "cluster"], name="one_pulse_per_cluster")]

    def __str__(self) -> str:
        return f"{self.cluster} on {self.host}"


class Tally(models.Model):
    """How many attempts came to what before `until`: one row, so that sums and time are read as one."""

    until = models.DateTimeField()
    totals = models.JSONField(default=list)  # [network, outcome, count]

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_tally")]

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H:%M}"


class Spent(models.Model):
    """How much of an API limit somebody has used until `ends` (seconds since 1970); without Redis."""

    key = models.CharField(max_length=120, primary_key=True)
    ends = models.BigIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "spent"

    def __str__(self) -> str:
        return self.key


class Version(models.Model):
    """Rises with whatever somebody writes in a workspace, so that no answer is kept longer than it holds."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, primary_key=True, related_name="+")
    number = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.number}"
