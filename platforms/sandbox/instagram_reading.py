"""What stands on Instagram, as its API tells it: media, lists, stories, tags, and numbers that grow."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import graph, insights
from platforms.sandbox.instagram_media import DAY, container_body, container_of
from platforms.sandbox.instagram_wire import (
    NETWORK,
    api,
    fields_of,
    flavour_of,
    invalid,
    is_true,
    link,
    need,
    own_media,
    owner,
    person_of,
)
from platforms.sandbox.models import Entry, Grant, Person

MEDIA_METRICS = {
    "FEED": {
        *("views", "reach", "likes", "comments", "shares", "total_interactions", "saved", "reposts"),
        *("follows", "profile_visits", "profile_activity"),
    },
    "REELS": {
        *("views", "reach", "likes", "comments", "shares", "total_interactions", "saved", "reposts"),
        *("ig_reels_avg_watch_time", "ig_reels_video_view_total_time", "reels_skip_rate"),
        *("crossposted_views", "facebook_views"),
    },
    "STORY": {
        *("views", "reach", "shares", "total_interactions", "replies", "navigation", "follows"),
        *("profile_visits", "profile_activity", "reposts"),
    },
}
TOTALS = {
    *("views", "accounts_engaged", "total_interactions", "likes", "comments", "saves", "shares", "reposts"),
    *("replies", "profile_links_taps", "follows_and_unfollows"),
}
SERIES = {"follower_count", "online_followers"}
FEWEST_VIEWERS = 5
FEWEST_FOLLOWERS = 100


def address(request: HttpRequest, entry: Entry) -> str:
    body = entry.body
    if body["media_product_type"] == "STORY":
        return link(request, "instagram-story", entry.person.handle, entry.remote_id)
    kind = "reel" if body["media_product_type"] == "REELS" else "p"
    return link(request, "instagram-post", kind, body["shortcode"])


def media_body(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    body, numbers = entry.body, media_numbers(entry)
    pictures = [link(request, "sandbox-upload", NETWORK, one.remote_id) for one in entry.pictures]
    return {
        "id": entry.remote_id,
        "caption": entry.text,
        "timestamp": graph.graph_time(entry.created_at),
        "permalink": address(request, entry),
        "shortcode": body["shortcode"],
        "media_type": body["media_type"],
        "media_product_type": body["media_product_type"],
        "media_url": pictures[0] if pictures else "",
        "username": entry.person.handle,
        "owner": {"id": entry.person.remote_id},
        "is_comment_enabled": body["comment_enabled"],
        "like_count": numbers["likes"],
        "comments_count": numbers["comments"],
        "children": {"data": [{"id": one.remote_id} for one in entry.pictures]},
    }


def posts_of(person: Person) -> Any:
    return Entry.objects.filter(network=NETWORK, person=person, deleted_at=None).select_related("person")


@api("basic", "GET")
def media(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    posts = [one for one in posts_of(owner(grant, node)) if one.body["media_product_type"] != "STORY"]
    return graph.page_of(posts, request, lambda one: graph.only(media_body(request, one), request))


@api("basic", "GET")
def stories(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    recent = posts_of(owner(grant, node)).filter(created_at__gt=timezone.now() - DAY)
    shown = [one for one in recent if one.body["media_product_type"] == "STORY"]
    return graph.page_of(shown, request, lambda one: graph.only(media_body(request, one), request))


@api("comments", "GET")
def tags(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """Posts of others in which the account is tagged."""
    person = owner(grant, node)
    others = (
        Entry.objects.filter(network=NETWORK, deleted_at=None).exclude(person=person).select_related("person")
    )
    found = [one for one in others if person.handle in one.body.get("tagged", [])]
    return graph.page_of(found, request, lambda one: graph.only(media_body(request, one), request))


@api("basic", "GET")
def children(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    entry = own_media(grant, node)
    return graph.page_of(entry.pictures, request, lambda one: {"id": one.remote_id})


def look(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """A container or a post, by its id."""
    need(grant, "basic")
    if container := container_of(grant, node):
        return JsonResponse(graph.only(container_body(container), request))
    return JsonResponse(graph.only(media_body(request, own_media(grant, node)), request))


def change(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """The one thing that can be changed on a post that stands: whether people may comment."""
    need(grant, "comments")
    entry, fields = own_media(grant, node), fields_of(request)
    if set(fields) != {"comment_enabled"}:
        raise invalid("The parameter comment_enabled is required, and nothing else")
    entry.body["comment_enabled"] = is_true(fields["comment_enabled"])
    entry.save(update_fields=["body"])
    return JsonResponse({"success": True})


def delete(grant: Grant, node: str) -> HttpResponse:
    need(grant, "delete")
    entry = own_media(grant, node)
    entry.deleted_at = timezone.now()
    entry.save(update_fields=["deleted_at"])
    return JsonResponse({"success": True, "deleted_id": node})


# --- numbers ---


def media_numbers(entry: Entry) -> dict[str, int]:
    def grown(name: str, most: int) -> int:
        return insights.grown(entry.pk, name, most, entry.created_at)

    views = grown("views", 2400)
    written = sum(note.kind == "comment" and note.deleted_at is None for note in entry.notes.all())
    numbers = {
        "views": views,
        "reach": views * 4 // 5,
        "likes": grown("likes", 180),
        "comments": written + grown("comments", 14),
        "shares": grown("shares", 24),
        "saved": grown("saved", 40),
        "reposts": grown("reposts", 6),
        "follows": grown("follows", 9),
        "profile_visits": grown("profile_visits", 60),
        "profile_activity": grown("profile_activity", 14),
        "replies": grown("replies", 5),
        "link_clicks": grown("link_clicks", 12),
        "navigation": grown("navigation", 90),
        "ig_reels_avg_watch_time": 4200 if views else 0,
        "ig_reels_video_view_total_time": views * 4200,
    }
    engaged = sum(numbers[name] for name in ("likes", "comments", "shares", "saved"))
    return {**numbers, "total_interactions": engaged}


def user_numbers(person: Person) -> dict[str, int]:
    per_post = [media_numbers(one) for one in posts_of(person)[:50]]
    words = {"saves": "saved", "profile_links_taps": "profile_activity", "accounts_engaged": "likes"}
    names = {name: words.get(name, name) for name in (*TOTALS, "reach")}
    summed = {name: sum(one.get(source, 0) for one in per_post) for name, source in names.items()}
    return {**summed, "follower_count": 3, "online_followers": 410}


def asked_metrics(request: HttpRequest, known: set[str]) -> list[str]:
    given = graph.structured(request.GET.get("metric", ""))
    names = given if isinstance(given, list) else [name.strip() for name in given.split(",") if name.strip()]
    if not names:
        raise graph.error(3001, "(#3001) A metric is required", 1504028)
    for position, name in enumerate(names):
        if name not in known:
            values = ", ".join(sorted(known))
            raise invalid(f"metric[{position}] must be one of the following values: {values}")
    return names


@api("insights", "GET")
def numbers(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """Of the account, or of one of its posts."""
    if node in {"me", person_of(grant).remote_id}:
        return of_account(request, owner(grant, node))
    return of_media(request, grant, own_media(grant, node))


def of_media(request: HttpRequest, grant: Grant, entry: Entry) -> HttpResponse:
    product = entry.body["media_product_type"]
    by_facebook = {"link_clicks"} if product == "STORY" and flavour_of(grant) == "facebook" else set()
    names = asked_metrics(request, MEDIA_METRICS[product] | by_facebook)
    counted = media_numbers(entry)
    if product == "STORY" and counted["views"] < FEWEST_VIEWERS:
        raise graph.error(10, "(#10) Not enough viewers for the media to show insights")
    return JsonResponse(
        {
            "data": [
                row(entry.remote_id, name, "lifetime", values=[{"value": counted.get(name, 0)}])
                for name in names
            ]
        }
    )


def of_account(request: HttpRequest, person: Person) -> HttpResponse:
    names = asked_metrics(request, TOTALS | SERIES | {"reach"})
    period, kind = request.GET.get("period", ""), request.GET.get("metric_type", "time_series")
    if period != ("lifetime" if "online_followers" in names else "day"):
        raise invalid("Incompatible period for these metrics")
    if kind == "time_series" and set(names) & TOTALS:
        refused = ", ".join(sorted(set(names) & TOTALS))
        raise invalid(
            f"The following metrics ({refused}) should be specified with parameter metric_type=total_value"
        )
    if kind == "total_value" and set(names) & SERIES:
        raise invalid("These metrics do not support metric_type=total_value")
    if set(names) & SERIES and person.facts.get("followers", 0) < FEWEST_FOLLOWERS:
        raise invalid("Not enough followers for this metric")
    counted = user_numbers(person)
    end = graph.graph_time(timezone.now().replace(hour=8, minute=0, second=0, microsecond=0))
    shown = [
        row(person.remote_id, name, period, total_value={"value": counted[name]})
        if kind == "total_value"
        else row(person.remote_id, name, period, values=[{"value": counted[name], "end_time": end}])
        for name in names
    ]
    return JsonResponse({"data": shown})


def row(node: str, name: str, period: str, **value: Any) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    return {
        "name": name,
        "period": period,
        **value,
        "title": title,
        "description": title,
        "id": f"{node}/insights/{name}/{period}",
    }
