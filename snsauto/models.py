"""What the house knows about itself."""

from datetime import timedelta
from typing import Self

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


class BotReader(models.Model):
    """Which process reads and speaks for the desk's bot, and until when: one row, one at a time."""

    owner = models.CharField(max_length=80)
    lease_until = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_bot_reader")]

    def __str__(self) -> str:
        return self.owner


class BotUpdateQuerySet(models.QuerySet["BotUpdate"]):
    def waiting(self) -> Self:
        """What nobody is at, the oldest first."""
        free = Q(taken_until=None) | Q(taken_until__lte=now())
        return self.filter(free, handled_at=None).order_by("number")


class BotUpdate(models.Model):
    """Something that reached the desk's bot, handled once. `bot` tells one token's numbers from another's."""

    LIFETIME = timedelta(days=7)
    MOST_TRIES = 3

    bot = models.CharField(max_length=16)
    number = models.BigIntegerField()
    chat = models.CharField(max_length=64, blank=True)
    raw = models.JSONField()
    created_at = models.DateTimeField(default=now, db_index=True)
    taken_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    handled_at = models.DateTimeField(null=True)

    objects = BotUpdateQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "number"], name="heard_once")]
        # what is to be handled, several times a second
        indexes = [models.Index(fields=["number"], condition=Q(handled_at=None), name="bot_update_waiting")]

    def __str__(self) -> str:
        return f"{self.number}"
