"""Facebook's insights from the other side; metrics that Meta has removed are refused as it refuses them."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import graph, insights
from platforms.sandbox.facebook_posts import counted
from platforms.sandbox.facebook_wire import NETWORK, acting_page, entry_of, missing, upload_of
from platforms.sandbox.models import Entry, Grant, Person

POST = {
    "post_media_view": 2400,
    "post_total_media_view_unique": 1700,
    "post_clicks": 130,
    "post_reactions_like_total": 190,
    "post_video_views": 900,
}
VIDEO = {
    "fb_reels_total_plays": 3100,
    "blue_reels_play_count": 2900,
    "post_video_view_time": 9_000_000,
    "post_video_avg_time_watched": 7_400,
}
PAGE = {
    "page_media_view": 900,
    "page_total_media_view_unique": 610,
    "page_post_engagements": 140,
    "page_total_actions": 24,
    "page_views_total": 75,
    "page_daily_follows_unique": 9,
    "page_daily_unfollows_unique": 3,
}


@graph.granted(NETWORK, "pages_read_engagement")
def of_node(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """A Page's insights, or those of a post by its whole id."""
    page = acting_page(grant)
    if node == page.remote_id:
        return told(request, grant, PAGE, "day", lambda name, most: page_values(page, name, most))
    entry = entry_of(page, node) if "_" in node else None
    if entry is None:
        raise missing()
    known = {**POST, "post_reactions_by_type_total": 0}
    return told(request, grant, known, "lifetime", lambda name, most: post_values(entry, name, most))


@graph.granted(NETWORK, "pages_read_engagement")
def of_video(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    upload, entry = upload_of(acting_page(grant), node), entry_of(acting_page(grant), node)
    if upload is None or entry is None or entry.body.get("video_id") != node:
        raise missing()
    return told(request, grant, VIDEO, "lifetime", lambda name, most: post_values(entry, name, most))


def told(request: HttpRequest, grant: Grant, known: dict[str, int], period: str, values: Any) -> HttpResponse:
    """One row a metric; one that is not known spoils the whole list."""
    if "read_insights" not in grant.scopes:
        return JsonResponse({"data": []})
    wanted = graph.structured(request.GET.get("metric", ""))
    names = wanted if isinstance(wanted, list) else [name for name in wanted.split(",") if name]
    if not names:
        raise graph.error(3001, "(#3001) No metric was given", 1504028)
    gone = set(acting_page(grant).facts.get("gone_metrics", []))
    if any(name not in known or name in gone for name in names):
        raise graph.error(100, "(#100) The value must be a valid insights metric")
    if period == "day" and request.GET.get("period", "day") != "day":
        raise graph.error(100, "(#100) The sandbox tells days only")
    rows = [
        {"name": name, "period": period, "values": values(name, known[name]), "title": name} for name in names
    ]
    return JsonResponse({"data": rows, "paging": {}})


def post_values(entry: Entry, name: str, most: int) -> list[dict[str, Any]]:
    if name == "post_reactions_by_type_total":
        kinds = {"like": counted(entry, "like", 190), "love": counted(entry, "love", 60)}
        return [{"value": {kind: count for kind, count in kinds.items() if count}}]
    return [{"value": counted(entry, name, most)}]


def page_values(page: Person, name: str, most: int) -> list[dict[str, Any]]:
    """What the last two whole days brought. Meta's day ends at 8:00 UTC."""
    now = timezone.now()
    today = now.replace(hour=8, minute=0, second=0, microsecond=0)
    return [day(page, name, most, today - timedelta(days=ago)) for ago in (1, 0)]


def day(page: Person, name: str, most: int, ends: datetime) -> dict[str, Any]:
    seed = f"{page.pk}:{ends.date()}"
    value = insights.grown(seed, name, most, timezone.now() - timedelta(days=30))
    return {"value": value, "end_time": graph.graph_time(ends)}
