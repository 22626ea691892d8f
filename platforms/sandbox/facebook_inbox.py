"""What people write to a Page, from the other side: comments, tags, recommendations, Messenger, webhooks."""

import secrets
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import graph
from platforms.sandbox.facebook_posts import address, permalink, since, text_of
from platforms.sandbox.facebook_wire import (
    NETWORK,
    acting_page,
    as_page,
    author_body,
    entry_of,
    fields_of,
    is_true,
    missing,
    new_id,
    note_of,
    upload_of,
)
from platforms.sandbox.models import Entry, Grant, Note, Person

WINDOW = timedelta(hours=24)
SUBSCRIBABLE = {
    "feed", "mention", "messages", "message_echoes", "message_reads", "messaging_postbacks", "ratings",
}  # fmt: skip


def psid(person: Person) -> str:
    """A person's id towards one Page's Messenger: another than their own."""
    return f"24{person.remote_id}"


def notes_of(page: Person, kind: str) -> QuerySet[Note]:
    notes = Note.objects.filter(network=NETWORK, person=page, kind=kind, deleted_at=None)
    return notes.select_related("author", "person", "entry").order_by("-created_at", "-pk")


def write(
    page: Person,
    author: Person,
    kind: str,
    text: str,
    entry: Entry | None = None,
    *,
    parent_id: str = "",
    facts: dict[str, Any] | None = None,
) -> Note:
    """Somebody writes. A comment's id begins with its post's."""
    place = entry.remote_id.partition("_")[2] if entry else author.remote_id
    return Note.objects.create(
        network=NETWORK,
        person=page,
        author=author,
        kind=kind,
        remote_id=f"m_{secrets.token_urlsafe(24)}" if kind == "direct" else f"{place}_{new_id()}",
        text=text,
        entry=entry,
        parent_id=parent_id,
        body=facts or {},
    )


# --- comments ---


