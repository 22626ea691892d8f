"""What people do below LinkedIn's posts: comments, reactions, and what pages are told of them."""

import re
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox.insights import grown
from platforms.sandbox.linkedin_wire import (
    NETWORK,
    Asked,
    encoded,
    entry_of,
    forbidden,
    invalid,
    is_fresh,
    listed,
    milliseconds,
    missing,
    new_number,
    not_found,
    only,
    paged,
    refused,
    restli,
)
from platforms.sandbox.models import Entry, Note, Person
from platforms.text import utf16_length

ADMINS = frozenset({"ADMINISTRATOR", "CONTENT_ADMIN", "CONTENT_ADMINISTRATOR"})
COMMENT = re.compile(r"urn:li:comment:\((urn:li:\w+:\d+),(\d+)\)")
COMMENT_LENGTH = 1250
REACTIONS = {"LIKE", "PRAISE", "EMPATHY", "INTEREST", "APPRECIATION", "ENTERTAINMENT"}
TOLD_FOR = timedelta(days=60)
ACTIONS = {"LIKE", "COMMENT", "SHARE", "SHARE_MENTION", "ADMIN_COMMENT", "COMMENT_EDIT", "COMMENT_DELETE"}


def notes() -> Any:
    alive = Note.objects.filter(network=NETWORK, deleted_at=None)
    return alive.select_related("author", "person", "entry__person")


def note_of(urn: str) -> Note:
    note: Note | None = notes().filter(remote_id=urn).first()
    if note is None:
        raise not_found(f"Comment not found: {urn}")
    return note


def target_of(urn: str) -> tuple[Entry, Note | None]:
    """The post, and where the URN is a comment's, the comment."""
    if not COMMENT.fullmatch(urn):
        entry = entry_of(urn)
        if is_fresh(entry.created_at, entry.person.facts.get("comment_lag", 0)):
            raise not_found(f"Unable to obtain activity for urn: {urn}")
        return entry, None
    note = note_of(urn)
    if note.entry is None or note.entry.deleted_at:
        raise not_found()
    return note.entry, note


# --- comments ---


def comments(asked: Asked, urn: str) -> HttpResponse:
    """What was written below a post, or below a comment."""
    entry, note = target_of(urn)
    mention = Note.objects.filter(network=NETWORK, kind="mention", remote_id=entry.remote_id).first()
    reader = mention.person if mention else entry.person
    scope = "r_organization_social_feed" if "managers" in reader.facts else "r_member_social_feed"
    asked.needs("partnerApiSocialActions.GET_ALL", scope)
    asked.acts_for(reader.remote_id, "partnerApiSocialActions.GET_ALL", ADMINS)
    rows = notes().filter(entry=entry, parent_id=note.remote_id if note else "", kind="comment")
    page = paged(asked, [row for row in rows if not is_late(row)])
    return JsonResponse({**page, "elements": [comment_body(row) for row in page["elements"]]})


def is_late(note: Note) -> bool:
    return is_fresh(note.created_at, note.author.facts.get("index_lag", 0))


def comment_body(note: Note) -> dict[str, Any]:
    found = COMMENT.fullmatch(note.remote_id)
    stamp = {"actor": note.author.remote_id, "time": milliseconds(note.created_at)}
    below = notes().filter(parent_id=note.remote_id).count()
    body: dict[str, Any] = {
        "id": found[2] if found else "",
        "commentUrn": note.remote_id,
        "$URN": note.remote_id,
        "actor": note.author.remote_id,
        "object": found[1] if found else "",
        "message": {"attributes": [], "text": note.text},
        "created": stamp,
        "lastModified": stamp,
        "likesSummary": {
            "selectedLikes": [],
            "aggregatedTotalLikes": note.likes,
            "likedByCurrentUser": bool(note.body.get("likers")),
            "totalLikes": note.likes,
        },
        "commentsSummary": {"totalFirstLevelComments": below, "aggregatedTotalComments": below},
    }
    return body | ({"parentComment": note.parent_id} if note.parent_id else {})


def write_versioned(asked: Asked, urn: str) -> HttpResponse:
    """The newer door, which self-serve apps are not let in by."""
    is_page = ":organization:" in str(asked.body.get("actor"))
    scope = "w_organization_social_feed" if is_page else "w_member_social_feed"
    asked.needs("partnerApiSocialActions.CREATE.202609", scope)
    return write(asked, urn)


