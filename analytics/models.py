"""What networks told of posts and accounts, what is to be asked next, and the days that pages read."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Workspace
from analytics.metrics import GAINED, OF_ACCOUNTS, OF_POSTS, Number
from analytics.report_models import Report, ReportMail, ReportPlan  # noqa: F401  (rows of this app too)
from publishing.models import Delivery


class Numbers(models.Model):
    """Columns that posts and accounts have both. None: the network does not tell it, which is never 0."""

    views = models.FloatField(null=True, blank=True)
    reach = models.FloatField(null=True, blank=True)
    likes = models.FloatField(null=True, blank=True)
    comments = models.FloatField(null=True, blank=True)
    shares = models.FloatField(null=True, blank=True)
    reposts = models.FloatField(null=True, blank=True)
    quotes = models.FloatField(null=True, blank=True)
    saves = models.FloatField(null=True, blank=True)
    clicks = models.FloatField(null=True, blank=True)
    engagements = models.FloatField(null=True, blank=True)
    watch_seconds = models.FloatField(null=True, blank=True)

    class Meta:
        abstract = True


class PostSnapshotQuerySet(models.QuerySet["PostSnapshot"]):
    def visible_to(self, member: Any) -> Self:
        return self.filter(delivery__post__workspace_id=member.workspace_id)


class PostSnapshot(Numbers):
    """A post's numbers so far, as its network told them at a moment. Added, and never changed.

    `raw`: the same by the network's own names.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="snapshots")
    taken_at = models.DateTimeField(default=now)
    profile_clicks = models.FloatField(null=True, blank=True)
    average_watch_seconds = models.FloatField(null=True, blank=True)
    new_followers = models.FloatField(null=True, blank=True)
    profile_views = models.FloatField(null=True, blank=True)
    raw = models.JSONField(default=dict, blank=True)

    objects = PostSnapshotQuerySet.as_manager()

    class Meta:
        ordering = ["taken_at", "pk"]
        constraints = [
            # also the index for the post's page, and for what a day gained on the one before
            models.UniqueConstraint(fields=["delivery", "taken_at"], name="one_post_snapshot_a_moment")
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.taken_at:%Y-%m-%d %H:%M}"

    @property
    def values(self) -> dict[str, Number]:
        return {str(name): getattr(self, name) for name in OF_POSTS}


class AccountSnapshotQuerySet(models.QuerySet["AccountSnapshot"]):
    def visible_to(self, member: Any) -> Self:
        return self.filter(account__workspace_id=member.workspace_id)


