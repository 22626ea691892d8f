"""The network's view of itself (app.bsky): people, posts with their counts, threads, likes, what is new."""

from collections.abc import Iterator
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse

from platforms.sandbox import bluesky_lexicon as lexicon
from platforms.sandbox.bluesky_sessions import authorised
from platforms.sandbox.bluesky_store import Stored, gate_of, listed, marks, stored
from platforms.sandbox.bluesky_wire import NETWORK, base, invalid, parameter, person_called, refuse, stamp
from platforms.sandbox.insights import grown
from platforms.sandbox.models import Entry, Note, Person

REASONS = {"comment": "reply", "mention": "mention", "quote": "quote"}
KNOWN_REASONS = {"like", "repost", "follow", *REASONS.values()}
EMBED = lexicon.EMBED


# --- people ---


def get_profile(request: HttpRequest) -> HttpResponse:
    authorised(request)
    person = person_called(parameter(request, "actor"))
    if person is None:
        raise invalid("Profile not found")
    return JsonResponse(
        {
            **author(request, person),
            "description": person.about,
            "followersCount": person.facts.get("followers", 412),
            "followsCount": person.facts.get("follows", 180),
            "postsCount": Entry.objects.filter(network=NETWORK, person=person, deleted_at=None).count(),
            "associated": {},
        }
    )


def author(request: HttpRequest, person: Person) -> dict[str, Any]:
    return {
        "did": person.remote_id,
        "handle": person.handle,
        "displayName": person.name,
        "avatar": f"{base(request)}/@{person.handle}/avatar.png",
        "labels": [],
        "viewer": {"muted": False, "blockedBy": False},
    }


# --- posts ---


def get_posts(request: HttpRequest) -> HttpResponse:
    """Posts as the public sees them; one that is not there is left out."""
    viewer = cast(Person, authorised(request).person)
    uris = request.GET.getlist("uris")
    if not uris or len(uris) > 25 or any(not uri.startswith("at://") for uri in uris):
        raise invalid("Invalid uris")
    found = [post for uri in uris if (post := stored(uri))]
    return JsonResponse({"posts": [view(request, post, viewer) for post in found]})


def view(request: HttpRequest, post: Stored, viewer: Person) -> dict[str, Any]:
    gate = gate_of(post)
    embed = embed_view(request, post)
    return {
        **post.reference,
        "author": author(request, post.author),
        "record": post.body,
        **({"embed": embed} if embed else {}),
        **counts(post),
        "indexedAt": stamp(post.at),
        "viewer": {
            **{
                word: record.uri
                for word, name in (("like", lexicon.LIKE), ("repost", lexicon.REPOST))
                for record in marks(name, post.uri)
                if record.author == viewer
            },
            "bookmarked": False,
            "threadMuted": False,
            "embeddingDisabled": gate_of(post, lexicon.POSTGATE) is not None,
        },
        "labels": [],
        **({"threadgate": {**gate.reference, "record": gate.body, "lists": []}} if gate else {}),
    }


def counts(post: Stored) -> dict[str, int]:
    """What people did with a post: those of the sandbox, and a crowd that grows with its age."""
    notes = Note.objects.filter(network=NETWORK, parent_id=post.uri, deleted_at=None)
    own = Entry.objects.filter(network=NETWORK, parent_id=post.uri, person=post.author, deleted_at=None)
    real = {
        "likeCount": sum(1 for _ in marks(lexicon.LIKE, post.uri)),
        "repostCount": sum(1 for _ in marks(lexicon.REPOST, post.uri)),
        "quoteCount": notes.filter(kind="quote").count(),
        "replyCount": notes.filter(kind="comment").count() + own.count(),
        "bookmarkCount": 0,
    }
    crowd = {"likeCount": 140, "repostCount": 24, "quoteCount": 7, "replyCount": 11, "bookmarkCount": 15}
    if post.entry is None:
        return real
    return {name: count + grown(post.uri, name, crowd[name], post.at) for name, count in real.items()}


def embed_view(request: HttpRequest, post: Stored) -> dict[str, Any] | None:
    """What a post embeds, with addresses in place of bytes."""
    media, quoted = media_view(request, post), quoted_view(request, post)
    if media and quoted:
        return {"$type": f"{EMBED}.recordWithMedia#view", "media": media, "record": quoted}
    return media or quoted


def media_view(request: HttpRequest, post: Stored) -> dict[str, Any] | None:
    match lexicon.media_of(post.body):
        case {"images": images}:
            shown = [
                {
                    "thumb": address(request, item["image"]),
                    "fullsize": address(request, item["image"]),
                    **{name: item[name] for name in ("alt", "aspectRatio") if name in item},
                }
                for item in images
            ]
            return {"$type": f"{EMBED}.images#view", "images": shown}
        case {"video": blob, **rest}:
            words = ("alt", "aspectRatio", "presentation")
            told: dict[str, Any] = {name: rest[name] for name in words if name in rest}
            cid, playlist = blob["ref"]["$link"], address(request, blob)
            return {"$type": f"{EMBED}.video#view", "cid": cid, "playlist": playlist, **told}
        case {"external": external}:
            thumb = {"thumb": address(request, external["thumb"])} if "thumb" in external else {}
            return {"$type": f"{EMBED}.external#view", "external": {**external, **thumb}}
    return None