def write_legacy(asked: Asked, urn: str) -> HttpResponse:
    asked.needs("socialActions.CREATE", "w_member_social", "w_organization_social")
    return write(asked, urn)


def write(asked: Asked, urn: str) -> HttpResponse:
    body = asked.body
    only(body, "actor", "object", "message", "parentComment", "content")
    for name in ("actor", "object", "message"):
        if not body.get(name):
            raise missing(name)
    actor = asked.acts_for(str(body["actor"]), "partnerApiSocialActions.CREATE", ADMINS)
    entry, note = target_of(urn)
    if note is None and body.get("parentComment"):
        note = note_of(str(body["parentComment"]))
    if note and note.parent_id:
        raise invalid("INVALID_VALUE_FOR_FIELD", "parentComment", "Only one level of replies is allowed")
    if entry_of(str(body["object"])) != entry:
        raise invalid("INVALID_URN_ID", "object", "The object is not what is commented on")
    text = body["message"].get("text")
    if not isinstance(text, str) or not text.strip():
        raise missing("message/text")
    if utf16_length(text) > COMMENT_LENGTH:
        raise invalid("FIELD_LENGTH_TOO_LONG", "message/text", "text exceeds the maximum length of 1250")
    if entry.body["commentsState"] == "CLOSED":
        raise refused(403, "ACCESS_DENIED", "Comments are disabled on this post", 100)
    made = leave(entry, actor, text, note)
    number = made.remote_id.rpartition(",")[2].rstrip(")")
    return JsonResponse(comment_body(made), status=201, headers={"x-restli-id": number})


def leave(entry: Entry, author: Person, text: str, below: Note | None = None) -> Note:
    """A comment on a post, or below a comment."""
    return Note.objects.create(
        network=NETWORK,
        person=entry.person,
        author=author,
        kind="comment",
        remote_id=f"urn:li:comment:({entry.body['activity']},{new_number()})",
        text=text,
        entry=entry,
        parent_id=below.remote_id if below else "",
        body={"notification": secrets.randbelow(10**12)},
    )


def erase(asked: Asked, urn: str, number: str) -> HttpResponse:
    """One's own comment, or any on one's own post."""
    restli(asked, "DELETE")
    found = notes().filter(remote_id__endswith=f",{number})").first()
    if (
        found is None
        or found.entry is None
        or urn not in {found.entry.remote_id, found.entry.body["activity"]}
    ):
        raise not_found()
    actor = asked.acts_for(encoded(asked.query.get("actor", "")), "socialActions.DELETE", ADMINS)
    is_page = "managers" in actor.facts
    scope = "w_organization_social_feed" if is_page else "w_member_social_feed"
    asked.needs("partnerApiSocialActions.DELETE", scope)
    if actor not in {found.author, found.entry.person}:
        raise forbidden("socialActions.DELETE")
    Note.objects.filter(pk=found.pk).update(deleted_at=timezone.now())
    return HttpResponse(status=204)


# --- reactions, and whether comments are open ---


def react(asked: Asked) -> HttpResponse:
    only(asked.body, "root", "reactionType")
    actor = reacts(asked, encoded(asked.query.get("actor", "")), "reactions.CREATE")
    if asked.body.get("reactionType") not in REACTIONS:
        raise invalid("INVALID_VALUE_FOR_FIELD", "reactionType", "Invalid reaction type")
    note = notes().filter(remote_id=asked.body.get("root")).first()
    if note is None:
        raise not_found()
    likers = note.body.setdefault("likers", {})
    if actor.remote_id in likers:
        raise refused(409, "CONFLICT", "The reaction exists already")
    note.likes += 1
    likers[actor.remote_id] = asked.body["reactionType"]
    note.save(update_fields=["likes", "body"])
    return JsonResponse({"id": f"urn:li:reaction:({actor.remote_id},{note.remote_id})"}, status=201)


def reacts(asked: Asked, urn: str, resource: str) -> Person:
    is_page = ":organization:" in urn
    asked.needs(resource, "w_organization_social_feed" if is_page else "w_member_social_feed")
    return asked.acts_for(urn, resource, ADMINS)