class AccountSnapshot(Numbers):
    """An account's numbers as its network told them at a moment. Added, and never changed.

    Followers and posts are as they stand; what the others count is the network's: `Platform.account_days`.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="snapshots")
    taken_at = models.DateTimeField(default=now)
    followers = models.FloatField(null=True, blank=True)
    new_followers = models.FloatField(null=True, blank=True)
    posts = models.FloatField(null=True, blank=True)
    average_watch_seconds = models.FloatField(null=True, blank=True)
    profile_views = models.FloatField(null=True, blank=True)
    raw = models.JSONField(default=dict, blank=True)

    objects = AccountSnapshotQuerySet.as_manager()

    class Meta:
        ordering = ["taken_at", "pk"]
        constraints = [
            # also the index for the account's page, and for the followers of a day
            models.UniqueConstraint(fields=["account", "taken_at"], name="one_account_snapshot_a_moment")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.taken_at:%Y-%m-%d %H:%M}"

    @property
    def values(self) -> dict[str, Number]:
        return {str(name): getattr(self, name) for name in OF_ACCOUNTS}


class LatestQuerySet(models.QuerySet["Latest"]):
    def visible_to(self, member: Any) -> Self:
        return self.filter(workspace_id=member.workspace_id)


class Latest(Numbers):
    """A post's newest numbers, beside what lists sort and filter by.

    `engagements` are ours here: what people did, added up. `rate` is their share of views, or of reach.
    """

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="numbers")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    published_at = models.DateTimeField()
    taken_at = models.DateTimeField()
    rate = models.FloatField(null=True, blank=True)

    objects = LatestQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("latest numbers")
        indexes = [
            # best and worst posts, best times and hashtags of a range
            models.Index(fields=["workspace", "published_at"], name="latest_of_workspace"),
            models.Index(fields=["account", "published_at"], name="latest_of_account"),
        ]

    def __str__(self) -> str:
        return str(self.delivery_id)


class AccountDay(Numbers):
    """What an account's posts gained on a day of its workspace's clock, and its followers at the end of it.

    Counted from the snapshots and nothing else, so that it can always be counted again. `touched` is raised
    by whatever changes the day, and until it was added up since, `is_counted` is False. `followers` is the
    last number told that day, `new_followers` the difference to the last one told before. `is_corrected`: a
    network took something back, so a gain may be below 0. `is_late`: posts first asked long after they went
    out are counted here as a whole.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    posts = models.PositiveIntegerField(default=0)
    followers = models.FloatField(null=True, blank=True)
    new_followers = models.FloatField(null=True, blank=True)
    seen = models.FloatField(null=True, blank=True)
    seen_engagements = models.FloatField(null=True, blank=True)
    is_corrected = models.BooleanField(default=False)
    is_late = models.BooleanField(default=False)
    touched = models.PositiveIntegerField(default=1, editable=False)
    is_counted = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["day", "account"]
        constraints = [
            # also the index that every page of numbers reads
            models.UniqueConstraint(fields=["account", "day"], name="one_row_per_account_and_day")
        ]
        indexes = [
            # every minute: what is to be counted again
            models.Index(
                fields=["account", "day"],
                condition=Q(is_counted=False),
                name="accountday_touched",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}"

    @property
    def gained(self) -> dict[str, Number]:
        return {name: getattr(self, name) for name in GAINED}


class LookQuerySet(models.QuerySet["Look"]):
    def due(self, moment: datetime) -> Self:
        """What is to be asked now, and nobody is asking."""
        free = Q(lease_until=None) | Q(lease_until__lte=moment)
        return self.filter(free, due_at__lte=moment)


class Look(models.Model):
    """What is asked of a network next: the numbers of one published post, or of one account.

    `due_at` is its only clock; None: nothing is asked any more, and `problem` says why. `fence` makes the
    write of a worker whose lease ran out hit no row. `zone`: by which clock an account's days were counted.
    """

    delivery = models.OneToOneField(Delivery, null=True, on_delete=models.CASCADE, related_name="look")
    account = models.OneToOneField(Account, null=True, on_delete=models.CASCADE, related_name="look")
    due_at = models.DateTimeField(null=True, default=now)
    looked_at = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0)
    problem_code = models.CharField(max_length=40, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    zone = models.CharField(max_length=64, blank=True, editable=False)

    objects = LookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(delivery=None, account__isnull=False) | Q(delivery__isnull=False, account=None),
                name="a_look_is_at_one_thing",
            )
        ]
        # every minute: whom to ask
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="look_due")]

    def __str__(self) -> str:
        return f"delivery {self.delivery_id}" if self.delivery_id else f"account {self.account_id}"

    def settle(self, **changes: object) -> bool:
        """Write what came of it and let go. False: the lease ran out and somebody else has it."""
        mine = Look.objects.filter(pk=self.pk, fence=self.fence, lease_until__isnull=False)
        return mine.update(lease_until=None, **changes) == 1


class Edition(models.Model):
    """Which state of a workspace's numbers this is: a new token with every change, for caches to go by."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="edition")
    token = models.UUIDField(default=uuid.uuid4)

    def __str__(self) -> str:
        return str(self.token)

    @classmethod
    def renew(cls, workspace_id: int) -> None:
        """What was kept of the workspace's numbers is old from now on."""
        cls.objects.update_or_create(workspace_id=workspace_id, defaults={"token": uuid.uuid4()})
