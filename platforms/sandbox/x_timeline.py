"""X's posts read back: look-ups and timelines, in the words they are asked in."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.x_media import media_body, media_key
from platforms.sandbox.x_schema import identifier, many
from platforms.sandbox.x_users import user_body
from platforms.sandbox.x_wire import NETWORK, Asked, asked, invalid, metered, not_found, person_of

READ = ("tweet.read", "users.read")


def living() -> QuerySet[Entry]:
    return Entry.objects.filter(network=NETWORK, deleted_at=None).select_related("person")


@metered("GET /2/tweets", 5000, *READ)
def look_up(request: HttpRequest, grant: Grant) -> HttpResponse:
    wanted = asked(request, person_of(grant), "ids")
    ids = [remote_id for remote_id in request.GET.get("ids", "").split(",") if remote_id]
    many(identifier, 1, 100)(ids, "ids")
    entries = {entry.remote_id: entry for entry in living().filter(remote_id__in=ids)}
    errors = [not_found("tweet", "ids", remote_id) for remote_id in ids if remote_id not in entries]
    found = [entries[remote_id] for remote_id in ids if remote_id in entries]
    return JsonResponse({**page(request, found, wanted), **({"errors": errors} if errors else {})})


@metered("GET /2/tweets/{id}", 900, *READ)
def look_up_one(request: HttpRequest, grant: Grant, remote_id: str) -> HttpResponse:
    wanted = asked(request, person_of(grant))
    identifier(remote_id, "id")
    entry = living().filter(remote_id=remote_id).first()
    if entry is None:
        return JsonResponse({"errors": [not_found("tweet", "id", remote_id)]})
    body = page(request, [entry], wanted)
    return JsonResponse({**body, "data": body["data"][0]})


@metered("GET /2/users/{id}/tweets", 900, *READ)
def timeline(request: HttpRequest, grant: Grant, user_id: str) -> HttpResponse:
    """Newest first. A person's `index_lag` is for how many seconds a new post is not shown yet."""
    own = ("max_results", "start_time", "end_time", "since_id", "until_id", "pagination_token", "exclude")
    reader = person_of(grant)
    wanted = asked(request, reader, *own)
    owner = Person.objects.filter(network=NETWORK, remote_id=user_id).first()
    if owner is None:
        return JsonResponse({"errors": [not_found("user", "id", user_id)]})
    size = whole(request, "max_results", 5, 100, 10)
    rows = between(request, living().filter(person=owner)).order_by("-created_at", "-pk")
    if lag := owner.facts.get("index_lag"):
        rows = rows.filter(created_at__lte=timezone.now() - timedelta(seconds=lag))
    first = page_start(request.GET.get("pagination_token"))
    entries = list(rows[first : first + size + 1])
    meta: dict[str, Any] = {"result_count": len(entries[:size])}
    if not entries:
        return JsonResponse({"meta": meta})
    meta |= {"newest_id": entries[0].remote_id, "oldest_id": entries[:size][-1].remote_id}
    if len(entries) > size:
        meta["next_token"] = f"7140dibdnow9c7btw{first + size:08d}"
    return JsonResponse({**page(request, entries[:size], wanted), "meta": meta})


def between(request: HttpRequest, rows: QuerySet[Entry]) -> QuerySet[Entry]:
    if "start_time" in request.GET:
        rows = rows.filter(created_at__gte=moment(request, "start_time"))
    if "end_time" in request.GET:
        rows = rows.filter(created_at__lt=moment(request, "end_time"))
    if "replies" in request.GET.get("exclude", "").split(","):
        rows = rows.filter(parent_id="")
    # ids of one length compare as their numbers do
    if "since_id" in request.GET:
        rows = rows.filter(remote_id__gt=request.GET["since_id"])
    if "until_id" in request.GET:
        rows = rows.filter(remote_id__lt=request.GET["until_id"])
    return rows


def moment(request: HttpRequest, name: str) -> datetime:
    value = request.GET[name]
    said = f"Invalid '{name}':'{value}'."
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z", value):
        raise invalid(name, value, f"{said} Expected YYYY-MM-DDTHH:mm:ssZ")
    found = parse_datetime(value)
    if found is None or found > timezone.now():
        raise invalid(name, value, f"{said} It must be a moment before now.")
    return found


