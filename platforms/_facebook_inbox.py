"""What people write to a Page, asked for and told: comments, mentions, recommendations, messages."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from platforms._meta import GraphPlatform, moment
from platforms.content import Author, Event, Message, Published
from platforms.errors import NotFound

WHO = "from{id,name,picture}"
COMMENT = f"id,message,created_time,{WHO},parent{{id}},permalink_url,is_hidden,attachment"
REVIEW = "created_time,recommendation_type,review_text,rating,reviewer{id,name},open_graph_story{id}"
DIRECT = "messages.limit(20){id,message,from,created_time,attachments}"
CONVERSATION = f"id,updated_time,participants,{DIRECT}"
STARS = {"positive": 5, "negative": 1}  # a recommendation says no more than yes or no


# --- asking ---


def comments(page: GraphPlatform, posts: list[Published], since: int) -> Iterator[Message]:
    """What people, and the Page, wrote below posts."""
    params: dict[str, Any] = {"filter": "stream", "order": "reverse_chronological", "limit": 50}
    if since:
        params["since"] = since
    for post in posts:
        try:
            rows = page.pages_of(f"{post.remote_id}/comments", fields=COMMENT, **params)
        except NotFound:  # deleted on Facebook
            continue
        yield from (comment(row, post.remote_id, page.connection.remote_id) for row in rows)


def comment(row: Mapping[str, Any], post_id: str, page_id: str) -> Message:
    """A comment as a list tells it."""
    parent, remote_id = str((row.get("parent") or {}).get("id") or ""), str(row["id"])
    media = ((row.get("attachment") or {}).get("media") or {}).get("image") or {}
    return Message(
        remote_id=remote_id,
        kind="comment",
        text=str(row.get("message") or ""),
        author=author(row.get("from")),
        created_at=moment(row["created_time"]),
        permalink=str(row.get("permalink_url") or ""),
        post_id=post_id,
        parent_id=parent,
        thread_id=parent or remote_id,
        is_ours=_id(row.get("from")) == page_id,
        is_hidden=bool(row.get("is_hidden")),
        attachments=tuple(filter(None, [media.get("src")])),
    )


def mentions(page: GraphPlatform, since: int) -> Iterator[Message]:
    """Posts of others that name the Page."""
    page_id = page.connection.remote_id
    params: dict[str, Any] = {"since": since} if since else {}
    fields = f"id,message,created_time,permalink_url,{WHO}"
    for row in page.pages_of(f"{page_id}/tagged", fields=fields, limit=50, **params):
        yield Message(
            remote_id=str(row["id"]),
            kind="mention",
            text=str(row.get("message") or ""),
            author=author(row.get("from")),
            created_at=moment(row["created_time"]),
            permalink=str(row.get("permalink_url") or ""),
            thread_id=str(row["id"]),
            is_ours=_id(row.get("from")) == page_id,
        )


def reviews(page: GraphPlatform, since: int) -> Iterator[Message]:
    """Recommendations. The list knows no `since`, so it is read from the newest on."""
    for row in page.rows_of(f"{page.connection.remote_id}/ratings", fields=REVIEW, limit=50):
        if moment(row["created_time"]).timestamp() < since:
            return
        yield review(row, row.get("reviewer"), _id(row.get("open_graph_story")))


def review(row: Mapping[str, Any], reviewer: Any, story: str) -> Message:
    """A recommendation; it has no id of its own where Facebook hides its story."""
    written = moment(row["created_time"])
    remote_id = story or f"review-{_id(reviewer)}-{int(written.timestamp())}"
    return Message(
        remote_id=remote_id,
        kind="review",
        text=str(row.get("review_text") or ""),
        author=author(reviewer),
        created_at=written,
        thread_id=remote_id,
        rating=row.get("rating") or STARS.get(str(row.get("recommendation_type")).lower()),
        extra={"story": story},
    )


def directs(page: GraphPlatform, since: int) -> Iterator[Message]:
    """Messenger's conversations, the latest first."""
    page_id = page.connection.remote_id
    path = f"{page_id}/conversations"
    for row in page.rows_of(path, platform="messenger", fields=CONVERSATION, limit=25):
        if moment(row["updated_time"]).timestamp() < since:
            return
        people = [one for one in (row.get("participants") or {}).get("data") or [] if _id(one) != page_id]
        if not people:
            continue
        for told in (row.get("messages") or {}).get("data") or []:
            if moment(told["created_time"]).timestamp() >= since:
                yield direct(told, _id(people[0]), page_id)


def direct(row: Mapping[str, Any], person_id: str, page_id: str) -> Message:
    """A direct message as a conversation tells it."""
    attached = (row.get("attachments") or {}).get("data") or []
    addresses = [(one.get("image_data") or {}).get("url") or one.get("file_url") for one in attached]
    return Message(
        remote_id=str(row["id"]),
        kind="direct",
        text=str(row.get("message") or ""),
        author=author(row.get("from")),
        created_at=moment(row["created_time"]),
        thread_id=person_id,
        is_ours=_id(row.get("from")) == page_id,
        attachments=tuple(filter(None, addresses)),
        extra={"recipient": person_id},
    )


