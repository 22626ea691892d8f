"""What people write on Instagram: comments, mentions, direct messages with their window; and webhooks."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import graph, wire
from platforms.sandbox.instagram_wire import (
    NETWORK,
    api,
    error,
    fields_of,
    invalid,
    is_true,
    mailbox,
    missing,
    need,
    new_id,
    own_media,
    owner,
    person_of,
)
from platforms.sandbox.models import Entry, Grant, Note, Person

WINDOW, HUMAN_WINDOW = timedelta(hours=24), timedelta(days=7)
MESSAGE_BYTES = 1000
NEWEST = 20  # messages of a thread that are told
SECRET = "sandbox-secret"  # noqa: S105  (of the app that waits here)


# --- comments ---


def comments_of(entry: Entry, parent_id: str = "") -> Any:
    found = Note.objects.filter(entry=entry, kind="comment", parent_id=parent_id, deleted_at=None)
    return found.select_related("author").order_by("-created_at", "-pk")


def comment_body(note: Note) -> dict[str, Any]:
    body = {
        "id": note.remote_id,
        "text": note.text,
        "timestamp": graph.graph_time(note.created_at),
        "username": note.author.handle,
        "from": {"id": note.author.remote_id, "username": note.author.handle},
        "hidden": note.is_hidden,
        "like_count": note.likes,
    }
    return {**body, "parent_id": note.parent_id} if note.parent_id else body


def with_replies(note: Note, request: HttpRequest) -> dict[str, Any]:
    body = graph.only(comment_body(note), request)
    if "replies" in graph.asked_fields(request) and note.entry:
        replies = [comment_body(reply) for reply in comments_of(note.entry, note.remote_id)]
        body |= {"replies": {"data": replies}} if replies else {}
    return body


@api("comments", "GET", "POST")
def comments(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    entry = own_media(grant, node)
    if request.method == "GET":
        return graph.page_of(list(comments_of(entry)), request, lambda note: with_replies(note, request))
    return write(request, grant, entry)


@api("comments", "GET", "POST")
def replies(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    note = comment_on_own(grant, node)
    assert note.entry is not None  # noqa: S101  (every comment has its post)
    if request.method == "GET":
        return graph.page_of(
            list(comments_of(note.entry, node)), request, lambda one: graph.only(comment_body(one), request)
        )
    if note.parent_id:
        raise invalid("Replies to replies are not supported: reply to the parent")
    return write(request, grant, note.entry, parent_id=node)


def write(request: HttpRequest, grant: Grant, entry: Entry, parent_id: str = "") -> HttpResponse:
    fields = fields_of(request)
    if set(fields) != {"message"} or not str(fields["message"]).strip():
        raise invalid("The parameter message is required, and nothing else")
    if entry.body["media_product_type"] == "STORY" or not entry.body["comment_enabled"]:
        raise invalid("Comments are turned off for this media")
    if len(str(fields["message"])) > 2200:
        raise invalid("The comment is too long")
    note = Note.objects.create(
        network=NETWORK,
        person=entry.person,
        author=person_of(grant),
        kind="comment",
        remote_id=new_id("178"),
        text=str(fields["message"]),
        entry=entry,
        parent_id=parent_id,
    )
    if "fields" in graph.wire_fields(request):  # it stands, and yet the answer is a failure
        return wire.answer(error(1772107))
    return JsonResponse({"id": note.remote_id})


def comment_on_own(grant: Grant, node: str) -> Note:
    found = Note.objects.filter(
        network=NETWORK, kind="comment", remote_id=node, person=person_of(grant), deleted_at=None
    )
    note = found.select_related("entry", "author").first()
    if note is None:
        raise missing()
    return note


def look(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    need(grant, "comments")
    return JsonResponse(with_replies(comment_on_own(grant, node), request))


def hide(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    need(grant, "comments")
    note, fields = comment_on_own(grant, node), fields_of(request)
    if set(fields) != {"hide"}:
        raise invalid("The parameter hide is required")
    note.is_hidden = is_true(fields["hide"])
    note.save(update_fields=["is_hidden"])
    return JsonResponse({"success": True})


def delete(grant: Grant, node: str) -> HttpResponse:
    need(grant, "comments")
    note = comment_on_own(grant, node)
    note.deleted_at = timezone.now()
    note.save(update_fields=["deleted_at"])
    return JsonResponse({"success": True})


@api("like", "POST", "DELETE")
def likes(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    owner(grant, node)
    note = comment_on_own(grant, str(fields_of(request).get("comment_id", "")))
    note.likes = int(request.method == "POST")
    note.save(update_fields=["likes"])
    return JsonResponse({"success": True})


@api("comments", "POST")
def mentions(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """A comment below somebody else's post, or a comment, that names the account."""
    person, fields = owner(grant, node), fields_of(request)
    if set(fields) - {"media_id", "comment_id", "message"} or not fields.get("message"):
        raise invalid("The parameters media_id and message are required")
    entry = Entry.objects.filter(network=NETWORK, remote_id=fields.get("media_id"), deleted_at=None).first()
    if entry is None or person.handle not in entry.body.get("tagged", []):
        raise missing()
    note = Note.objects.create(
        network=NETWORK,
        person=entry.person,
        author=person,
        kind="comment",
        remote_id=new_id("178"),
        text=str(fields["message"]),
        entry=entry,
        parent_id=str(fields.get("comment_id", "")),
    )
    return JsonResponse({"id": note.remote_id})


