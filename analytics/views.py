"""The pages of numbers; which days and whose stands in the address of each."""

from dataclasses import replace
from typing import Any, cast

from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.middleware import MemberRequest
from accounts.models import Account, Workspace
from accounts.permissions import Permission, requires
from analytics import exporting
from analytics.best_time import HeatMap, Slot, heat_map
from analytics.forms import PRESETS, Chosen, RangeForm
from analytics.metrics import LABELS
from analytics.models import AccountSnapshot
from analytics.overview import COLUMNS, SERIES, Overview
from analytics.stories import PostNumbers
from analytics.tags import tag_lines
from publishing.models import Post

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GROWTH = ("views", "engagements", "likes", "comments")


def _page(request: MemberRequest, template: str, form: RangeForm, **context: Any) -> HttpResponse:
    """The page with its range; 422 where the address asks for what cannot be."""
    chosen: Chosen = context.setdefault("chosen", form.chosen)
    asked = request.GET.get("metric", "")
    context |= {
        "form": form,
        "metric": asked if asked in SERIES else SERIES[0],
        "metrics": [(name, LABELS[name]) for name in SERIES],
        "columns": [(name, LABELS[name]) for name in COLUMNS],
        "presets": [(days, chosen.query(days=days), chosen.days == days) for days in PRESETS],
    }
    return render(request, template, context, status=200 if form.is_valid() else 422)


@require_GET
@requires(Permission.VIEW)
def overview(request: MemberRequest) -> HttpResponse:
    """Cards, trend, networks, best and worst posts."""
    form = RangeForm(request.member, request.GET)
    shown = Overview(request.member.workspace, form.chosen)
    return _page(request, "analytics/overview.html", form, overview=shown)


@require_GET
@requires(Permission.VIEW)
def account(request: MemberRequest, pk: int) -> HttpResponse:
    """The same for one account, and what its network tells of the account itself."""
    found = get_object_or_404(Account.objects.visible_to(request.member), pk=pk)
    form = RangeForm(request.member, request.GET)
    mine = [one for one in form.everyone if one.pk == found.pk]
    chosen = replace(form.chosen, accounts=mine, is_narrowed=False)
    newest = (
        AccountSnapshot.objects.visible_to(request.member).filter(account=found).order_by("-taken_at").first()
    )
    shown = Overview(request.member.workspace, chosen)
    return _page(
        request, "analytics/account.html", form, overview=shown, chosen=chosen, account=found, newest=newest
    )


@require_GET
@requires(Permission.VIEW)
def post(request: MemberRequest, pk: int) -> HttpResponse:
    """One post on each of its accounts, as its numbers grew."""
    found = get_object_or_404(Post.objects.visible_to(request.member), pk=pk)
    metric = request.GET.get("metric", "")
    metric = metric if metric in GROWTH else GROWTH[0]
    numbers = PostNumbers(found)
    context = {
        "numbers": numbers,
        "metric": metric,
        "metrics": [(name, LABELS[name], numbers.growth(name)) for name in GROWTH],
        "labels": LABELS,
    }
    return render(request, "analytics/post.html", context)


@require_GET
@requires(Permission.VIEW)
def best_time(request: MemberRequest) -> HttpResponse:
    """The week as a heat map."""
    form = RangeForm(request.member, request.GET)
    chosen = form.chosen
    heat = heat_map(request.member.workspace, chosen.ids if chosen.is_narrowed else None)
    return _page(
        request,
        "analytics/best_time.html",
        form,
        heat=heat,
        rows=_week(heat),
        hours=range(24),
        best=[(slot, _hour_words(slot)) for slot in heat.best(3)],
    )


def _week(heat: HeatMap) -> list[tuple[str, list[Slot | None]]]:
    return [
        (str(name), [heat.slots.get((weekday, hour)) for hour in range(24)])
        for weekday, name in sorted(WEEKDAYS.items())
    ]


def _hour_words(slot: Slot) -> str:
    return f"{WEEKDAYS[slot.weekday]}, {slot.hour:02}:00–{(slot.hour + 1) % 24:02}:00"


@require_GET
@requires(Permission.VIEW)
def hashtags(request: MemberRequest) -> HttpResponse:
    """Which hashtags did better than the account's usual post."""
    form = RangeForm(request.member, request.GET)
    return _page(
        request, "analytics/hashtags.html", form, lines=tag_lines(request.member.workspace, form.chosen)
    )


@require_GET
@requires(Permission.VIEW)
def export(request: MemberRequest, kind: str) -> HttpResponse:
    """The rows of the page's range as a file; `what=posts` for posts instead of days."""
    form = RangeForm(request.member, request.GET)
    if not form.is_valid():
        return overview(request)
    file = file_of(request.member.workspace, kind, form.chosen, request.GET.get("what", ""))
    return cast(HttpResponse, file)  # Django's types keep streamed answers apart


def file_of(workspace: Workspace, kind: str, chosen: Chosen, what: str) -> HttpResponseBase:
    """The rows of a choice: days or posts as CSV, both as a workbook."""
    span = chosen.span
    name = f"analytics-{span.first.isoformat()}-{span.last.isoformat()}"
    if kind == "xlsx":
        sheets = [
            (_("Days"), exporting.day_rows(chosen)),
            (_("Posts"), exporting.post_rows(workspace, chosen)),
        ]
        file = exporting.as_xlsx(sheets)
        return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
    is_posts = what == "posts"
    rows = exporting.post_rows(workspace, chosen) if is_posts else exporting.day_rows(chosen)
    answer = StreamingHttpResponse(exporting.as_csv(rows), content_type="text/csv; charset=utf-8")
    name += "-posts" if is_posts else ""
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