def quoted_view(request: HttpRequest, post: Stored) -> dict[str, Any] | None:
    reference = lexicon.quoted_in(post.body)
    if not reference:
        return None
    there = stored(reference["uri"])
    gate = gate_of(there, lexicon.POSTGATE) if there else None
    record: dict[str, Any] = {
        "$type": f"{EMBED}.record#viewNotFound",
        "uri": reference["uri"],
        "notFound": True,
    }
    if gate is not None:
        record = {"$type": f"{EMBED}.record#viewDetached", "uri": reference["uri"], "detached": True}
    elif there is not None:
        record = {
            "$type": f"{EMBED}.record#viewRecord",
            **there.reference,
            "author": author(request, there.author),
            "value": there.body,
            "indexedAt": stamp(there.at),
        }
    return {"$type": f"{EMBED}.record#view", "record": record}


def address(request: HttpRequest, blob: dict[str, Any]) -> str:
    return f"{base(request)}/uploads/{blob['ref']['$link']}"


def get_likes(request: HttpRequest) -> HttpResponse:
    authorised(request)
    uri = parameter(request, "uri")
    likes = [
        {
            "actor": author(request, like.author),
            "createdAt": like.body["createdAt"],
            "indexedAt": stamp(like.at),
        }
        for like in marks(lexicon.LIKE, uri)
    ]
    return JsonResponse({"uri": uri, "likes": likes})


def get_post_thread(request: HttpRequest) -> HttpResponse:
    """A post, what it answers, and the answers to it that its author lets show."""
    viewer = cast(Person, authorised(request).person)
    post = stored(parameter(request, "uri"))
    if post is None:
        raise refuse(400, "NotFound", f"Post not found: {parameter(request, 'uri')}")
    thread = threaded(request, post, viewer)
    above = stored(post.body.get("reply", {}).get("parent", {}).get("uri", ""))
    if above is not None:
        thread["parent"] = threaded(request, above, viewer, depth=0)
    return JsonResponse({"thread": thread})


def threaded(request: HttpRequest, post: Stored, viewer: Person, depth: int = 6) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "$type": "app.bsky.feed.defs#threadViewPost",
        "post": view(request, post, viewer),
    }
    if depth:
        shown["replies"] = [threaded(request, reply, viewer, depth - 1) for reply in replies(post)]
    return shown


def replies(post: Stored) -> Iterator[Stored]:
    notes = Note.objects.filter(network=NETWORK, parent_id=post.uri, kind="comment", deleted_at=None)
    own = Entry.objects.filter(network=NETWORK, parent_id=post.uri, deleted_at=None)
    uris = [*notes.filter(is_hidden=False).values_list("remote_id", flat=True)]
    uris += [
        uri for uri in own.values_list("remote_id", flat=True) if not notes.filter(remote_id=uri).exists()
    ]
    yield from filter(None, map(stored, uris))


# --- what is new ---


def list_notifications(request: HttpRequest) -> HttpResponse:
    """What happened to somebody, newest first."""
    person = cast(Person, authorised(request).person)
    wanted = request.GET.getlist("reasons")
    if wrong := [reason for reason in wanted if reason not in KNOWN_REASONS]:
        raise invalid(f"Invalid reasons: {wrong}")
    limit = int(parameter(request, "limit", "50"))
    if not 1 <= limit <= 100:
        raise invalid(f"integer too big (maximum 100, got {limit}) at $.limit")
    found = [
        *(told for told in _written_to(request, person) if not wanted or told["reason"] in wanted),
        *(told for told in _marked(request, person) if not wanted or told["reason"] in wanted),
    ]
    found.sort(key=lambda told: (told["indexedAt"], told["uri"]), reverse=True)
    start = int(parameter(request, "cursor", "0"))
    more = {"cursor": str(start + limit)} if len(found) > start + limit else {}
    return JsonResponse({"notifications": found[start : start + limit], "priority": False, **more})


def _written_to(request: HttpRequest, person: Person) -> Iterator[dict[str, Any]]:
    notes = Note.objects.select_related("author").filter(
        network=NETWORK, person=person, kind__in=REASONS, deleted_at=None
    )
    for note in notes:
        post = Stored(note.remote_id, note.body, note.author, note.created_at)
        subject = {"reasonSubject": note.parent_id} if note.kind != "mention" else {}
        yield {**_told(request, post, REASONS[note.kind]), **subject}


def _marked(request: HttpRequest, person: Person) -> Iterator[dict[str, Any]]:
    for other in Person.objects.filter(network=NETWORK).exclude(pk=person.pk):
        for reason, collection in (("like", lexicon.LIKE), ("repost", lexicon.REPOST)):
            for record in listed(other, collection):
                subject = record.body["subject"]["uri"]
                if subject.startswith(f"at://{person.remote_id}/"):
                    yield {**_told(request, record, reason), "reasonSubject": subject}


def _told(request: HttpRequest, record: Stored, reason: str) -> dict[str, Any]:
    return {
        **record.reference,
        "author": author(request, record.author),
        "reason": reason,
        "record": record.body,
        "isRead": False,
        "indexedAt": stamp(record.at),
        "labels": [],
    }


def get_unread_count(request: HttpRequest) -> HttpResponse:
    person = cast(Person, authorised(request).person)
    return JsonResponse({"count": sum(1 for _ in (*_written_to(request, person), *_marked(request, person)))})
