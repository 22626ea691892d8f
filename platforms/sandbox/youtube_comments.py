"""YouTube's comments from the other side: threads, replies one level deep, moderation."""

import secrets
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from platforms.sandbox import youtube_wire as yt
from platforms.sandbox.models import Entry, Grant, Note, Person
from platforms.sandbox.youtube_shown import can_be_commented, living, privacy_of

LONGEST = 10_000
TOLD_REPLIES = 5
WRITTEN = {"textOriginal": str}
STATES = ("published", "heldForReview", "likelySpam", "rejected")


def standing(network: str) -> QuerySet[Note]:
    notes = Note.objects.filter(network=network, kind="comment", deleted_at=None)
    return notes.select_related("author", "person", "entry")


def state_of(note: Note) -> str:
    return str(note.body.get("moderation", "published"))


# --- reading ---


@yt.needs(yt.COMMENTING)
def threads(request: HttpRequest, grant: Grant) -> HttpResponse:
    """Newest first. A person's `index_lag` is for how many seconds a new comment is not shown yet."""
    yt.only(
        request, "part", "allThreadsRelatedToChannelId", "videoId", "channelId", "id", "moderationStatus",
        "order", "searchTerms", "maxResults", "pageToken", "textFormat",
    )  # fmt: skip
    parts = yt.parts_of(request, "id", "snippet", "replies")
    by, state = yt.one_of(request, *FILTERS), request.GET.get("moderationStatus", "published")
    if state not in STATES or (by == "id" and "moderationStatus" in request.GET):
        raise yt.no("invalidFilters", "moderationStatus")
    notes = FILTERS[by](grant, request.GET[by])
    owner = yt.person_of(grant)
    if state != "published" and any(note.person != owner for note in notes):
        raise yt.no("forbidden")
    late = timezone.now() - timedelta(seconds=owner.facts.get("index_lag", 0))
    shown = [
        note
        for note in notes.order_by("-created_at", "-pk")
        if state_of(note) == state and note.created_at <= late
    ]

    def show(note: Note) -> dict[str, Any]:
        return thread_json(request, note, parts)

    return yt.listed(request, "commentThreadListResponse", shown, show, most=100, usual=20)


def of_channel(grant: Grant, channel_id: str) -> QuerySet[Note]:
    owner = Person.objects.filter(network=grant.network, remote_id=channel_id).first()
    if owner is None:
        raise yt.no("channelNotFound")
    return standing(grant.network).filter(person=owner, parent_id="")


def of_video(grant: Grant, video_id: str) -> QuerySet[Note]:
    entry = living(grant.network).filter(remote_id=video_id).first()
    if entry is None:
        raise yt.no("videoNotFound")
    if not can_be_commented(entry):
        raise yt.no("commentsDisabled")
    return standing(grant.network).filter(entry=entry, parent_id="")


def of_ids(grant: Grant, ids: str) -> QuerySet[Note]:
    return standing(grant.network).filter(remote_id__in=ids.split(","), parent_id="")


FILTERS = {
    "allThreadsRelatedToChannelId": of_channel,
    "channelId": of_channel,
    "videoId": of_video,
    "id": of_ids,
}


@yt.needs(yt.COMMENTING)
def comments(request: HttpRequest, grant: Grant) -> HttpResponse:
    yt.only(request, "part", "id", "parentId", "maxResults", "pageToken", "textFormat")
    yt.parts_of(request, "id", "snippet")
    by = yt.one_of(request, "parentId", "id")
    if by == "parentId":
        parent = of_ids(grant, request.GET["parentId"]).first()
        if parent is None:
            raise yt.no("commentNotFound")
        notes = list(replies_to(parent))
        late = timezone.now() - timedelta(seconds=yt.person_of(grant).facts.get("index_lag", 0))
        notes = [note for note in notes if note.created_at <= late]
    else:
        notes = list(standing(grant.network).filter(remote_id__in=yt.words(request, "id")))

    def show(note: Note) -> dict[str, Any]:
        return comment_json(request, note)

    return yt.listed(request, "commentListResponse", notes, show, most=100, usual=20)


def replies_to(note: Note) -> QuerySet[Note]:
    return (
        standing(note.network).filter(parent_id=note.remote_id, is_hidden=False).order_by("created_at", "pk")
    )


def thread_json(request: HttpRequest, note: Note, parts: set[str]) -> dict[str, Any]:
    """A thread, with no more than a few of its replies."""
    replies = list(replies_to(note))
    told: dict[str, Any] = {
        "snippet": {
            "channelId": note.person.remote_id,
            "canReply": True,
            "totalReplyCount": len(replies),
            "isPublic": not note.is_hidden,
            "topLevelComment": comment_json(request, note),
            **about(note),
        }
    }
    if replies:
        told["replies"] = {"comments": [comment_json(request, reply) for reply in replies[:TOLD_REPLIES]]}
    shown = {part: told[part] for part in told if part in parts}
    return {"kind": "youtube#commentThread", "etag": yt.etag(), "id": note.remote_id, **shown}


def about(note: Note) -> dict[str, str]:
    return {"videoId": note.entry.remote_id} if note.entry else {}