@graph.granted(NETWORK, "pages_read_engagement")
def comments(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    page = acting_page(grant)
    entry, below = target(page, node)
    rows = notes_of(page, "comment").filter(entry=entry) if entry else notes_of(page, "comment")
    if below or not entry:
        rows = rows.filter(parent_id=below)
    elif request.GET.get("filter", "toplevel") == "toplevel":
        rows = rows.filter(parent_id="")
    found = since(request, list(rows))
    if request.GET.get("order", "chronological") != "reverse_chronological":
        found.reverse()
    return graph.page_of(found, request, lambda note: graph.only(comment_body(request, grant, note), request))


def target(page: Person, node: str) -> tuple[Entry | None, str]:
    """The post under which is written, and the comment (or review, or tag) that it hangs on."""
    upload = upload_of(page, node)
    entry = entry_of(page, node)
    if entry or upload:
        if entry is None:
            raise missing()
        return entry, ""
    note = note_of(page, node)
    if note is None:
        raise missing()
    return note.entry, note.remote_id


def comment_body(request: HttpRequest, grant: Grant, note: Note) -> dict[str, Any]:
    is_own = note.author_id == note.person_id
    reads = "pages_read_user_content" in grant.scopes
    return {
        "id": note.remote_id,
        "message": note.text,
        "created_time": graph.graph_time(note.created_at),
        "permalink_url": comment_address(request, note),
        "like_count": note.likes,
        "comment_count": Note.objects.filter(network=NETWORK, parent_id=note.remote_id).count(),
        "user_likes": bool(note.body.get("is_liked")),
        "is_hidden": note.is_hidden,
        "is_private": False,
        "can_hide": not is_own,
        "can_like": True,
        "can_remove": True,
        "can_comment": True,
        **({"from": author_body(request, note.author)} if reads or is_own else {}),
        **({"parent": {"id": note.parent_id}} if note.parent_id else {}),
        **(
            {"attachment": {"media": {"image": {"src": note.body["picture"]}}}}
            if "picture" in note.body
            else {}
        ),
    }


def comment_address(request: HttpRequest, note: Note) -> str:
    if note.entry is None:
        return address(request, note.person.remote_id)
    return f"{permalink(request, note.entry)}?comment_id={note.remote_id.partition('_')[2]}"


@graph.granted(NETWORK, "pages_manage_engagement")
def comment(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    if "under" not in grant.facts:
        raise graph.error(1705, "(#1705) There was an error posting to this wall")
    page = acting_page(grant)
    wanted = fields_of(request, "message", "attachment_url")
    entry, below = target(page, node)
    text, picture = text_of(wanted, "message", 8000).strip(), str(wanted.get("attachment_url", ""))
    if not text and not picture:
        raise graph.error(100, "(#100) A comment needs a message or an attachment")
    parent = note_of(page, below) if below else None
    if parent and parent.kind == "comment" and parent.parent_id:
        raise graph.error(100, "(#100) There are two levels of comments; reply to the first")
    if entry and entry.body["kind"] == "story":
        raise graph.error(200, "(#200) Stories take no comments")
    facts = {"picture": picture} if picture else {}
    note = write(page, page, "comment", text, entry, parent_id=below, facts=facts)
    return JsonResponse({"id": note.remote_id})


def likes(is_liked: bool) -> Any:
    @graph.granted(NETWORK, "pages_manage_engagement")
    def serve(_request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
        page = acting_page(grant)
        note = note_of(page, node)
        if note is None and entry_of(page, node) is None:
            raise missing()
        if note and bool(note.body.get("is_liked")) is not is_liked:
            note.likes += 1 if is_liked else -1
            note.body["is_liked"] = is_liked
            note.save()
        return JsonResponse({"success": True})

    return serve


def change_comment(note: Note, wanted: dict[str, Any]) -> HttpResponse:
    """Hide what others wrote, change what the Page wrote."""
    is_own = note.author_id == note.person_id
    if note.kind != "comment" or (is_own and "is_hidden" in wanted) or (not is_own and "message" in wanted):
        raise graph.error(200, "(#200) The comment may not be changed so")
    note.is_hidden = is_true(wanted.get("is_hidden"), default=note.is_hidden)
    note.text = text_of(wanted, "message", 8000) if "message" in wanted else note.text
    note.save()
    return JsonResponse({"success": True})


def remove_comment(note: Note) -> HttpResponse:
    if note.kind != "comment":
        raise graph.error(200, "(#200) Only comments can be removed")
    note.deleted_at = timezone.now()
    note.save()
    return JsonResponse({"success": True})


# --- tags and recommendations ---


@as_page("pages_read_user_content")
def tagged(request: HttpRequest, page: Person) -> HttpResponse:
    def show(note: Note) -> dict[str, Any]:
        body = {
            "id": note.remote_id,
            "message": note.text,
            "created_time": graph.graph_time(note.created_at),
            "permalink_url": address(request, note.author.remote_id),
            "from": author_body(request, note.author),
        }
        return graph.only(body, request)

    return graph.page_of(since(request, list(notes_of(page, "mention"))), request, show)


@as_page("pages_read_user_content")
def ratings(request: HttpRequest, page: Person) -> HttpResponse:
    def show(note: Note) -> dict[str, Any]:
        body = {
            "created_time": graph.graph_time(note.created_at),
            "recommendation_type": note.body["recommendation_type"],
            "review_text": note.text,
            "has_rating": False,
            "has_review": True,
            "reviewer": {"id": note.author.remote_id, "name": note.author.name},
            "open_graph_story": {"id": note.remote_id},
        }
        return {name: value for name, value in body.items() if name in graph.asked_fields(request)}

    return graph.page_of(list(notes_of(page, "review")), request, show)


# --- Messenger ---


@as_page("pages_messaging")
def conversations(request: HttpRequest, page: Person) -> HttpResponse:
    """One for each person, the latest first; of each only the 20 newest messages."""
    threads: dict[str, list[Note]] = {}
    for note in notes_of(page, "direct"):
        threads.setdefault(note.body["with"], []).append(note)
    if "user_id" in request.GET:
        threads = {key: notes for key, notes in threads.items() if key == request.GET["user_id"]}

    def show(row: tuple[str, list[Note]]) -> dict[str, Any]:
        person_id, notes = row
        other = Person.objects.get(network=NETWORK, remote_id=person_id.removeprefix("24"))
        members = [mail(person_id, other.name), mail(page.remote_id, page.name)]
        body = {
            "id": f"t_{person_id}",
            "updated_time": graph.graph_time(notes[0].created_at),
            "message_count": len(notes),
            "snippet": notes[0].text[:80],
            "can_reply": is_open(page, person_id),
            "participants": {"data": members},
            "messages": {"data": [message_body(note, page) for note in notes[:20]]},
        }
        return graph.only(body, request)

    return graph.page_of(list(threads.items()), request, show)


def mail(person_id: str, name: str) -> dict[str, str]:
    return {"name": name, "email": f"{person_id}@facebook.com", "id": person_id}


def message_body(note: Note, page: Person) -> dict[str, Any]:
    is_own = note.author_id == page.pk
    writer = mail(page.remote_id, page.name) if is_own else mail(note.body["with"], note.author.name)
    time = graph.graph_time(note.created_at)
    return {"id": note.remote_id, "message": note.text, "from": writer, "created_time": time}


def is_open(page: Person, person_id: str) -> bool:
    heard = notes_of(page, "direct").filter(body__with=person_id).exclude(author=page).first()
    return heard is not None and timezone.now() - heard.created_at < WINDOW


@as_page("pages_messaging")
def send(request: HttpRequest, page: Person) -> HttpResponse:
    wanted = fields_of(request, "recipient", "messaging_type", "message", "tag")
    person_id = str((wanted.get("recipient") or {}).get("id", ""))
    message = graph.structured(wanted.get("message"))
    text = message.get("text") if isinstance(message, dict) else None
    if wanted.get("messaging_type") not in {"RESPONSE", "UPDATE"}:
        raise graph.error(100, "(#100) Param messaging_type must be one of {RESPONSE, UPDATE}")
    if not isinstance(text, str) or not 0 < len(text) <= 2000:
        raise graph.error(100, "(#100) Length of param message[text] must be less than or equal to 2000")
    if not notes_of(page, "direct").filter(body__with=person_id).exists():
        raise graph.error(100, "(#100) No matching user found", 2018001)
    if not is_open(page, person_id):
        said = "(#10) This message is sent outside of allowed window."
        raise graph.error(10, said, 2018278, status=403)
    note = write(page, page, "direct", text, facts={"with": person_id})
    return JsonResponse({"recipient_id": person_id, "message_id": note.remote_id})


# --- webhooks ---


@as_page("pages_manage_metadata")
def subscriptions(_request: HttpRequest, page: Person) -> HttpResponse:
    wanted = page.facts.get("subscribed")
    row = {"id": "sandbox", "name": "SNS Auto", "category": "Business", "subscribed_fields": wanted}
    return JsonResponse({"data": [row] if wanted else []})


@as_page("pages_manage_metadata")
def subscribe(request: HttpRequest, page: Person) -> HttpResponse:
    wanted = fields_of(request, "subscribed_fields").get("subscribed_fields", "")
    names = wanted if isinstance(wanted, list) else [name for name in str(wanted).split(",") if name]
    if not names or not set(names) <= SUBSCRIBABLE:
        raise graph.error(100, "(#100) Param subscribed_fields must be one of the fields of a Page")
    page.facts["subscribed"] = names
    page.save()
    return JsonResponse({"success": True})


@as_page("pages_manage_metadata")
def unsubscribe(_request: HttpRequest, page: Person) -> HttpResponse:
    page.facts.pop("subscribed", None)
    page.save()
    return JsonResponse({"success": True})


def delivery(note: Note) -> dict[str, Any]:
    """What Facebook's webhook tells of something that was written."""
    page_id, seconds = note.person.remote_id, int(note.created_at.timestamp())
    entry: dict[str, Any] = {"id": page_id, "time": seconds}
    if note.kind == "direct":
        is_own = note.author_id == note.person_id
        sender, recipient = (page_id, note.body["with"]) if is_own else (note.body["with"], page_id)
        message = {"mid": note.remote_id, "text": note.text, **({"is_echo": True} if is_own else {})}
        told = {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": seconds * 1000}
        entry |= {"time": seconds * 1000, "messaging": [{**told, "message": message}]}
    else:
        entry["changes"] = [change_of(note, seconds)]
    return {"object": "page", "entry": [entry]}


def change_of(note: Note, seconds: int) -> dict[str, Any]:
    verb = "remove" if note.deleted_at else "add"
    common = {"verb": verb, "created_time": seconds}
    if note.kind == "review":
        told = {
            "item": "rating",
            "reviewer_id": note.author.remote_id,
            "reviewer_name": note.author.name,
            "review_text": note.text,
            "recommendation_type": note.body["recommendation_type"].upper(),
            "open_graph_story_id": note.remote_id,
        }
        return {"field": "ratings", "value": {**told, **common}}
    if note.kind == "mention":
        sender = {"sender_id": note.author.remote_id, "sender_name": note.author.name}
        told = {"item": "post", "post_id": note.remote_id, "message": note.text, **sender}
        return {"field": "mention", "value": {**told, **common}}
    post_id = note.entry.remote_id if note.entry else ""
    told = {
        "item": "comment",
        "from": {"id": note.author.remote_id, "name": note.author.name},
        "comment_id": note.remote_id,
        "post_id": post_id,
        "parent_id": note.parent_id or post_id,
        "message": note.text,
        "is_hidden": note.is_hidden,
    }
    return {"field": "feed", "value": {**told, **common}}
