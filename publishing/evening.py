"""A look at the days to come: is tomorrow empty, and is a network's limit for a day used up."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import notices
from accounts.models import Account, Workspace
from publishing.forecast import Forecast
from publishing.models import Delivery, State
from publishing.pacing import amount_words

EVENING = time(18)  # from then on an empty tomorrow is said
LIVELY = timedelta(days=14)  # a workspace that planned nothing for longer is asleep
DAYS_AHEAD = 7
MOST_DAYS = 3  # named in one sentence


def look_at_tomorrow() -> int:
    """Say in the evening, by each workspace's clock, that nothing is planned for its next day. How many."""
    told = 0
    for workspace in _at_work():
        local = now().astimezone(workspace.zone)
        if local.time() >= EVENING:
            told += _say_empty(workspace, local.date() + timedelta(days=1))
    return told


def _at_work() -> QuerySet[Workspace]:
    """Workspaces that can send and are not asleep."""
    since = now() - LIVELY
    lively = Delivery.objects.filter(
        state__in=(State.SCHEDULED, State.PUBLISHED), due_at__gt=since, account__state=Account.State.CONNECTED
    )
    ids = lively.values("post__workspace_id").distinct()
    return Workspace.objects.filter(pk__in=ids, is_paused=False).order_by("pk")


def _say_empty(workspace: Workspace, day: date) -> bool:
    begin = datetime.combine(day, time.min, workspace.zone)
    end = datetime.combine(day + timedelta(days=1), time.min, workspace.zone)
    planned = Delivery.objects.filter(
        post__workspace=workspace, state=State.SCHEDULED, due_at__gte=begin, due_at__lt=end
    )
    key = f"tomorrow_empty:{workspace.pk}:{day}"
    if planned.exists() or not notices.untold([key]):
        return False
    notices.tell(
        notices.writers(workspace.pk),
        kind="tomorrow_empty",
        key=key,
        text=_("Nothing is planned for tomorrow, %(day)s.") % {"day": _named(day)},
        url=f"{reverse('publishing:post-create')}?date={day}",
        workspace=workspace,
    )
    return True


def look_for_full_days() -> int:
    """Say which days of the next week have no room left on a network. How many workspaces have such days."""
    found = 0
    for workspace in _at_work():
        today = now().astimezone(workspace.zone).date()
        accounts = list(
            Account.objects.filter(workspace=workspace, state=Account.State.CONNECTED).defer("credentials")
        )
        days = [today + timedelta(days=n) for n in range(DAYS_AHEAD)]
        forecast = Forecast(accounts, days[0], days[-1], workspace.zone)
        full = [(day, account, use) for day in days for account, use in forecast.full(day)]
        if full:
            found += 1
            _say_full(
                workspace,
                [_full(day, account, amount_words(Decimal(use.quota.limit))) for day, account, use in full],
            )
    return found


def _full(day: date, account: Account, limit: str) -> str:
    told = {"day": _named(day), "account": str(account), "limit": limit}
    return _("%(day)s on %(account)s (%(limit)s)") % told


def _say_full(workspace: Workspace, days: list[str]) -> None:
    """One notice a week, which grows while more days fill up."""
    week = now().astimezone(workspace.zone).strftime("%G-%V")
    sentence = ngettext(
        "A day has no room left: %(days)s. What is planned beyond goes out later.",
        "%(count)d days have no room left: %(days)s. What is planned beyond goes out later.",
        len(days),
    )
    named = ", ".join(days[:MOST_DAYS]) + (" …" if len(days) > MOST_DAYS else "")
    notices.tell(
        notices.writers(workspace.pk),
        kind="quota_full",
        key=f"quota_full:{workspace.pk}:{week}",
        text=sentence % {"count": len(days), "days": named},
        url=reverse("publishing:calendar"),
        workspace=workspace,
        grows=True,
    )


def _named(day: date) -> str:
    return date_format(day, "D j M", use_l10n=False)
