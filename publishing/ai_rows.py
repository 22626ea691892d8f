"""The rows of AI help: how a workspace wants to sound, and what each use of it cost."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace, WorkspaceQuerySet

LONGEST_VOICE = 4000


class AiProfile(models.Model):
    """How a workspace wants to sound, what it never says, and what its help may cost in a month.

    `monthly_budget` is in US dollars; empty means all that the desk allows a workspace.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="ai_profile")
    voice = models.TextField(_("voice"), blank=True, validators=[MaxLengthValidator(LONGEST_VOICE)])
    forbidden_words = models.JSONField(_("words that are never used"), default=list, blank=True)
    monthly_budget = models.DecimalField(
        _("budget of a month, in US dollars"), max_digits=8, decimal_places=2, null=True, blank=True
    )

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.workspace)

    @classmethod
    def of(cls, workspace: Workspace) -> "AiProfile":
        """The workspace's, or an empty one that is not stored yet."""
        return cls.objects.filter(workspace=workspace).first() or cls(workspace=workspace)

    @property
    def budget(self) -> Decimal:
        """US dollars: the workspace's own wish, never more than the desk allows."""
        desk = Decimal(settings.AI_BUDGET)
        return desk if self.monthly_budget is None else min(self.monthly_budget, desk)


class AiUseQuerySet(WorkspaceQuerySet["AiUse"]):
    def spent(self) -> Decimal:
        """What they cost; what is not settled counts as much as was set aside for it."""
        total = self.aggregate(total=models.Sum(Coalesce("cost", "reserved", output_field=COST())))["total"]
        return Decimal(total or 0)

    def by_task(self) -> list[dict[str, Any]]:
        """For each task, the dearest first: its name, how often, how many tokens, and the cost."""
        rows = self.values("task").annotate(
            times=models.Count("pk"),
            tokens_in=models.Sum(
                models.F("input_tokens") + models.F("cached_tokens") + models.F("cache_writes")
            ),
            tokens_out=models.Sum("output_tokens"),
            total=models.Sum(Coalesce("cost", "reserved", output_field=COST())),
        )
        labels = dict(AiUse.Task.choices)
        return [{**row, "label": labels[row["task"]]} for row in rows.order_by("-total")]


def COST() -> "models.DecimalField[Decimal, Decimal]":  # noqa: N802  (reads as the column's type)
    return models.DecimalField(max_digits=12, decimal_places=6)


class AiUse(models.Model):
    """One question to the AI: who asked what, what was set aside for it before, and what it cost after."""

    class Task(models.TextChoices):
        GENERATE = "generate", _("Write from a brief")
        REWRITE = "rewrite", _("Shorten for a network")
        HASHTAGS = "hashtags", _("Find hashtags")
        OPTIMISE = "optimise", _("Improve")
        ALT_TEXT = "alt_text", _("Describe a picture")
        REPLY = "reply", _("Draft an answer")

    class Outcome(models.TextChoices):
        RUNNING = "running", _("Under way, or cut off with its process")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        CUT_OFF = "cut_off", _("Broke off")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Not answered")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="ai_uses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    task = models.CharField(_("what for"), max_length=10, choices=Task.choices)
    model = models.CharField(_("model"), max_length=80)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    detail = models.CharField(_("what went wrong"), max_length=300, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(_("input read from the cache"), default=0)
    cache_writes = models.PositiveIntegerField(_("input written to the cache"), default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    reserved = models.DecimalField(_("set aside, US dollars"), max_digits=12, decimal_places=6)
    cost = models.DecimalField(_("cost, US dollars"), max_digits=12, decimal_places=6, null=True)
    started_at = models.DateTimeField(_("asked"), default=now)
    finished_at = models.DateTimeField(_("answered"), null=True)

    objects = AiUseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("use of AI")
        verbose_name_plural = _("uses of AI")
        # the budget: what a workspace has spent since the month began, before each question
        indexes = [models.Index(fields=["workspace", "started_at"], name="ai_use_of_month")]

    def __str__(self) -> str:
        return f"{self.task} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def seconds(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None
