"""What people write on X, from the other side: mentions, hiding answers, likes, and what webhooks tell."""

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from platforms.sandbox import wire
from platforms.sandbox.models import Entry, Grant, Note, Person
from platforms.sandbox.x_direct import event_of_old
from platforms.sandbox.x_known import conversation_of, known_post, living, notes, standing
from platforms.sandbox.x_sayings import NOT_PERMITTED
from platforms.sandbox.x_schema import BOOLEAN, identifier, shape
from platforms.sandbox.x_timeline import (
    READ,
    answer,
    note_body,
    page_start,
    page_token,
    post_body,
    users,
    whole,
)
from platforms.sandbox.x_wire import (
    NETWORK,
    Asked,
    asked,
    forbidden,
    has_all_access,
    invalid,
    metered,
    new_id,
    not_found,
    person_of,
)

HIDDEN, LIKE = shape(("hidden",), hidden=BOOLEAN), shape(("tweet_id",), tweet_id=identifier)
MOST_MENTIONS = 800
TOLD = {
    "author_id", "conversation_id", "created_at", "entities", "in_reply_to_user_id", "referenced_tweets",
}  # fmt: skip


# --- reading ---


@metered("GET /2/users/{id}/mentions", 300, *READ)
def mentions(request: HttpRequest, grant: Grant, user_id: str) -> HttpResponse:
    """Newest first, the last 800: what was written to a person, and posts of others that name them."""
    reader = person_of(grant)
    wanted = asked(request, reader, "max_results", "since_id", "until_id", "pagination_token")
    owner = Person.objects.filter(network=NETWORK, remote_id=user_id).first()
    if owner is None:
        return JsonResponse({"errors": [not_found("user", "id", user_id)]})
    size, first = whole(request, "max_results", 5, 100, 10), page_start(request.GET.get("pagination_token"))
    since, until = (int(request.GET.get(name) or default) for name, default in BOUNDS)
    rows = [row for row in named(owner)[:MOST_MENTIONS] if since < int(row.remote_id) < until]
    shown = rows[first : first + size]
    meta: dict[str, Any] = {"result_count": len(shown)}
    if not shown:
        return JsonResponse({"meta": meta})
    meta |= {"newest_id": shown[0].remote_id, "oldest_id": shown[-1].remote_id}
    if len(rows) > first + size:
        meta["next_token"] = page_token(first + size)
    people = users(request, [author_of(row) for row in shown], wanted)
    body = {
        "data": [
            note_body(row, wanted) if isinstance(row, Note) else post_body(row, wanted, reader)
            for row in shown
        ],
        "meta": meta,
    }
    return answer({**body, **({"includes": {"users": people}} if people else {})})


BOUNDS = (("since_id", 0), ("until_id", 2**63))


def named(person: Person) -> list[Note | Entry]:
    others = living().exclude(person=person).filter(text__icontains=f"@{person.handle}")
    return sorted([*notes().filter(person=person), *others], key=lambda row: int(row.remote_id), reverse=True)


def author_of(row: Note | Entry) -> Person:
    return row.author if isinstance(row, Note) else row.person


# --- hiding and liking ---


@metered("PUT /2/tweets/{id}/hidden", 50, "tweet.read", "users.read", "tweet.moderate.write")
def hide(request: HttpRequest, grant: Grant, remote_id: str) -> HttpResponse:
    """An answer in a conversation that one began oneself."""
    wanted, person = wire.payload(request), person_of(grant)
    HIDDEN(wanted, "")
    note = notes().filter(remote_id=remote_id).first()
    begun = standing(conversation_of(note)) if note and note.kind == "comment" else None
    if note is None or begun is None or begun.person != person:
        raise forbidden("You are not allowed to hide this reply.")
    note.is_hidden = wanted["hidden"]
    note.save(update_fields=["is_hidden"])
    return JsonResponse({"data": {"hidden": note.is_hidden}})


@metered("POST /2/users/{id}/likes", 50, "tweet.read", "users.read", "like.write")
def like(request: HttpRequest, grant: Grant, user_id: str) -> HttpResponse:
    wanted = wire.payload(request)
    LIKE(wanted, "")
    return liked(grant, user_id, wanted["tweet_id"], is_liked=True)


@metered("DELETE /2/users/{id}/likes/{tweet_id}", 50, "tweet.read", "users.read", "like.write")
def unlike(_request: HttpRequest, grant: Grant, user_id: str, remote_id: str) -> HttpResponse:
    return liked(grant, user_id, remote_id, is_liked=False)


def liked(grant: Grant, user_id: str, remote_id: str, *, is_liked: bool) -> HttpResponse:
    """Self-serve apps may not since April 2026."""
    person = person_of(grant)
    if user_id != person.remote_id:
        raise invalid("id", user_id, f"The `id` query parameter value [{user_id}] must be the user's own")
    if not has_all_access(person):
        raise forbidden(NOT_PERMITTED)
    if known_post(remote_id) is None:
        raise wire.Refusal(404, {**not_found("tweet", "tweet_id", remote_id), "status": 404})
    row = notes().filter(remote_id=remote_id).first() or standing(remote_id)
    if row is not None:
        others = [other for other in row.body.get("likers", []) if other != user_id]
        row.body["likers"] = [*others, *([user_id] if is_liked else [])]
        if isinstance(row, Note):
            row.likes = len(row.body["likers"])
        row.save()
    return JsonResponse({"data": {"liked": is_liked}})


# --- what arrives ---


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """Somebody answers a post (the newest, if none is named), names a person, or writes to them."""
    on = (entry or living().filter(person=person).first()) if kind == "comment" else None
    return Note.objects.create(
        network=NETWORK, person=person, author=author, kind=kind, remote_id=new_id(), text=text, entry=on
    )


def webhook(note: Note, secret: str) -> tuple[dict[str, str], bytes]:
    """What the Activity API posts about a note, signed with the app's consumer secret."""
    kinds = {"comment": "post.reply.create", "mention": "post.mention.create", "direct": "dm.received"}
    about: dict[str, Any] = {
        "payload": event_of_old(note)
        if note.kind == "direct"
        else note_body(note, Asked({"tweet.fields": TOLD}, False)),
        "includes": {"users": [user_of(note.author)], "tweets": []},
    }
    told = {
        "event_uuid": str(uuid.uuid4()),
        "event_type": kinds[note.kind],
        "tag": "inbox",
        "filter": {"user_id": note.person.remote_id},
        **about,
    }
    body = json.dumps({"data": told}, separators=(",", ":")).encode()
    return {"Content-Type": "application/json", **signature(body, secret)}, body


def user_of(person: Person) -> dict[str, str]:
    return {"id": person.remote_id, "username": person.handle, "name": person.name}


def signature(body: bytes, secret: str) -> dict[str, str]:
    digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {"x-twitter-webhooks-signature": f"sha256={digest}"}