def author(row: Any) -> Author:
    """Who wrote; nobody where Facebook does not say."""
    told = row if isinstance(row, dict) else {}
    picture = ((told.get("picture") or {}).get("data") or {}).get("url") or ""
    return Author(remote_id=_id(row), name=str(told.get("name") or ""), avatar_url=picture)


def _id(row: Any) -> str:
    return str(row.get("id") or "") if isinstance(row, dict) else ""


# --- being told (webhooks) ---


def events(body: bytes) -> list[Event]:
    """Everything that one delivery tells; what cannot be read is left out."""
    try:
        told = json.loads(body)
    except ValueError:
        return []
    entries = told.get("entry") or [] if isinstance(told, dict) and told.get("object") == "page" else []
    return [event for entry in entries for event in _events_of(entry)]


def _events_of(entry: Mapping[str, Any]) -> Iterator[Event]:
    page_id = str(entry.get("id"))
    for change in entry.get("changes") or []:
        teller = {"feed": _feed, "mention": _mention, "ratings": _rating}.get(change.get("field"), _other)
        value = change.get("value") or {}
        with suppress(KeyError, ValueError, TypeError):
            yield teller({"created_time": entry.get("time"), **value}, page_id)
    for messaging in entry.get("messaging") or []:
        with suppress(KeyError, ValueError, TypeError):
            yield _messaging(messaging, page_id)


def _other(value: Mapping[str, Any], page_id: str) -> Event:
    return Event("other", page_id, extra={"item": str(value.get("item") or "")})


def _feed(value: Mapping[str, Any], page_id: str) -> Event:
    post_id, verb = str(value.get("post_id") or ""), value.get("verb")
    if value.get("item") != "comment":
        is_own = _id(value.get("from")) == page_id
        is_post = value.get("item") in {"status", "photo", "video", "share", "post"}
        return (
            Event("post_published", page_id, post_id)
            if is_own and is_post and verb == "add"
            else _other(value, page_id)
        )
    comment_id, parent = str(value.get("comment_id") or ""), str(value.get("parent_id") or "")
    if verb == "remove":
        return Event("message_deleted", page_id, comment_id)
    row = {
        **value,
        "id": comment_id,
        "parent": {"id": parent} if parent not in {"", post_id} else None,
        "is_hidden": value.get("is_hidden") or verb == "hide",
        "permalink_url": "",  # the one that is told is the post's
    }
    return _told(verb, page_id, comment(row, post_id, page_id))


def _told(verb: Any, page_id: str, message: Message) -> Event:
    return Event("message" if verb == "add" else "message_edited", page_id, message.remote_id, message)


def _mention(value: Mapping[str, Any], page_id: str) -> Event:
    remote_id = str(value.get("comment_id") or value.get("post_id") or "")
    if value.get("verb") == "remove":
        return Event("message_deleted", page_id, remote_id)
    message = Message(
        remote_id=remote_id,
        kind="mention",
        text=str(value.get("message") or ""),
        author=Author(str(value.get("sender_id") or ""), name=str(value.get("sender_name") or "")),
        created_at=moment(value["created_time"]),
        thread_id=remote_id,
    )
    return _told(value.get("verb"), page_id, message)


def _rating(value: Mapping[str, Any], page_id: str) -> Event:
    story = str(value.get("open_graph_story_id") or "")
    if value.get("item") != "rating":
        return _other(value, page_id)
    if value.get("verb") == "remove":
        return Event("message_deleted", page_id, story)
    reviewer = {"id": value.get("reviewer_id"), "name": value.get("reviewer_name")}
    return _told(value.get("verb"), page_id, review(value, reviewer, story))


def _messaging(value: Mapping[str, Any], page_id: str) -> Event:
    told = value.get("message")
    if not isinstance(told, dict) or not told.get("mid"):
        return Event("other", page_id)
    sender, recipient = _id(value.get("sender")), _id(value.get("recipient"))
    person_id = recipient if sender == page_id else sender
    if told.get("is_deleted"):
        return Event("message_deleted", page_id, str(told["mid"]))
    addresses = [(one.get("payload") or {}).get("url") for one in told.get("attachments") or []]
    message = Message(
        remote_id=str(told["mid"]),
        kind="direct",
        text=str(told.get("text") or ""),
        author=Author(sender),
        created_at=moment(value["timestamp"]),
        thread_id=person_id,
        is_ours=sender == page_id,
        attachments=tuple(filter(None, addresses)),
        extra={"recipient": person_id},
    )
    return Event("message", page_id, message.remote_id, message)
