"""X's posts read back: look-ups and timelines, in the words they are asked in."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from platforms.sandbox.models import Entry, Grant, Note, Person
from platforms.sandbox.x_known import conversation_of, living, text_of, versions
from platforms.sandbox.x_media import media_body, media_key
from platforms.sandbox.x_numbers import owners_metrics, public_metrics, votes
from platforms.sandbox.x_posts import edit_controls, history_of
from platforms.sandbox.x_schema import identifier, many
from platforms.sandbox.x_text import shown
from platforms.sandbox.x_users import user_body
from platforms.sandbox.x_wire import (
    NETWORK,
    PROBLEMS,
    Asked,
    asked,
    invalid,
    metered,
    not_found,
    person_of,
)

READ = ("tweet.read", "users.read")
ATTACHED = ("attachments.media_keys", "attachments.poll_ids")
PLAIN = frozenset({
    "author_id", "in_reply_to_user_id", "conversation_id", "reply_settings", "entities", "community_id",
    "geo", "edit_controls", "public_metrics", "non_public_metrics", "organic_metrics",
})  # fmt: skip


@metered("GET /2/tweets", 5000, *READ)
def look_up(request: HttpRequest, grant: Grant) -> HttpResponse:
    reader = person_of(grant)
    wanted = asked(request, reader, "ids")
    ids = [remote_id for remote_id in request.GET.get("ids", "").split(",") if remote_id]
    many(identifier, 1, 100)(ids, "ids")
    entries = {entry.remote_id: entry for entry in versions().filter(remote_id__in=ids)}
    errors = [not_found("tweet", "ids", remote_id) for remote_id in ids if remote_id not in entries]
    found = [entries[remote_id] for remote_id in ids if remote_id in entries]
    return answer(page(request, found, wanted, reader), errors)


@metered("GET /2/tweets/{id}", 900, *READ)
def look_up_one(request: HttpRequest, grant: Grant, remote_id: str) -> HttpResponse:
    reader = person_of(grant)
    wanted = asked(request, reader)
    identifier(remote_id, "id")
    entry = versions().filter(remote_id=remote_id).first()
    if entry is None:
        return JsonResponse({"errors": [not_found("tweet", "id", remote_id)]})
    body = page(request, [entry], wanted, reader)
    return answer({**body, "data": body["data"][0]})


def answer(body: dict[str, Any], errors: Sequence[dict[str, Any]] = ()) -> HttpResponse:
    """What was found; what is missing or not for the reader stands in `errors` beside it."""
    told = [*errors, *body.pop("errors", [])]
    return JsonResponse({**body, **({"errors": told} if told else {})})


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
        meta["next_token"] = page_token(first + size)
    return answer({**page(request, entries[:size], wanted, reader), "meta": meta})


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


def page_token(start: int) -> str:
    return f"7140dibdnow9c7btw{start:08d}"


def page_start(token: str | None) -> int:
    if token is None:
        return 0
    if not re.fullmatch(r"7140dibdnow9c7btw\d{8}", token):
        raise invalid("pagination_token", token, f"The `pagination_token` value [{token}] is not valid")
    return int(token[-8:])


# --- the shape of a post ---


def page(request: HttpRequest, entries: list[Entry], wanted: Asked, reader: Person) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if entries:
        body["data"] = [post_body(entry, wanted, reader) for entry in entries]
    includes = {
        "users": users(request, [entry.person for entry in entries], wanted),
        "media": pictures(request, entries, wanted),
        "polls": polls(entries, wanted),
        "posts" if wanted.is_new else "tweets": parents(entries, wanted, reader),
    }
    if any(includes.values()):
        body["includes"] = {name: found for name, found in includes.items() if found}
    for name in ("non_public_metrics", "organic_metrics"):
        if name in wanted:
            unseen = [entry for entry in entries if not owners_metrics(entry, reader)]
            body.setdefault("errors", []).extend(not_for_reader(entry, name) for entry in unseen)
    return body


def not_for_reader(entry: Entry, name: str) -> dict[str, Any]:
    said = f"Sorry, you are not authorized to access '{name}' on the Post with id : [{entry.remote_id}]."
    return {
        "resource_id": entry.remote_id,
        "parameter": "ids",
        "resource_type": "tweet",
        "section": "data",
        "title": "Field Authorization Error",
        "detail": said,
        "field": name,
        "type": f"{PROBLEMS}not-authorized-for-field",
    }


def users(request: HttpRequest, people: list[Person], wanted: Asked) -> list[dict[str, Any]]:
    if "author_id" not in wanted.wants("expansions"):
        return []
    known = {person.pk: person for person in people}
    return [user_body(request, person, wanted) for person in known.values()]


def pictures(request: HttpRequest, entries: list[Entry], wanted: Asked) -> list[dict[str, Any]]:
    if "attachments.media_keys" not in wanted.wants("expansions"):
        return []
    return [media_body(request, upload, wanted) for entry in entries for upload in entry.pictures]


def polls(entries: list[Entry], wanted: Asked) -> list[dict[str, Any]]:
    if "attachments.poll_ids" not in wanted.wants("expansions"):
        return []
    return [poll_body(entry, wanted) for entry in entries if entry.body.get("poll")]


def poll_body(entry: Entry, wanted: Asked) -> dict[str, Any]:
    poll = entry.body["poll"]
    counted = enumerate(zip(poll["options"], votes(entry), strict=True), 1)
    options = [{"position": n, "label": label, "votes": count} for n, (label, count) in counted]
    is_open = timezone.now().isoformat() < poll["end_datetime"]
    body = {
        "duration_minutes": poll["duration_minutes"],
        "end_datetime": poll["end_datetime"],
        "voting_status": "open" if is_open else "closed",
    }
    chosen = {name: value for name, value in body.items() if name in wanted.wants("poll.fields")}
    return {"id": poll["id"], "options": options, **chosen}


def parents(entries: list[Entry], wanted: Asked, reader: Person) -> list[dict[str, Any]]:
    if not {"referenced_posts", "referenced_tweets.id"} & wanted.wants("expansions"):
        return []
    ids = {entry.parent_id for entry in entries if entry.parent_id}
    return [post_body(entry, wanted, reader) for entry in living().filter(remote_id__in=ids)]


def post_body(entry: Entry, wanted: Asked, reader: Person) -> dict[str, Any]:
    body, new = entry.body, wanted.is_new
    references = [
        {"type": kind, "id": remote_id}
        for kind, remote_id in (("replied_to", entry.parent_id), ("quoted", body.get("quote")))
        if remote_id
    ]
    keys, poll = [media_key(upload) for upload in entry.pictures], body.get("poll")
    attachments = {
        **({"media_keys": keys} if keys else {}),
        **({"poll_ids": [poll["id"]]} if poll else {}),
    }
    owners = owners_metrics(entry, reader)
    return told(
        {
            "id": entry.remote_id,
            "text": body["text"],
            "author_id": entry.person.remote_id,
            "in_reply_to_user_id": body.get("answers", ""),
            "created_at": entry.created_at,
            "conversation_id": body["conversation_id"],
            "reply_settings": body["reply_settings"],
            "entities": body["entities"],
            "attachments": attachments,
            "note": body["note"],
            "references": references,
            "history": history_of(newest(entry)),
            "community_id": body.get("community_id"),
            "geo": body.get("geo"),
            "edit_controls": edit_controls(entry),
            "public_metrics": public_metrics(entry, new=new),
            "non_public_metrics": owners,
            "organic_metrics": owners,
        },
        wanted,
    )


def newest(entry: Entry) -> Entry:
    return living().filter(remote_id=entry.body["newer"]).first() or entry if "newer" in entry.body else entry


def note_body(note: Note, wanted: Asked) -> dict[str, Any]:
    """What somebody wrote to a person, as the post that it is."""
    text, parent = text_of(note), note.entry.remote_id if note.entry and note.kind == "comment" else ""
    return told(
        {
            **shown(text, note.remote_id, note.author, []),
            "id": note.remote_id,
            "author_id": note.author.remote_id,
            "in_reply_to_user_id": note.person.remote_id if parent else "",
            "created_at": note.created_at,
            "conversation_id": conversation_of(note) if parent else note.remote_id,
            "reply_settings": "everyone",
            "references": [{"type": "replied_to", "id": parent}] if parent else [],
            "history": [note.remote_id],
        },
        wanted,
    )


def told(post: dict[str, Any], wanted: Asked) -> dict[str, Any]:
    """A post with what is always there and what was asked for, in the words it was asked in."""
    new = wanted.is_new
    always = {
        "id": post["id"],
        "text": post["text"],
        "edit_history_post_ids" if new else "edit_history_tweet_ids": post["history"],
    }
    references = ("referenced_posts", "referenced_tweets", "referenced_tweets.id")
    renamed = {
        "note_post" if new else "note_tweet": (post.get("note"), ("note_post" if new else "note_tweet",)),
        "referenced_posts" if new else "referenced_tweets": (post["references"], references),
        "created_at": (f"{post['created_at']:%Y-%m-%dT%H:%M:%S.000Z}", ("created_at",)),
        "attachments": (post.get("attachments"), ("attachments", *ATTACHED)),
    }
    plain = {name: (value, (name,)) for name, value in post.items() if name in PLAIN}
    asked_for = {
        name: value
        for name, (value, names) in {**plain, **renamed}.items()
        if any(known in wanted for known in names)
    }
    return {**always, **{name: value for name, value in asked_for.items() if value}}
