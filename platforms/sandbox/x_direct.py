"""X's direct messages from the other side (the legacy ones, not the encrypted chat)."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import wire
from platforms.sandbox.models import Grant, Note, Person
from platforms.sandbox.x_sayings import DIRECT_REFUSED, MEDIA_INVALID
from platforms.sandbox.x_schema import STRING, identifier, many, shape
from platforms.sandbox.x_text import wrapped
from platforms.sandbox.x_timeline import page_start, page_token, whole
from platforms.sandbox.x_users import user_body
from platforms.sandbox.x_wire import (
    LISTS,
    NETWORK,
    Asked,
    forbidden,
    invalid,
    metered,
    new_id,
    not_found,
    person_of,
    words,
)

READ = ("dm.read", "tweet.read", "users.read")
WRITE = ("dm.write", "tweet.read", "users.read")
REACHES = timedelta(days=30)
LONGEST = 10_000
MESSAGE = shape((), text=STRING, attachments=many(shape(("media_id",), media_id=identifier), 1, 1))
KNOWN = {
    "dm_event.fields": {
        "attachments", "created_at", "dm_conversation_id", "entities", "event_type", "id", "participant_ids",
        "referenced_tweets", "sender_id", "text",
    },
    "event_types": {"MessageCreate", "ParticipantsJoin", "ParticipantsLeave"},
    "expansions": {"attachments.media_keys", "participant_ids", "referenced_tweets.id", "sender_id"},
    "user.fields": LISTS["user.fields"],
    "media.fields": LISTS["media.fields"],
    "tweet.fields": LISTS["tweet.fields"],
}  # fmt: skip
ALWAYS = {"id", "event_type", "text"}


def events_of(person: Person) -> QuerySet[Note]:
    """What a person sent and received and did not delete, newest first."""
    mine = Note.objects.filter(Q(person=person) | Q(author=person), network=NETWORK, kind="direct")
    recent = mine.filter(created_at__gt=timezone.now() - REACHES).select_related("person", "author")
    return recent.exclude(body__has_key=f"gone_for_{person.pk}").order_by("-remote_id")


def conversation_of(note: Note) -> str:
    return conversation_between(note.person, note.author)


def conversation_between(one: Person, other: Person) -> str:
    return "-".join(sorted((one.remote_id, other.remote_id), key=int))


def partner(person: Person, conversation: str) -> Person:
    """The other one of a conversation of two; groups are not played."""
    ids = conversation.split("-")
    others = [remote_id for remote_id in ids if remote_id != person.remote_id]
    found = Person.objects.filter(network=NETWORK, remote_id__in=others).first()
    if len(ids) != 2 or found is None or conversation != conversation_between(person, found):
        raise invalid("dm_conversation_id", conversation, f"Invalid conversation id [{conversation}].")
    return found


def participant(person: Person, remote_id: str) -> Person:
    found = Person.objects.filter(network=NETWORK, remote_id=remote_id).exclude(pk=person.pk).first()
    if found is None:
        raise invalid("participant_id", remote_id, f"Invalid participant id [{remote_id}].")
    return found


# --- reading ---


@metered("GET /2/dm_events", 15, *READ)
def all_events(request: HttpRequest, grant: Grant) -> HttpResponse:
    return listed(request, person_of(grant), None)


@metered("GET /2/dm_conversations/with/{id}/dm_events", 15, *READ)
def events_with(request: HttpRequest, grant: Grant, participant_id: str) -> HttpResponse:
    person = person_of(grant)
    return listed(request, person, participant(person, participant_id))


@metered("GET /2/dm_conversations/{id}/dm_events", 15, *READ)
def events_in(request: HttpRequest, grant: Grant, conversation: str) -> HttpResponse:
    person = person_of(grant)
    return listed(request, person, partner(person, conversation))


def listed(request: HttpRequest, person: Person, other: Person | None) -> HttpResponse:
    wanted = asked(request, "max_results", "pagination_token")
    size, first = whole(request, "max_results", 1, 100, 100), page_start(request.GET.get("pagination_token"))
    rows = events_of(person)
    if other:
        rows = rows.filter(Q(person=other) | Q(author=other))
    found = list(rows[first : first + size + 1])
    meta: dict[str, Any] = {"result_count": len(found[:size])}
    if len(found) > size:
        meta["next_token"] = page_token(first + size)
    if not found:
        return JsonResponse({"meta": meta})
    return JsonResponse({**with_people(request, found[:size], wanted), "meta": meta})


@metered("GET /2/dm_events/{id}", 15, *READ)
def one_event(request: HttpRequest, grant: Grant, event_id: str) -> HttpResponse:
    wanted = asked(request)
    note = events_of(person_of(grant)).filter(remote_id=event_id).first()
    if note is None:
        return JsonResponse({"errors": [not_found("dm_event", "event_id", event_id)]})
    body = with_people(request, [note], wanted)
    return JsonResponse({**body, "data": body["data"][0]})


def asked(request: HttpRequest, *own: str) -> dict[str, set[str]]:
    for name, value in request.GET.items():
        if name not in {*KNOWN, *own}:
            names = ",".join(sorted({*KNOWN, *own}))
            raise invalid(name, value, f"The query parameter [{name}] is not one of [{names}]")
    return {name: words(request, name, KNOWN[name]) for name in KNOWN if name in request.GET}


def with_people(request: HttpRequest, notes: list[Note], wanted: dict[str, set[str]]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "data": [event_body(note, wanted.get("dm_event.fields", set())) for note in notes]
    }
    expansions = wanted.get("expansions", set())
    people = {note.author_id: note.author for note in notes} if "sender_id" in expansions else {}
    if "participant_ids" in expansions:
        people |= {note.person_id: note.person for note in notes}
    if people:
        shown = Asked({"user.fields": wanted.get("user.fields", set())}, is_new=False)
        body["includes"] = {"users": [user_body(request, person, shown) for person in people.values()]}
    return body


def event_body(note: Note, fields: set[str]) -> dict[str, Any]:
    written = wrapped(note.text, note.remote_id, note.author, [])
    body: dict[str, Any] = {
        "id": note.remote_id,
        "event_type": "MessageCreate",
        "text": written["text"],
        "entities": written["entities"],
        "created_at": f"{note.created_at:%Y-%m-%dT%H:%M:%S.000Z}",
        "sender_id": note.author.remote_id,
        "dm_conversation_id": conversation_of(note),
    }
    return {name: value for name, value in body.items() if value and name in ALWAYS | fields}


# --- sending and deleting ---


@metered("POST /2/dm_conversations/with/{id}/messages", 15, *WRITE)
def send_to(request: HttpRequest, grant: Grant, participant_id: str) -> HttpResponse:
    person = person_of(grant)
    return sent(request, person, participant(person, participant_id))


@metered("POST /2/dm_conversations/{id}/messages", 15, *WRITE)
def send_in(request: HttpRequest, grant: Grant, conversation: str) -> HttpResponse:
    person = person_of(grant)
    return sent(request, person, partner(person, conversation))


def sent(request: HttpRequest, person: Person, other: Person) -> HttpResponse:
    """People who take no messages have `takes_no_messages`."""
    wanted = wire.payload(request)
    MESSAGE(wanted, "")
    if "attachments" in wanted:  # no medium of the sandbox is for messages
        raise invalid("attachments", "", MEDIA_INVALID)
    text = wanted.get("text", "")
    if not 1 <= len(text.strip()) <= LONGEST:
        raise invalid("text", text[:50], f"$.text: must be 1 to {LONGEST} characters long")
    if other.facts.get("takes_no_messages"):
        raise forbidden(DIRECT_REFUSED)
    note = Note.objects.create(
        network=NETWORK, person=other, author=person, kind="direct", remote_id=new_id(), text=text.strip()
    )
    data = {"dm_conversation_id": conversation_of(note), "dm_event_id": note.remote_id}
    return JsonResponse({"data": data}, status=201)


@metered("DELETE /2/dm_events/{id}", 300, *WRITE)
def delete_event(_request: HttpRequest, grant: Grant, event_id: str) -> HttpResponse:
    """Gone for the one who deletes it, and for nobody else."""
    person = person_of(grant)
    note = events_of(person).filter(remote_id=event_id).first()
    if note is None:
        raise wire.Refusal(404, {**not_found("dm_event", "event_id", event_id), "status": 404})
    note.body[f"gone_for_{person.pk}"] = True
    note.save(update_fields=["body"])
    return JsonResponse({"data": {"deleted": True}})


# --- as webhooks tell it: in the words of API v1.1 ---


def event_of_old(note: Note) -> dict[str, Any]:
    people = {
        person.remote_id: {"id": person.remote_id, "name": person.name, "screen_name": person.handle}
        for person in (note.person, note.author)
    }
    event = {
        "type": "message_create",
        "id": note.remote_id,
        "created_timestamp": str(int(note.created_at.timestamp() * 1000)),
        "message_create": {
            "target": {"recipient_id": note.person.remote_id},
            "sender_id": note.author.remote_id,
            "message_data": {"text": note.text, "entities": {}},
        },
    }
    return {"direct_message_events": [event], "users": people}