def whole(request: HttpRequest, name: str, least: int, most: int, default: int) -> int:
    value = request.GET.get(name, str(default))
    if not value.isdigit() or not least <= int(value) <= most:
        said = f"The `{name}` query parameter value [{value}] is not between {least} and {most}"
        raise invalid(name, value, said)
    return int(value)


def page_start(token: str | None) -> int:
    if token is None:
        return 0
    if not re.fullmatch(r"7140dibdnow9c7btw\d{8}", token):
        raise invalid("pagination_token", token, f"The `pagination_token` value [{token}] is not valid")
    return int(token[-8:])


# --- the shape of a post ---


def page(request: HttpRequest, entries: list[Entry], wanted: Asked) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if entries:
        body["data"] = [post_body(entry, wanted) for entry in entries]
    includes = {
        "users": users(request, entries, wanted),
        "media": pictures(request, entries, wanted),
        "posts" if wanted.is_new else "tweets": parents(entries, wanted),
    }
    if any(includes.values()):
        body["includes"] = {name: found for name, found in includes.items() if found}
    return body


def users(request: HttpRequest, entries: list[Entry], wanted: Asked) -> list[dict[str, Any]]:
    if "author_id" not in wanted.wants("expansions"):
        return []
    return [
        user_body(request, person, wanted)
        for person in {entry.person_id: entry.person for entry in entries}.values()
    ]


def pictures(request: HttpRequest, entries: list[Entry], wanted: Asked) -> list[dict[str, Any]]:
    if "attachments.media_keys" not in wanted.wants("expansions"):
        return []
    return [media_body(request, upload, wanted) for entry in entries for upload in in_order(entry)]


def in_order(entry: Entry) -> list[Upload]:
    """An entry's pictures in the order in which they were named."""
    rows = Entry.uploads.through.objects.filter(entry=entry).select_related("upload").order_by("pk")
    return [row.upload for row in rows]


def parents(entries: list[Entry], wanted: Asked) -> list[dict[str, Any]]:
    if not {"referenced_posts", "referenced_tweets.id"} & wanted.wants("expansions"):
        return []
    ids = {entry.parent_id for entry in entries if entry.parent_id}
    return [post_body(entry, wanted) for entry in living().filter(remote_id__in=ids)]


def post_body(entry: Entry, wanted: Asked) -> dict[str, Any]:
    """A post with what is always there and what was asked for, in the words it was asked in."""
    new = wanted.is_new
    history = "edit_history_post_ids" if new else "edit_history_tweet_ids"
    always = {"id": entry.remote_id, "text": entry.body["text"], history: [entry.remote_id]}
    keys = [media_key(upload) for upload in in_order(entry)]
    references = [{"type": "replied_to", "id": entry.parent_id}] if entry.parent_id else []
    optional: dict[str, tuple[Any, tuple[str, ...]]] = {
        "author_id": (entry.person.remote_id, ("author_id",)),
        "created_at": (entry.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), ("created_at",)),
        "conversation_id": (entry.body["conversation_id"], ("conversation_id",)),
        "reply_settings": (entry.body["reply_settings"], ("reply_settings",)),
        "entities": (entry.body["entities"], ("entities",)),
        "attachments": (keys and {"media_keys": keys}, ("attachments", "attachments.media_keys")),
        "note_post" if new else "note_tweet": (entry.body["note"], ("note_post" if new else "note_tweet",)),
        "referenced_posts" if new else "referenced_tweets": (
            references,
            ("referenced_posts", "referenced_tweets", "referenced_tweets.id"),
        ),
        "public_metrics": (metrics(new), ("public_metrics",)),
    }
    asked_for = {name: value for name, (value, names) in optional.items() if any(n in wanted for n in names)}
    return {**always, **{name: value for name, value in asked_for.items() if value}}


def metrics(new: bool) -> dict[str, int]:
    names = ("reply_count", "like_count", "quote_count", "bookmark_count", "impression_count")
    return dict.fromkeys(("repost_count" if new else "retweet_count", *names), 0)