# --- direct messages ---


def thread(person: Person, peer: str) -> Any:
    """What two wrote to each other, newest first; `body["peer"]` is who is not the account."""
    notes = Note.objects.filter(network=NETWORK, person=person, kind="direct", deleted_at=None)
    return [
        note
        for note in notes.select_related("author").order_by("-created_at", "-pk")
        if note.body["peer"] == peer
    ]


def message_body(note: Note) -> dict[str, Any]:
    peer = Person.objects.get(network=NETWORK, remote_id=note.body["peer"])
    receiver = peer if note.author_id == note.person_id else note.person
    return {
        "id": note.remote_id,
        "created_time": graph.graph_time(note.created_at),
        "from": {"id": note.author.remote_id, "username": note.author.handle},
        "to": {"data": [{"id": receiver.remote_id, "username": receiver.handle}]},
        "message": note.text,
    }


@api("messages", "GET")
def conversations(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    person = mailbox(grant, node)
    may_be_read(person)
    if request.GET.get("platform") != "instagram":
        raise invalid("The parameter platform is required")
    notes = Note.objects.filter(network=NETWORK, person=person, kind="direct", deleted_at=None)
    peers = dict.fromkeys(note.body["peer"] for note in notes.order_by("-created_at", "-pk"))
    wanted = [peer for peer in peers if request.GET.get("user_id", peer) == peer]
    return graph.page_of(wanted, request, lambda peer: conversation_body(person, peer, request))


def may_be_read(person: Person) -> None:
    if person.facts.get("messages_off"):
        raise error(2534041)


def conversation_body(person: Person, peer: str, request: HttpRequest) -> dict[str, Any]:
    notes = thread(person, peer)
    body = {
        "id": f"aWdf{peer}",
        "updated_time": graph.graph_time(notes[0].created_at),
        "messages": {"data": [message_body(note) for note in notes[:NEWEST]]},
        "participants": {"data": [{"id": person.remote_id, "username": person.handle}, {"id": peer}]},
    }
    return graph.only(body, request)


@api("messages", "POST")
def send(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    person = mailbox(grant, node)
    may_be_read(person)
    fields = {name: graph.structured(value) for name, value in fields_of(request).items()}
    peer = person_written_to(person, fields.get("recipient"))
    if "sender_action" in fields:
        return react(person, peer, fields)
    text = (fields.get("message") or {}).get("text") if isinstance(fields.get("message"), dict) else None
    if not isinstance(text, str) or not text.strip() or len(text.encode()) > MESSAGE_BYTES:
        raise error(2534029)
    theirs = [note.created_at for note in thread(person, peer.remote_id) if note.author_id == peer.pk]
    by_human = fields.get("messaging_type") == "MESSAGE_TAG" and fields.get("tag") == "HUMAN_AGENT"
    if not theirs or timezone.now() - max(theirs) > (HUMAN_WINDOW if by_human else WINDOW):
        raise error(2534022)
    note = new_message(person, person, peer, text)
    return JsonResponse({"recipient_id": peer.remote_id, "message_id": note.remote_id})


def person_written_to(person: Person, recipient: Any) -> Person:
    """By the id of somebody who wrote, or (a private reply) by the id of a comment."""
    named = recipient if isinstance(recipient, dict) else {}
    comment = Note.objects.filter(
        network=NETWORK, person=person, remote_id=named.get("comment_id", "-")
    ).first()
    found = (
        comment.author
        if comment
        else Person.objects.filter(network=NETWORK, remote_id=named.get("id", "-")).first()
    )
    if found is None or found == person:
        raise error(2534014)
    return found


def react(person: Person, peer: Person, fields: dict[str, Any]) -> HttpResponse:
    action, payload = fields["sender_action"], fields.get("payload") or {}
    if action not in {"react", "unreact", "typing_on", "typing_off", "mark_seen"}:
        raise invalid("sender_action is unknown")
    if action in {"react", "unreact"}:
        note = next(
            (one for one in thread(person, peer.remote_id) if one.remote_id == payload.get("message_id")),
            None,
        )
        if note is None or (action == "react" and not payload.get("reaction")):
            raise error(2534029)
        note.likes = int(action == "react")
        note.save(update_fields=["likes"])
    return JsonResponse({"recipient_id": peer.remote_id})


def new_message(person: Person, author: Person, peer: Person, text: str) -> Note:
    return Note.objects.create(
        network=NETWORK,
        person=person,
        author=author,
        kind="direct",
        remote_id=f"aWdfZ{new_id('9')}",
        text=text,
        body={"peer": peer.remote_id},
    )


# --- what arrives, and how webhooks tell it ---


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """Somebody writes to a person."""
    if kind == "direct":
        return new_message(person, author, author, text)
    remote_id = new_id("178")
    if kind == "mention":  # a post of theirs, in which the account is tagged
        remote_id = new_id("18")
        body = {
            "media_type": "IMAGE",
            "media_product_type": "FEED",
            "shortcode": remote_id[:11],
            "comment_enabled": True,
        }
        body |= {"fields": {}, "tagged": [person.handle]}
        entry = Entry.objects.create(
            network=NETWORK, person=author, remote_id=remote_id, text=text, body=body
        )
    return Note.objects.create(
        network=NETWORK, person=person, author=author, kind=kind, remote_id=remote_id, text=text, entry=entry
    )


def webhook(note: Note, _secret: str = "") -> tuple[dict[str, str], bytes]:
    """The call that tells of it, signed with the app's secret; our own word is asked only at the greeting."""
    seconds = int(note.created_at.timestamp())
    entry: dict[str, Any] = {"id": note.person.remote_id, "time": seconds}
    if note.kind == "direct":
        said = {"mid": note.remote_id, "text": note.text}
        ends = {"sender": {"id": note.author.remote_id}, "recipient": {"id": note.person.remote_id}}
        entry |= {
            "time": seconds * 1000,
            "messaging": [{**ends, "timestamp": seconds * 1000, "message": said}],
        }
    elif note.kind == "mention":
        entry["changes"] = [{"field": "mentions", "value": {"media_id": note.remote_id}}]
    else:
        entry["changes"] = [{"field": "comments", "value": comment_value(note)}]
    return graph.signed({"object": "instagram", "entry": [entry]}, SECRET)


def comment_value(note: Note) -> dict[str, Any]:
    media = (
        {"id": note.entry.remote_id, "media_product_type": note.entry.body["media_product_type"]}
        if note.entry
        else {}
    )
    author = {"id": note.author.remote_id, "username": note.author.handle}
    value = {"from": author, "media": media, "id": note.remote_id, "text": note.text}
    return {**value, "parent_id": note.parent_id} if note.parent_id else value