def unreact(asked: Asked, key: str) -> HttpResponse:
    restli(asked, "DELETE")
    found = re.fullmatch(r"\(actor:(urn:li:\w+:[\w-]+),entity:(.+)\)", key)
    if not found:
        raise refused(400, "INVALID_INPUT", "Invalid key")
    actor = reacts(asked, found[1], "reactions.DELETE")
    note = notes().filter(remote_id=unquote(found[2])).first()
    if note is None or actor.remote_id not in note.body.get("likers", {}):
        raise not_found()
    del note.body["likers"][actor.remote_id]
    note.likes -= 1
    note.save(update_fields=["likes", "body"])
    return HttpResponse(status=204)


def metadata(asked: Asked, urn: str) -> HttpResponse:
    entry = entry_of(urn)
    is_page = "managers" in entry.person.facts
    asked.needs("socialMetadata.GET", "r_organization_social_feed" if is_page else "r_member_social_feed")
    alive = notes().filter(entry=entry, kind="comment")
    reactions = likes_of(entry)
    return JsonResponse(
        {
            "reactionSummaries": {
                kind: {"reactionType": kind, "count": count} for kind, count in reactions.items() if count
            },
            "commentSummary": {"count": alive.count(), "topLevelCount": alive.filter(parent_id="").count()},
            "commentsState": entry.body["commentsState"],
            "entity": entry.body["activity"],
        }
    )


def likes_of(entry: Entry) -> dict[str, int]:
    return {
        "LIKE": grown(entry.pk, "likes", 60, entry.created_at),
        "PRAISE": grown(entry.pk, "praise", 12, entry.created_at),
    }


def set_comments(asked: Asked, urn: str) -> HttpResponse:
    """Open or close; closing takes away what was written."""
    restli(asked, "PARTIAL_UPDATE")
    entry = entry_of(urn)
    actor = reacts(asked, encoded(asked.query.get("actor", "")), "socialMetadata.PARTIAL_UPDATE")
    if actor != entry.person:
        raise forbidden("socialMetadata.PARTIAL_UPDATE")
    state = ((asked.body.get("patch") or {}).get("$set") or {}).get("commentsState")
    if state not in {"OPEN", "CLOSED"}:
        raise invalid("INVALID_VALUE_FOR_FIELD", "commentsState", "Invalid value")
    entry.body["commentsState"] = state
    entry.save(update_fields=["body"])
    if state == "CLOSED":
        notes().filter(entry=entry, kind="comment").update(deleted_at=timezone.now())
    return HttpResponse(status=202)


# --- what a page is told ---


def notifications(asked: Asked) -> HttpResponse:
    restli(asked, "FINDER")
    query = asked.query
    asked.needs("organizationalEntityNotifications.FINDER-criteria", "rw_organization_admin")
    page = encoded(query.get("organizationalEntity", ""))
    person = asked.acts_for(page, "organizationalEntityNotifications", ADMINS)
    wanted = set(listed(query.get("actions", "List()")))
    found = re.fullmatch(r"\(start:(\d+),end:(\d+)\)", query.get("timeRange", ""))
    if query.get("q") != "criteria" or not found or not wanted or wanted - ACTIONS:
        raise refused(400, "INVALID_INPUT", "Invalid criteria")
    first = max(int(found[1]), milliseconds(timezone.now() - TOLD_FOR))
    rows = [
        told
        for note in notes().filter(person=person)
        if (told := notification(note))["action"] in wanted
        and first <= told["lastModifiedAt"] <= int(found[2])
    ]
    return JsonResponse(paged(asked, rows))


def notification(note: Note) -> dict[str, Any]:
    """What a page is told of a comment or a mention."""
    entry = note.entry
    wrote = {"owner": note.author.remote_id, "text": note.text}
    told: dict[str, Any] = {
        "notificationId": note.body.get("notification", note.pk),
        "organizationalEntity": note.person.remote_id,
        "action": "ADMIN_COMMENT" if note.author_id == note.person_id else "COMMENT",
        "generatedActivity": note.remote_id,
        "lastModifiedAt": milliseconds(note.created_at),
    }
    if note.kind == "mention" or entry is None:
        share = {"entity": note.remote_id, "mediaCategory": "NONE", **wrote}
        return {**told, "action": "SHARE_MENTION", "decoratedGeneratedActivity": {"share": share}}
    source = {"entity": entry.body["activity"], "owner": entry.person.remote_id, "text": entry.text}
    return {
        **told,
        "sourcePost": entry.remote_id,
        "decoratedSourcePost": {**source, "mediaCategory": "NONE"},
        "decoratedGeneratedActivity": {
            "comment": {"entity": note.parent_id or entry.body["activity"], **wrote}
        },
    }
