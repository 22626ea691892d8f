"""TikTok's Display API from the other side: who somebody is, and their public posts with their counters."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from platforms.sandbox.insights import grown
from platforms.sandbox.models import Entry, Person
from platforms.sandbox.tiktok_jobs import settle
from platforms.sandbox.tiktok_wire import NETWORK, Visit, endpoint, fields_of, refusal

USER_FIELDS = {
    **dict.fromkeys(
        ("open_id", "union_id", "avatar_url", "avatar_url_100", "avatar_large_url", "display_name"),
        "user.info.basic",
    ),
    **dict.fromkeys(
        ("bio_description", "profile_deep_link", "profile_web_link", "is_verified", "username"),
        "user.info.profile",
    ),
    **dict.fromkeys(("follower_count", "following_count", "likes_count", "video_count"), "user.info.stats"),
}
VIDEO_FIELDS = dict.fromkeys(
    (
        *(
            "id",
            "create_time",
            "cover_image_url",
            "share_url",
            "video_description",
            "duration",
            "height",
            "width",
        ),
        *("title", "embed_html", "embed_link", "like_count", "comment_count", "share_count", "view_count"),
    ),
    "video.list",
)
COUNTERS = {"view_count": 9000, "like_count": 700, "comment_count": 60, "share_count": 40}
MOST_ON_A_PAGE = 20
SHOWN_UNITS = 150  # of a text


@endpoint("GET", "user/info", "user.info.basic", 600)
def user_info(visit: Visit) -> dict[str, Any]:
    wanted = visit.wanted_fields(USER_FIELDS)
    person, posts = visit.person, living(visit.person)
    told = {
        "open_id": person.remote_id,
        "union_id": f"union-{person.remote_id}",
        **dict.fromkeys(("avatar_url", "avatar_url_100", "avatar_large_url"), visit.picture),
        "display_name": person.name,
        "bio_description": person.about,
        "profile_deep_link": f"{visit.root}/@{person.handle}",
        "profile_web_link": f"{visit.root}/@{person.handle}",
        "is_verified": person.facts.get("is_verified", False),
        "username": person.handle,
        "follower_count": person.facts.get("followers", 1840),
        "following_count": person.facts.get("following", 96),
        "likes_count": sum(counter(entry, "like_count") for entry in posts),
        "video_count": posts.count(),
    }
    return {"user": {name: told[name] for name in wanted}}


@endpoint("POST", "video/list", "video.list", 600)
def video_list(visit: Visit) -> dict[str, Any]:
    """The newest first, up to a moment in milliseconds."""
    wanted = visit.wanted_fields(VIDEO_FIELDS)
    body = visit.body({"cursor": int, "max_count": int})
    most = body.get("max_count", 10)
    if not 1 <= most <= MOST_ON_A_PAGE:
        raise refusal("invalid_params", "max_count must be between 1 and 20")
    settle(visit.person)
    posts = living(visit.person)
    if cursor := body.get("cursor"):
        posts = posts.filter(created_at__lt=datetime.fromtimestamp(cursor / 1000, UTC))
    page = list(posts[: most + 1])
    shown = page[:most]
    last = int(shown[-1].created_at.timestamp() * 1000) if shown else 0
    videos = [video(visit, entry, wanted) for entry in shown]
    return {"videos": videos, "cursor": last, "has_more": len(page) > most}


@endpoint("POST", "video/query", "video.list", 600)
def video_query(visit: Visit) -> dict[str, Any]:
    """One's own public posts among those that are asked for."""
    wanted = visit.wanted_fields(VIDEO_FIELDS)
    filters = fields_of(visit.body({"filters": dict}).get("filters"), {"video_ids": list}, "filters")
    ids = filters.get("video_ids", [])
    if not 1 <= len(ids) <= MOST_ON_A_PAGE or not all(isinstance(post_id, str) for post_id in ids):
        raise refusal("invalid_params", "video_ids must hold 1 to 20 ids")
    settle(visit.person)
    return {
        "videos": [video(visit, entry, wanted) for entry in living(visit.person).filter(remote_id__in=ids)]
    }


def living(person: Person) -> Any:
    """What everyone may see. A person's `hides_photos` leaves photo posts out, as some accounts report."""
    posts = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None, body__is_public=True)
    if person.facts.get("hides_photos"):
        posts = posts.filter(~Q(body__kind="photo"))
    return posts.order_by("-created_at", "-pk")


def video(visit: Visit, entry: Entry, wanted: list[str]) -> dict[str, Any]:
    width, height = entry.body["size"]
    told = {
        "id": entry.remote_id,
        "create_time": int(entry.created_at.timestamp()),
        "title": cut(entry.body.get("title", "")),
        "video_description": cut(entry.text),
        "duration": entry.body["seconds"],
        "width": width,
        "height": height,
        "cover_image_url": visit.request.build_absolute_uri(
            reverse("sandbox-upload", args=[NETWORK, entry.pictures[entry.body.get("cover", 0)].remote_id])
        ),
        "share_url": f"{visit.root}/@{entry.person.handle}/{entry.body['kind']}/{entry.remote_id}",
        "embed_link": f"{visit.root}/@{entry.person.handle}/{entry.body['kind']}/{entry.remote_id}",
        "embed_html": "",
        **{name: counter(entry, name) for name in COUNTERS},
    }
    return {name: told[name] for name in wanted}


def cut(text: str) -> str:
    """The beginning, counted in UTF-16 units, no character halved."""
    return text.encode("utf-16-le")[: SHOWN_UNITS * 2].decode("utf-16-le", "ignore")


def counter(entry: Entry, name: str) -> int:
    return grown(entry.remote_id, name, COUNTERS[name], entry.created_at)