def comment_json(request: HttpRequest, note: Note) -> dict[str, Any]:
    """A comment. Its text is HTML unless plain text was asked for."""
    author = note.author
    is_plain = request.GET.get("textFormat") == "plainText"
    picture = reverse("sandbox-avatar", args=[note.network, author.handle])
    shown: dict[str, Any] = {
        "channelId": note.person.remote_id,
        "textDisplay": note.text if is_plain else escape(note.text).replace("\n", "<br>"),
        "textOriginal": note.text,
        "authorDisplayName": f"@{author.handle}",
        "authorProfileImageUrl": request.build_absolute_uri(picture),
        "authorChannelUrl": f"http://www.youtube.com/@{author.handle}",
        "authorChannelId": {"value": author.remote_id},
        "canRate": True,
        "viewerRating": "none",
        "likeCount": note.likes,
        "publishedAt": yt.stamp(note.created_at),
        "updatedAt": note.body.get("updated_at", yt.stamp(note.created_at)),
        **about(note),
    }
    if note.parent_id:
        shown["parentId"] = note.parent_id
    if state_of(note) != "published":
        shown["moderationStatus"] = state_of(note)
    return {"kind": "youtube#comment", "etag": yt.etag(), "id": note.remote_id, "snippet": shown}


# --- writing ---


@yt.needs(yt.COMMENTING, price=50)
def begin_thread(request: HttpRequest, grant: Grant) -> HttpResponse:
    yt.only(request, "part")
    parts = yt.parts_of(request, "id", "snippet")
    top = {"snippet": WRITTEN}
    said = yt.body_of(request, {"snippet": {"channelId": str, "videoId": str, "topLevelComment": top}})
    said = said.get("snippet", {})
    if not said.get("videoId"):
        raise yt.no("channelOrVideoIdMissing")
    entry = living(grant.network).filter(remote_id=said["videoId"]).first()
    if entry is None:
        raise yt.no("videoNotFound")
    if privacy_of(entry) == "private":
        raise yt.no("forbidden")
    if not can_be_commented(entry):
        raise yt.no("commentsDisabled")
    text = text_of(said.get("topLevelComment", {}))
    note = write(grant, text, entry.person, entry)
    return JsonResponse(thread_json(request, note, parts | {"snippet"}))


@yt.needs(yt.COMMENTING, price=50)
def answer(request: HttpRequest, grant: Grant) -> HttpResponse:
    """A reply stands below the comment that began a thread, nowhere else."""
    yt.only(request, "part")
    yt.parts_of(request, "id", "snippet")
    said = yt.body_of(request, {"snippet": {"parentId": str, **WRITTEN}})
    parent_id = said.get("snippet", {}).get("parentId")
    if not parent_id:
        raise yt.no("parentIdMissing")
    parent = standing(grant.network).filter(remote_id=parent_id).first()
    if parent is None:
        raise yt.no("parentCommentNotFound")
    if parent.parent_id:
        raise yt.no("operationNotSupported")
    note = write(grant, text_of(said), parent.person, parent.entry, parent)
    return JsonResponse(comment_json(request, note))


def text_of(comment: dict[str, Any]) -> str:
    text = comment.get("snippet", {}).get("textOriginal", "")
    if not text.strip():
        raise yt.no("commentTextRequired")
    if len(text) > LONGEST:
        raise yt.no("commentTextTooLong")
    return str(text)


def write(grant: Grant, text: str, owner: Person, entry: Entry | None, parent: Note | None = None) -> Note:
    own_id = f"{parent.remote_id}.9{secrets.token_urlsafe(12)}" if parent else new_id()
    return Note.objects.create(
        network=grant.network,
        person=owner,
        author=yt.person_of(grant),
        kind="comment",
        remote_id=own_id,
        text=text,
        entry=entry,
        parent_id=parent.remote_id if parent else "",
    )


def new_id() -> str:
    return f"Ugz{secrets.token_urlsafe(17)}"


@yt.needs(yt.COMMENTING, price=50)
def change(request: HttpRequest, grant: Grant) -> HttpResponse:
    yt.only(request, "part")
    yt.parts_of(request, "id", "snippet")
    said = yt.body_of(request, {"id": str, "snippet": WRITTEN})
    note = own(grant, said.get("id", ""))
    note.text = text_of(said)
    note.body["updated_at"] = yt.stamp(timezone.now())
    note.save(update_fields=["text", "body"])
    return JsonResponse(comment_json(request, note))


@yt.needs(yt.COMMENTING, price=50)
def remove(request: HttpRequest, grant: Grant) -> HttpResponse:
    yt.only(request, "id")
    note = own(grant, request.GET.get("id", ""))
    note.deleted_at = timezone.now()
    note.save(update_fields=["deleted_at"])
    return HttpResponse(status=204)


def own(grant: Grant, comment_id: str) -> Note:
    """A comment that one wrote oneself; others' are moderated, not deleted."""
    note = standing(grant.network).filter(remote_id=comment_id).first()
    return yt.owned(note, note.author if note else None, grant, "commentNotFound")


@yt.needs(yt.COMMENTING, price=50)
def moderate(request: HttpRequest, grant: Grant) -> HttpResponse:
    """The channel's owner decides what is shown; what is rejected takes its replies with it."""
    yt.only(request, "id", "moderationStatus", "banAuthor")
    state = request.GET.get("moderationStatus", "")
    if state not in {"published", "heldForReview", "rejected"}:
        raise yt.no("badRequest", f"Invalid value '{state}' for moderationStatus.")
    if request.GET.get("banAuthor") == "true" and state != "rejected":
        raise yt.no("banWithoutReject")
    ids = yt.words(request, "id")
    notes = list(standing(grant.network).filter(remote_id__in=ids))
    if not ids or len(notes) < len(set(ids)):
        raise yt.no("commentNotFound")
    if any(note.person != grant.person for note in notes):
        raise yt.no("forbidden")
    for note in notes:
        note.body["moderation"] = state
        note.is_hidden = state != "published"
        note.save(update_fields=["body", "is_hidden"])
        Note.objects.filter(network=note.network, parent_id=note.remote_id).update(is_hidden=note.is_hidden)
    return HttpResponse(status=204)
