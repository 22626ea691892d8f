"""What people write on Threads from the other side: replies, approvals, mentions, and their webhooks."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import graph
from platforms.sandbox.models import Client, Entry, Grant, Note, Person
from platforms.sandbox.threads_posts import listed, note_body, post_body
from platforms.sandbox.threads_wire import (
    NETWORK,
    absent,
    entry_of,
    granted,
    living,
    new_id,
    new_shortcode,
    note_of,
    person_of,
    wrong,
)


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """Somebody answers a post (the latest, if none is named), or names the account in one of their own."""
    if kind not in {"comment", "mention"}:
        raise ValueError(f"Threads has no {kind}.")
    if kind == "comment":
        entry = entry or living().filter(person=person).latest("created_at")
    answered = entry.remote_id if entry and kind == "comment" else ""
    root = entry_of(entry.body["root"]) or entry if entry else None
    body: dict[str, Any] = {"shortcode": new_shortcode()}
    if answered and root and root.body.get("enable_reply_approvals"):
        body["approval"] = "pending"
    return Note.objects.create(
        network=NETWORK,
        person=person,
        author=author,
        kind=kind,
        remote_id=new_id(),
        text=text,
        entry=root if answered else None,
        parent_id=answered,
        body=body,
    )


# --- reading ---


def notes_below(entry: Entry, approval: str = "") -> list[Note]:
    notes = Note.objects.filter(entry=entry, kind="comment", deleted_at=None).select_related(
        "author", "entry"
    )
    return [note for note in notes if note.body.get("approval", "") == approval]


def post_of(grant: Grant, node: str) -> Entry:
    entry = entry_of(node)
    if entry is None or entry.person != person_of(grant):
        raise absent(node)
    return entry


@granted("threads_read_replies")
def replies(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """The replies to the post itself."""
    return below(request, grant, post_of(grant, node), is_flat=False)


@granted("threads_read_replies")
def conversation(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """The replies of all levels; for root posts only."""
    entry = post_of(grant, node)
    if entry.parent_id:
        raise wrong("id", "must be a root post")
    return below(request, grant, entry, is_flat=True)


def below(request: HttpRequest, grant: Grant, entry: Entry, *, is_flat: bool) -> HttpResponse:
    own = living().filter(body__root=entry.remote_id)
    rows = [note_body(request, note) for note in notes_below(entry)]
    rows += [post_body(request, answer, grant) for answer in own]
    if not is_flat:
        rows = [row for row in rows if row["replied_to"]["id"] == entry.remote_id]
    return listed(request, rows)


@granted("threads_read_replies", "threads_manage_replies")
def pending_replies(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    entry, wanted = post_of(grant, node), request.GET.get("approval_status", "pending")
    if wanted not in {"pending", "ignored"}:
        raise wrong("approval_status", "must be one of {PENDING, IGNORED}")
    rows = [
        {**note_body(request, note), "reply_approval_status": wanted.upper()}
        for note in notes_below(entry, wanted)
    ]
    return listed(request, rows)


@granted("threads_manage_mentions")
def mentions(request: HttpRequest, grant: Grant, owner: str) -> HttpResponse:
    notes = Note.objects.filter(person=person_of(grant, owner), kind="mention", deleted_at=None)
    return listed(request, [note_body(request, note) for note in notes.select_related("author", "entry")])


# --- deciding ---


def reply_to(grant: Grant, node: str) -> Note:
    """A reply to one of the account's own posts."""
    note = note_of(node)
    if note is None or note.kind != "comment" or note.person != person_of(grant):
        raise absent(node)
    return note


def yes_or_no(request: HttpRequest, name: str) -> bool:
    given = str(graph.wire_fields(request).get(name, "")).lower()
    if given not in {"true", "false"}:
        raise wrong(name, "must be a boolean")
    return given == "true"


@granted("threads_manage_replies")
def manage_reply(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    note = reply_to(grant, node)
    if note.entry is None or note.parent_id != note.entry.remote_id:
        raise wrong("id", "must be a top-level reply")
    note.is_hidden = yes_or_no(request, "hide")
    note.save()
    return JsonResponse({"success": True})


@granted("threads_manage_replies")
def manage_pending_reply(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    note = reply_to(grant, node)
    if note.body.get("approval") != "pending":
        raise wrong("id", "must be a pending reply")
    note.body["approval"] = "" if yes_or_no(request, "approve") else "ignored"
    note.save()
    return JsonResponse({"success": True})


# --- webhooks ---


def webhook(note: Note, _secret: str) -> tuple[dict[str, str], bytes]:
    """The call that tells of a reply or mention, signed with the app's secret."""
    value: dict[str, Any] = {
        "id": note.remote_id,
        "username": note.author.handle,
        "text": note.text,
        "media_type": "TEXT_POST",
        "permalink": f"https://www.threads.net/@{note.author.handle}/post/{note.body['shortcode']}",
        "shortcode": note.body["shortcode"],
        "timestamp": graph.graph_time(note.created_at),
    }
    if note.entry is not None:
        owner = {"owner_id": note.person.remote_id, "username": note.person.handle}
        value |= {"replied_to": {"id": note.parent_id}, "root_post": {"id": note.entry.remote_id, **owner}}
    field, topic = ("replies", "moderate") if note.kind == "comment" else ("mentions", "interaction")
    return call(note.person, topic, {"value": value, "field": field})


def call(person: Person, topic: str, values: Any) -> tuple[dict[str, str], bytes]:
    """A signed call with what is told, one thing or a list."""
    body = {
        "app_id": "123456",
        "topic": topic,
        "target_id": person.remote_id,
        "time": int(timezone.now().timestamp()),
        "subscription_id": "234567",
        "has_uid_field": False,
        "values": values,
    }
    app = Client.objects.get(network=NETWORK, client_id="sandbox")
    return graph.signed(body, app.client_secret)
