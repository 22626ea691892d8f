"""A campaign's page: what its posts brought, how far it is, what a result costs."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import cast

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.middleware import MemberRequest
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from analytics.metrics import Number
from analytics.reading import Book, PostLine, Range, Totals, best_posts
from analytics.report_bars import Trend, trend
from analytics.report_rows import Stat
from analytics.report_words import label, money, words
from campaigns.models import Campaign, Metric
from publishing.models import GRAVITY, Delivery, Post, State, gravest

SHOWN = ("views", "engagements", "engagement_rate", "clicks", "comments", "shares")
SERIES = ("views", "engagements", "clicks", "comments", "shares", "saves", "posts")
RESULT = "engagements"  # what a campaign without a target is measured by
PAGE_SIZE = 20


@dataclass(frozen=True)
class Progress:
    """How far a campaign is on its way to its target; `percent` may pass 100, `filled` does not."""

    metric: str
    value: Number
    target: int

    @property
    def percent(self) -> int | None:
        return None if self.value is None else int(self.value * 100 // self.target)

    @property
    def filled(self) -> int:
        return min(100, max(0, self.percent or 0))

    @property
    def label(self) -> str:
        return str(Metric(self.metric).label)

    @property
    def said(self) -> str:
        return words(self.metric, self.value)

    @property
    def said_target(self) -> str:
        return words(self.metric, self.target)


@dataclass(frozen=True)
class Cost:
    """What one result costs: money by the results; `is_spent`: by what was spent, else by the budget."""

    amount: Decimal
    currency: str
    is_spent: bool
    metric: str
    results: Number

    @property
    def each(self) -> Decimal | None:
        """None while there is no result: money by nothing says nothing."""
        return self.amount / Decimal(self.results) if self.results and self.results > 0 else None

    @property
    def said(self) -> str:
        return _("not available") if self.each is None else money(self.each, self.currency)

    @property
    def label(self) -> str:
        return label(self.metric)

    @property
    def said_amount(self) -> str:
        return money(self.amount, self.currency)


class CampaignNumbers:
    """What a campaign's posts brought from its first day until today."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign

    @cached_property
    def span(self) -> Range | None:
        """From its start, or its first post if that was earlier, until today; None before both."""
        zone = self.campaign.workspace.zone
        out = Delivery.objects.filter(post__campaign=self.campaign, published_at__isnull=False)
        first_out = out.order_by("published_at").values_list("published_at", flat=True).first()
        today = now().astimezone(zone).date()
        days: list[date] = [first_out.astimezone(zone).date()] if first_out else []
        if self.campaign.starts_on and self.campaign.starts_on <= today:
            days.append(self.campaign.starts_on)
        return Range(min(days), today, zone) if days else None

    @cached_property
    def totals(self) -> Totals:
        if self.span is None:
            return Totals()
        return self._book.totals(self.span)

    @cached_property
    def _book(self) -> Book:
        """The days of its posts, read once for all that is asked of them."""
        span = cast(Range, self.span)  # nobody reads before there is something
        return Book(self.campaign.workspace, span, campaign=self.campaign)

    def value(self, name: str) -> Number:
        return self.totals.values.get(name)

    @property
    def stats(self) -> list[Stat]:
        return [Stat(name, self.value(name)) for name in SHOWN]

    @property
    def progress(self) -> Progress | None:
        campaign = self.campaign
        if not (campaign.goal_metric and campaign.goal_target):
            return None
        return Progress(campaign.goal_metric, self.value(campaign.goal_metric), campaign.goal_target)

    @property
    def cost(self) -> Cost | None:
        """By what was spent where somebody typed that, else by the budget; None without either."""
        campaign = self.campaign
        amount = campaign.budget if campaign.spent is None else campaign.spent
        if amount is None:
            return None
        metric = campaign.goal_metric or RESULT
        return Cost(amount, campaign.currency, campaign.spent is not None, metric, self.value(metric))

    @property
    def trend(self) -> Trend | None:
        """What each day brought, of every number that may be looked at."""
        if self.span is None:
            return None
        return trend({name: self._book.by_day(self.span, name) for name in SERIES})

    def best(self, count: int = 5) -> list[PostLine]:
        if self.span is None:
            return []
        metric = self.campaign.goal_metric if self.campaign.goal_metric not in {"", "posts"} else RESULT
        return best_posts(self.campaign.workspace, self.span, metric, count, campaign=self.campaign)


def states_of(campaign: Campaign) -> list[tuple[State, int]]:
    """How many of its posts stand in each state, the gravest first."""
    pairs = Post.objects.filter(campaign=campaign).values_list("pk", "deliveries__state")
    found: dict[int, set[str]] = {}
    for pk, state in pairs:
        found.setdefault(pk, set()).add(state or State.DRAFT)
    counts = Counter(gravest(states) for states in found.values())
    return [(state, counts[state]) for state in GRAVITY if counts[state]]


@require_GET
@requires(Permission.VIEW)
def campaign_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """`?metric=` chooses what the chart shows."""
    rows = Campaign.objects.visible_to(request.member).select_related("workspace")
    campaign = get_object_or_404(rows, pk=pk)
    numbers = CampaignNumbers(campaign)
    asked = request.GET.get("metric", "")
    metric = asked if asked in SERIES else campaign.goal_metric or RESULT
    posts = Post.objects.filter(campaign=campaign).with_deliveries()
    context = {
        "campaign": campaign,
        "numbers": numbers,
        "states": states_of(campaign),
        "page": Pages(posts, PAGE_SIZE).get_page(request.GET.get("page")),
        "metric": metric,
        "trend": numbers.trend,
        "best": numbers.best(),
    }
    return render(request, "analytics/report_campaign.html", context)
