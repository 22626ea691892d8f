"""The twin's direct messages (chat.bsky), reached through a person's server and only with its leave."""

import hashlib
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse

from platforms.sandbox.bluesky_sessions import CHAT, authorised, may_chat
from platforms.sandbox.bluesky_view import author
from platforms.sandbox.bluesky_wire import (
    LETTERS,
    NETWORK,
    invalid,
    json_input,
    new_tid,
    parameter,
    refuse,
    stamp,
)
from platforms.sandbox.models import Note, Person
from platforms.text import graphemes

VIEW = "chat.bsky.convo.defs#messageView"


def speaking(request: HttpRequest, method: str) -> Person:
    """Whose messages these are; the chat wants the right service named and a token that may."""
    if request.headers.get("atproto-proxy") != CHAT:
        raise refuse(501, "MethodNotImplemented", "Method Not Implemented")
    grant = authorised(request)
    may_chat(grant, f"chat.bsky.convo.{method}")
    assert grant.person is not None  # noqa: S101  (a living grant has one)
    return grant.person


# --- conversations: between two people each, named by them ---


def convo_id(one: Person, other: Person) -> str:
    digest = hashlib.sha256(" ".join(sorted((one.remote_id, other.remote_id))).encode()).digest()
    return "3" + "".join(LETTERS[byte % 32] for byte in digest[:12])


def others(person: Person) -> list[Person]:
    return list(Person.objects.filter(network=NETWORK).exclude(pk=person.pk).order_by("pk"))


def between(one: Person, other: Person) -> list[Note]:
    """What two people wrote to each other, newest first."""
    notes = Note.objects.select_related("author").filter(network=NETWORK, kind="direct", deleted_at=None)
    both = notes.filter(Q(person=one, author=other) | Q(person=other, author=one))
    return sorted(both, key=lambda note: str(note.body["rev"]), reverse=True)


def partner(person: Person, convo: str) -> Person:
    for other in others(person):
        if convo_id(person, other) == convo:
            return other
    raise invalid("Convo not found")


def convo_view(request: HttpRequest, person: Person, other: Person) -> dict[str, Any]:
    messages = between(person, other)
    convo = convo_id(person, other)
    has_answered = any(note.author == person for note in messages)
    is_accepted = has_answered or convo in person.facts.get("accepted", [])
    return {
        "id": convo,
        "rev": messages[0].body["rev"] if messages else "",
        "members": [author(request, person), author(request, other)],
        "muted": False,
        "status": "accepted" if is_accepted else "request",
        "unreadCount": sum(note.author == other for note in messages),
        **({"lastMessage": message_view(messages[0])} if messages else {}),
    }


def message_view(note: Note) -> dict[str, Any]:
    return {
        "$type": VIEW,
        "id": note.remote_id,
        "sender": {"did": note.author.remote_id},
        "sentAt": stamp(note.created_at),
        **note.body,
    }


# --- methods ---


def list_convos(request: HttpRequest) -> HttpResponse:
    person = speaking(request, "listConvos")
    convos = [convo_view(request, person, other) for other in others(person) if between(person, other)]
    if status := parameter(request, "status", ""):
        convos = [convo for convo in convos if convo["status"] == status]
    convos.sort(key=lambda convo: str(convo["rev"]), reverse=True)
    return JsonResponse({"convos": convos})


def get_convo(request: HttpRequest) -> HttpResponse:
    person = speaking(request, "getConvo")
    other = partner(person, parameter(request, "convoId"))
    return JsonResponse({"convo": convo_view(request, person, other)})


def get_convo_for_members(request: HttpRequest) -> HttpResponse:
    person = speaking(request, "getConvoForMembers")
    wanted = [other for other in others(person) if other.remote_id in request.GET.getlist("members")]
    if len(wanted) != 1:
        raise refuse(400, "RecipientNotFound", "Recipient not found")
    return JsonResponse({"convo": convo_view(request, person, wanted[0])})


def get_messages(request: HttpRequest) -> HttpResponse:
    person = speaking(request, "getMessages")
    found = between(person, partner(person, parameter(request, "convoId")))
    start, limit = int(parameter(request, "cursor", "0")), int(parameter(request, "limit", "50"))
    more = {"cursor": str(start + limit)} if len(found) > start + limit else {}
    return JsonResponse({"messages": [message_view(n) for n in found[start : start + limit]], **more})


def send_message(request: HttpRequest) -> HttpResponse:
    person = speaking(request, "sendMessage")
    body = json_input(request, {"convoId": str, "message": dict}, {})
    other, said = partner(person, body["convoId"]), body["message"]
    text = said.get("text")
    if not isinstance(text, str) or set(said) - {"$type", "text", "facets", "embed", "replyTo"}:
        raise invalid("Invalid message at $.message")
    if graphemes(text) > 1000 or len(text.encode()) > 10_000:
        raise invalid(f"grapheme too big (maximum 1000, got {graphemes(text)}) at $.message.text")
    return JsonResponse(message_view(write(other, person, text, said.get("facets"))))


def write(person: Person, author: Person, text: str, facets: Any = None) -> Note:
    """One message from an author to a person."""
    key = new_tid()
    marked = {"facets": facets} if facets else {}
    return Note.objects.create(
        network=NETWORK,
        person=person,
        author=author,
        kind="direct",
        remote_id=key,
        text=text,
        body={"rev": key, "text": text, **marked},
    )


def accept_convo(request: HttpRequest) -> HttpResponse:
    person = speaking(request, "acceptConvo")
    convo = json_input(request, {"convoId": str}, {})["convoId"]
    partner(person, convo)
    accepted = person.facts.get("accepted", [])
    if convo in accepted:
        return JsonResponse({})
    person.facts = {**person.facts, "accepted": [*accepted, convo]}
    person.save(update_fields=["facts"])
    return JsonResponse({"rev": new_tid()})
