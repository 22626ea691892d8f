"""The rows that the engine keeps for itself: who works, how networks do, what is used up, what is wrong."""

from datetime import datetime

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEvent, User, Workspace


class Heartbeat(models.Model):
    """That a pump is alive, and when it last was: one row a pump. `seat`: the cluster that it pumps for."""

    owner = models.CharField(max_length=80, unique=True)
    seat = models.CharField(max_length=80, blank=True)
    beat_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.owner


class Circuit(models.Model):
    """How one network (one server of it) is doing, for every pump to see.

    `failures` in a row open the circuit until `retry_at`; then one delivery at a time may probe (half open).
    `limited_until`: the network has told the whole app to wait.
    """

    platform_name = models.CharField(_("network"), max_length=20)
    server = models.CharField(_("server"), max_length=255, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    trips = models.PositiveSmallIntegerField(_("times opened in a row"), default=0)
    opened_at = models.DateTimeField(_("open since"), null=True, blank=True)
    retry_at = models.DateTimeField(_("probed again"), null=True, blank=True)
    limited_until = models.DateTimeField(_("rate limited until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform_name", "server"], name="one_circuit_per_server")
        ]

    def __str__(self) -> str:
        return f"{self.platform_name} {self.server}".strip()

    def try_now(self, moment: datetime) -> bool:
        """Let one delivery probe now, not at its time. False where it is not open."""
        is_open = Circuit.objects.filter(pk=self.pk, opened_at__isnull=False)
        return is_open.update(retry_at=moment) == 1

    def forget_limit(self) -> bool:
        """The network is asked again before the time it gave."""
        return Circuit.objects.filter(pk=self.pk).update(limited_until=None) == 1


class Switch(models.Model):
    """The desk's kill switch: one row, and while it is off nothing is sent for anybody."""

    is_stopped = models.BooleanField(_("nothing is sent"), default=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    changed_at = models.DateTimeField(default=now, editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_switch")]

    def __str__(self) -> str:
        return "stopped" if self.is_stopped else "on"

    @classmethod
    def current(cls) -> "Switch":
        """How it stands, and who has put it so; never pressed, it is on."""
        return cls.objects.select_related("changed_by").filter(pk=1).first() or cls(pk=1)

    @classmethod
    def stop(cls, user: User | None, reason: str = "") -> bool:
        """Send nothing for anybody from now on. False if it is so already."""
        return cls._turn(True, user, reason)

    @classmethod
    def start(cls, user: User | None) -> bool:
        """Send again. False if it is so already. What became too late meanwhile is missed, and asks."""
        return cls._turn(False, user, "")

    @classmethod
    @transaction.atomic
    def _turn(cls, stopped: bool, user: User | None, reason: str) -> bool:
        cls.objects.get_or_create(pk=1)
        rows = cls.objects.filter(pk=1, is_stopped=not stopped)
        changed = rows.update(is_stopped=stopped, reason=reason, changed_at=now(), changed_by=user)
        if changed:
            action = "desk.stopped" if stopped else "desk.started"
            AuditEvent.objects.create(user=user, action=action, subject=reason[:255])
        return changed == 1


class Bucket(models.Model):
    """A network's allowance for one account or one app, shared by every pump: the row to lock, and its word.

    `remaining` and `resets_at` are what the network last said itself; what we counted are the Spends.
    """

    key = models.CharField(max_length=200, unique=True)
    limit = models.PositiveIntegerField(null=True, blank=True)
    remaining = models.IntegerField(null=True, blank=True)
    resets_at = models.DateTimeField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key

    @staticmethod
    def is_empty(moment: datetime) -> Q:
        """Those of which the network says that nothing is left."""
        return Q(remaining__lte=0, resets_at__gt=moment)

    def forget_word(self) -> bool:
        """Count alone, until the network says something again."""
        return Bucket.objects.filter(pk=self.pk).update(remaining=None, resets_at=None) == 1


class Spend(models.Model):
    """What one delivery took out of a bucket, and when; or the turn that it was given (`is_turn`)."""

    bucket = models.ForeignKey(Bucket, on_delete=models.CASCADE, related_name="spends")
    delivery = models.ForeignKey(
        "publishing.Delivery", null=True, on_delete=models.SET_NULL, related_name="spends"
    )
    amount = models.DecimalField(max_digits=12, decimal_places=4)
    at = models.DateTimeField(default=now)
    is_turn = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bucket", "delivery"], name="one_spend_per_delivery")]
        # pacing and forecast: what was taken within a window
        indexes = [models.Index(fields=["bucket", "at"], name="spend_window")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.bucket_id}"


class Incident(models.Model):
    """Something that should not be so, told once when it begins and once when it is over."""

    kind = models.CharField(max_length=20)  # late, circuit, pump
    key = models.CharField(max_length=200)  # what it is about; one open incident a key
    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.CASCADE, related_name="incidents")
    summary = models.CharField(_("what"), max_length=500)
    count = models.PositiveIntegerField(_("posts"), default=0)
    opened_at = models.DateTimeField(_("since"), default=now)
    told_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("over"), null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(closed_at=None), name="one_open_incident")
        ]

    def __str__(self) -> str:
        return self.summary
