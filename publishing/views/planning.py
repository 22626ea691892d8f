"""What goes out when: the queue, the month and the day."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MemberRequest
from accounts.models import Account
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from publishing.causes import asked_for, causes
from publishing.deciding import Decision, decide
from publishing.forecast import Forecast
from publishing.forms.planning import LABELS, PlanFilter, QueueFilter
from publishing.models import Post, State
from publishing.month import Month, mark_full, weeks
from publishing.views.deliveries import back

PAGE_SIZE = 25


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
        "causes": causes(request.member) if form.shown == "trouble" else [],
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
    rows = posts.with_deliveries().with_cover().select_related("campaign")  # type: ignore[attr-defined]
    return Pages(rows, PAGE_SIZE).get_page(request.GET.get("page"))


@require_POST
@requires(Permission.WRITE)
def queue_retry(request: MemberRequest) -> HttpResponse:
    """Retry all that failed for one cause."""
    failed = asked_for(request.member, request.POST)
    if not failed.exists():
        messages.warning(request, _("Too late: nothing that failed for this is left."))
        return back(request, "publishing:queue")
    tried, _event = decide(request.member, failed, Decision.RETRY)
    sentence = ngettext("Trying %(count)d post again.", "Trying %(count)d posts again.", len(tried))
    messages.success(request, sentence % {"count": len(tried)})
    return back(request, "publishing:queue")


@require_GET
@requires(Permission.VIEW)
def calendar(request: MemberRequest) -> HttpResponse:
    """A month; on a phone the same as an agenda."""
    zone = request.member.workspace.zone
    form = PlanFilter(request.member, request.GET)
    month = Month.of(request.GET.get("month", ""), zone, request.member.workspace.week_starts_on)
    query = request.GET.copy()
    query.pop("month", None)
    grid = weeks(month, form.posts(), zone)
    gone = Account.State.DISCONNECTED
    connected = [account for account in request.member.accounts if account.state != gone]
    mark_full(grid, Forecast(connected, grid[0][0].date, grid[-1][-1].date, zone))
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
        "zone": zone,
    }
    return render(request, "publishing/calendar_day.html", context)
