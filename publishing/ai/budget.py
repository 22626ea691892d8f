"""A workspace's month: money is set aside before each question, and settled after it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from django.db import transaction
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Membership, User, Workspace
from accounts.notices import tell
from accounts.permissions import Role
from publishing.ai.errors import BudgetSpent
from publishing.ai.prices import Tokens, cost_of
from publishing.ai_rows import AiProfile, AiUse

TIGHT = 80  # percent of the budget at which people are warned


@dataclass(frozen=True)
class Month:
    """What was spent since the month began in the workspace's zone, and what may be; US dollars."""

    begins: datetime
    spent: Decimal
    budget: Decimal

    @property
    def first_day(self) -> date:
        """By the workspace's calendar."""
        return self.begins.date()

    @property
    def percent(self) -> int:
        return min(100, int(self.spent * 100 / self.budget)) if self.budget else 100

    @property
    def is_spent(self) -> bool:
        return self.spent >= self.budget

    @property
    def is_tight(self) -> bool:
        return self.percent >= TIGHT

    @property
    def warning(self) -> str:
        """A sentence once four fifths are gone."""
        if not self.is_tight:
            return ""
        return _("%(percent)d %% of this month's budget for AI is used (%(spent)s of %(budget)s).") % {
            "percent": self.percent,
            "spent": dollars(self.spent),
            "budget": dollars(self.budget),
        }


def dollars(amount: Decimal) -> str:
    """“$0.42”; less than a cent is not nothing."""
    return "<$0.01" if 0 < amount < Decimal("0.01") else f"${amount:.2f}"


def begin_of_month(workspace: Workspace) -> datetime:
    today = now().astimezone(workspace.zone).date()
    return datetime.combine(today.replace(day=1), time(), workspace.zone)


def month_of(workspace: Workspace, profile: AiProfile | None = None) -> Month:
    profile = profile or AiProfile.of(workspace)
    begins = begin_of_month(workspace)
    spent = AiUse.objects.filter(workspace=workspace, started_at__gte=begins).spent()
    return Month(begins, spent, profile.budget)


@transaction.atomic
def reserve(member: Membership, task: str, model: str, most: Tokens) -> AiUse:
    """Set aside the most that a question may cost. Raises BudgetSpent where the month has less left.

    The profile's row is held meanwhile: two questions at once cannot both take the last of it.
    """
    AiProfile.objects.get_or_create(workspace=member.workspace)
    profile = AiProfile.objects.select_for_update().get(workspace=member.workspace)
    cost = cost_of(model, most)
    month = month_of(member.workspace, profile)
    if month.spent + cost > month.budget:
        raise BudgetSpent
    return AiUse.objects.create(
        workspace=member.workspace, user=member.user, task=task, model=model, reserved=cost
    )


def settle(use: AiUse, outcome: str, tokens: Tokens | None, detail: str = "") -> None:
    """Write down what it came to, once. `tokens` None: nobody knows, so all that was set aside counts."""
    used = tokens or Tokens()
    cost = use.reserved if tokens is None else cost_of(use.model, tokens)
    rows = AiUse.objects.filter(pk=use.pk, outcome=AiUse.Outcome.RUNNING)
    rows.update(
        outcome=outcome,
        cost=cost,
        input_tokens=used.input,
        output_tokens=used.output,
        cached_tokens=used.cached,
        cache_writes=used.cache_writes,
        detail=detail[:300],
        finished_at=now(),
    )
    _warn(use.workspace)


def _warn(workspace: Workspace) -> None:
    """Owners are told once a month that the budget is nearly, or wholly, used."""
    month = month_of(workspace)
    if not month.is_tight or not month.budget:
        return
    level = 100 if month.is_spent else TIGHT
    owners = User.objects.filter(
        memberships__workspace=workspace, memberships__role=Role.OWNER, is_active=True
    )
    tell(
        owners,
        kind="ai_budget",
        key=f"ai-budget-{level}-{workspace.pk}-{date_format(month.begins, 'Y-m')}",
        text=month.warning,
        url=reverse("publishing:ai-settings"),
        workspace=workspace,
    )
