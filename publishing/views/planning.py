"""What goes out when: the queue, the month and the day."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MemberRequest
from accounts.models import Account
from accounts.permissions import Permission, requires
from publishing import scheduling
from publishing.forecast import Forecast
from publishing.forms.planning import LABELS, PlanFilter, QueueFilter
from publishing.models import Delivery, Post, State
from publishing.month import Month, mark_full, weeks

PAGE_SIZE = 25
MOST_CAUSES = 10
MOST_RETRIES = 200


@require_GET
@requires(Permission.VIEW)
def queue(request: MemberRequest) -> HttpResponse:
    """Posts by day, narrowed by what stands in the address."""
    form = QueueFilter(request.member, request.GET)
    posts = form.posts()
    context = {
        "form": form,
        "tabs": _tabs(request, form),
        "page": _page(request, posts),
        "causes": _causes(request) if form.shown == "trouble" else [],
        "query": _query_without_page(request),
        "zone": request.member.workspace.zone,
    }
    return render(request, "publishing/queue.html", context)


def _tabs(request: MemberRequest, form: QueueFilter) -> list[dict[str, Any]]:
    query = request.GET.copy()
    query.pop("page", None)
    tabs = []
    for name, label in LABELS.items():
        query["show"] = name
        tabs.append({"label": label, "query": query.urlencode(), "is_current": name == form.shown})
    return tabs


def _page(request: MemberRequest, posts: QuerySet[Post]) -> Page[Post]:
    rows = posts.with_deliveries().with_pictures().select_related("campaign")  # type: ignore[attr-defined]
    return Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))


def _query_without_page(request: MemberRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


def _causes(request: MemberRequest) -> list[Any]:
    """Failures by cause and account, so that one press mends them together."""
    failed = Delivery.objects.visible_to(request.member).filter(state__in=(State.FAILED, State.MISSED))
    causes = failed.values(
        "reason_code",
        "reason",
        "account_id",
        handle=F("account__handle"),
        network=F("account__platform_name"),
    )
    return list(causes.annotate(count=Count("pk")).filter(count__gt=1).order_by("-count")[:MOST_CAUSES])


@require_POST
@requires(Permission.WRITE)
def queue_retry(request: MemberRequest) -> HttpResponse:
    """Retry all that failed for one cause on one account."""
    account = request.POST.get("account", "")
    if not account.isdecimal():
        raise Http404
    failed = Delivery.objects.visible_to(request.member).filter(
        state__in=(State.FAILED, State.MISSED),
        account_id=account,
        reason_code=request.POST.get("reason_code", ""),
        reason=request.POST.get("reason", ""),
    )
    count = sum(scheduling.retry(delivery) for delivery in failed.order_by("due_at")[:MOST_RETRIES])
    sentence = ngettext("Trying %(count)d post again.", "Trying %(count)d posts again.", count)
    messages.success(request, sentence % {"count": count})
    return redirect("publishing:queue")


@require_GET
@requires(Permission.VIEW)
def calendar(request: MemberRequest) -> HttpResponse:
    """A month; on a phone the same as an agenda."""
    zone = request.member.workspace.zone
    form = PlanFilter(request.member, request.GET)
    month = Month.of(request.GET.get("month", ""), zone)
    query = request.GET.copy()
    query.pop("month", None)
    grid = weeks(month, form.posts(), zone)
    accounts = Account.objects.visible_to(request.member).connected().defer("credentials")
    mark_full(grid, Forecast(accounts, grid[0][0].date, grid[-1][-1].date, zone))
    context = {
        "form": form,
        "month": month,
        "weeks": grid,
        "is_empty": not any(day.count for week in grid for day in week if day.is_inside),
        "kept": {"month": month.first.strftime("%Y-%m")},
        "query": query.urlencode(),
        "zone": zone,
        "states": list(State),
    }
    return render(request, "publishing/calendar.html", context)


@require_GET
@requires(Permission.VIEW)
def calendar_day(request: MemberRequest, year: int, month: int, day: int) -> HttpResponse:
    """All posts of a day."""
    try:
        chosen = date(year, month, day)
    except ValueError as error:
        raise Http404(_("There is no such day.")) from error
    zone = request.member.workspace.zone
    form = PlanFilter(request.member, request.GET)
    posts = form.posts().on_days(chosen, chosen, zone).order_by("scheduled_at", "pk")  # type: ignore[attr-defined]
    context = {
        "day": chosen,
        "is_past": chosen < now().astimezone(zone).date(),
        "page": _page(request, posts),
        "query": _query_without_page(request),
        "zone": zone,
    }
    return render(request, "publishing/calendar_day.html", context)
