"""LinkedIn's posts from the other side: made, read, listed, changed and taken away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox.linkedin_media import POSTERS, poster, usable
from platforms.sandbox.linkedin_wire import (
    NETWORK,
    Asked,
    duplicate,
    encoded,
    entry_of,
    forbidden,
    invalid,
    is_fresh,
    listed,
    little,
    milliseconds,
    missing,
    new_number,
    not_found,
    only,
    paged,
    refused,
    restli,
)
from platforms.sandbox.models import Entry, Fault, Person, Upload
from platforms.text import utf16_length

REMEMBERS = timedelta(minutes=10)
TEXT_LENGTH = 3000
FIELDS = (
    "author",
    "commentary",
    "visibility",
    "distribution",
    "content",
    "lifecycleState",
    "isReshareDisabledByAuthor",
    "reshareContext",
)
FACETS = {"geoLocations": "geo", "industries": "industry", "seniorities": "seniority"}
DURATIONS = {"ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS"}
SMALLEST_AUDIENCE = 300
Hung = tuple[str, list[Upload]]  # the kind of post, and what hangs on it


def create(asked: Asked) -> HttpResponse:
    restli(asked, "CREATE")
    body = asked.body
    only(body, *FIELDS)
    for name in ("author", "commentary", "visibility", "distribution", "lifecycleState"):
        if name not in body:
            raise missing(name)
    author = poster(asked, str(body["author"]), "posts.CREATE")
    plainly(body, author)
    kind, uploads = hung(body, author)
    if "reshareContext" in body:
        parent(body)
    elif not kind and not body["commentary"].strip():
        raise invalid("MISSING_FIELD", "commentary", "Post must have commentary or content")
    if earlier := same(author, body):
        raise duplicate(earlier.remote_id)
    entry = keep(asked, author, body, kind or "text", uploads)
    return HttpResponse(status=201, headers={"x-restli-id": entry.remote_id})


def plainly(body: dict[str, Any], author: Person) -> None:
    """What every post has."""
    is_page = "managers" in author.facts
    choices: dict[str, set[Any]] = {
        "visibility": {"PUBLIC", "LOGGED_IN"} if is_page else {"PUBLIC", "CONNECTIONS", "LOGGED_IN"},
        "lifecycleState": {"PUBLISHED"},
        "isReshareDisabledByAuthor": {True, False},
    }
    for name, known in choices.items():
        if name in body and body[name] not in known:
            raise invalid("INVALID_VALUE_FOR_FIELD", name, f"Invalid value for field: {body[name]}")
    if not isinstance(body["commentary"], str):
        raise invalid("INVALID_VALUE_FOR_FIELD", "commentary", "commentary must be a string")
    length(body["commentary"])
    spread = body["distribution"]
    only(
        spread, "feedDistribution", "targetEntities", "thirdPartyDistributionChannels", inside="distribution/"
    )
    if spread.get("feedDistribution") not in {"MAIN_FEED", "NONE"}:
        raise invalid("INVALID_VALUE_FOR_FIELD", "distribution/feedDistribution", "Invalid value")
    targets(spread.get("targetEntities") or [], author, is_page=is_page)


def length(commentary: str) -> None:
    """Counted as it is shown."""
    if utf16_length(little(commentary).shown) > TEXT_LENGTH:
        raise invalid("FIELD_LENGTH_TOO_LONG", "commentary", "commentary exceeds the maximum length of 3000")


def targets(entities: list[dict[str, Any]], author: Person, *, is_page: bool) -> None:
    field = "distribution/targetEntities"
    for facets in entities:
        only(facets, *FACETS, inside=f"{field}/")
        for name, urns in facets.items():
            if any(not urn.startswith(f"urn:li:{FACETS[name]}:") for urn in urns):
                raise invalid("INVALID_URN_TYPE", field, f"Invalid urn type in {name}")
    if entities and not (is_page and author.facts.get("followers", 0) > SMALLEST_AUDIENCE):
        raise invalid("INVALID_VALUE_FOR_FIELD", field, "The targeted audience is too small", 422)


# --- content ---


def hung(body: dict[str, Any], author: Person) -> Hung:
    content = body.get("content")
    if content is None:
        return "", []
    readers: dict[str, Callable[[Any, Person], Hung]] = {
        "media": medium,
        "multiImage": images,
        "article": article,
        "poll": poll,
    }
    only(content, *readers, inside="content/")
    if len(content) != 1 or "reshareContext" in body:
        raise invalid("INVALID_VALUE_FOR_FIELD", "content", "Exactly one content is allowed", 422)
    [(name, value)] = content.items()
    return readers[name](value, author)


def medium(value: dict[str, Any], author: Person) -> Hung:
    only(value, "id", "altText", "title", inside="content/media/")
    kind = str(value.get("id")).split(":")[2] if str(value.get("id")).count(":") > 2 else ""
    if kind not in {"image", "video", "document"}:
        raise invalid("INVALID_URN_TYPE", "content/media/id", f"Invalid urn type: {value.get('id')}")
    if kind == "document" and not value.get("title"):
        raise missing("content/media/title")
    return kind, [carried(value, author, kind, "content/media")]


def images(value: dict[str, Any], author: Person) -> Hung:
    only(value, "images", inside="content/multiImage/")
    found = value.get("images") or []
    if not 2 <= len(found) <= 20:
        raise invalid("INVALID_VALUE_FOR_FIELD", "content/multiImage/images", "2 to 20 images are required")
    for image in found:
        only(image, "id", "altText", inside="content/multiImage/images/")
    return "images", [carried(image, author, "image", "content/multiImage/images") for image in found]


def carried(value: dict[str, Any], author: Person, kind: str, field: str) -> Upload:
    row = usable(author, value.get("id"), kind, f"{field}/id")
    if len(value.get("altText", "")) > 4086:
        raise invalid("FIELD_LENGTH_TOO_LONG", f"{field}/altText", "altText is too long")
    row.alt = value.get("altText", "")
    row.facts["title"] = value.get("title", "")
    row.save(update_fields=["alt", "facts"])
    return row


def article(value: dict[str, Any], author: Person) -> Hung:
    only(value, "source", "title", "description", "thumbnail", inside="content/article/")
    for name, most in (("source", 0), ("title", 400), ("description", 4086)):
        if name != "description" and not value.get(name):
            raise missing(f"content/article/{name}")
        if most and len(value.get(name, "")) > most:
            raise invalid("FIELD_LENGTH_TOO_LONG", f"content/article/{name}", f"{name} is too long")
    if not value["source"].startswith(("https://", "http://")):
        raise invalid("INVALID_VALUE_FOR_FIELD", "content/article/source", "source is not a URL")
    thumbnail = value.get("thumbnail")
    field = "content/article/thumbnail"
    return "article", [usable(author, thumbnail, "image", field)] if thumbnail else []


def poll(value: dict[str, Any], _author: Person) -> Hung:
    only(value, "question", "options", "settings", inside="content/poll/")
    settings, answers = value.get("settings") or {}, value.get("options") or []
    only(settings, "duration", "voteSelectionType", "isVoterVisibleToAuthor", inside="content/poll/settings/")
    texts = [answer.get("text", "") for answer in answers]
    is_fit = (
        0 < len(value.get("question", "")) <= 140
        and 2 <= len(texts) <= 4
        and all(0 < len(text) <= 30 for text in texts)
        and settings.get("duration") in DURATIONS
        and settings.get("voteSelectionType") == "SINGLE_VOTE"
    )
    if not is_fit:
        raise invalid("INVALID_VALUE_FOR_FIELD", "content/poll", "The poll is not valid", 422)
    return "poll", []


def parent(body: dict[str, Any]) -> None:
    """The post that is reposted; one from before the sandbox began is known by its number alone."""
    urn = str((body.get("reshareContext") or {}).get("parent"))
    if not urn.startswith(("urn:li:share:", "urn:li:ugcPost:")):
        raise invalid("INVALID_URN_TYPE", "reshareContext/parent", f"Invalid urn type: {urn}")
    if Person.objects.filter(network=NETWORK, facts__earlier=urn).exists():
        return
    if entry_of(urn).body["isReshareDisabledByAuthor"]:
        raise invalid("INVALID_VALUE_FOR_FIELD", "reshareContext/parent", "The post may not be reshared", 422)


# --- keeping ---


def same(author: Person, body: dict[str, Any]) -> Entry | None:
    """A post with the same text (without text: with the same content) of the last ten minutes.

    One that was deleted meanwhile counts on for a person with the fact `ghosts`.
    """
    recent = Entry.objects.filter(
        network=NETWORK, person=author, created_at__gt=timezone.now() - REMEMBERS, parent_id=""
    )
    if not author.facts.get("ghosts"):
        recent = recent.filter(deleted_at=None)
    said = little(body["commentary"]).shown.strip()
    for entry in recent:
        if entry.text.strip() == said and (said or entry.body.get("content") == body.get("content")):
            return entry
    return None


def keep(asked: Asked, author: Person, body: dict[str, Any], kind: str, uploads: list[Upload]) -> Entry:
    text = little(body["commentary"])
    family = "share" if kind in {"text", "article", "image"} else "ugcPost"
    now = timezone.now()
    fails = asked.request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS
    is_slow = kind == "video" or fails
    entry = Entry.objects.create(
        network=NETWORK,
        person=author,
        remote_id=f"urn:li:{family}:{new_number(now)}",
        text=text.shown,
        created_at=now,
        body={
            **{name: body[name] for name in FIELDS if name in body},
            "isReshareDisabledByAuthor": body.get("isReshareDisabledByAuthor", False),
            "commentary": text.kept,
            "kind": kind,
            "activity": f"urn:li:activity:{new_number(now)}",
            "state": "PUBLISH_REQUESTED" if is_slow else "PUBLISHED",
            "fails": fails,
            "commentsState": "OPEN",
        },
    )
    entry.attach(uploads)
    return entry


def shown(entry: Entry) -> dict[str, Any]:
    """A post as LinkedIn reads it back."""
    body, made = entry.body, milliseconds(entry.created_at)
    hidden = {"kind", "activity", "state", "fails", "commentsState", "edited_at", "likes"}
    edited = body.get("edited_at")
    read = {name: value for name, value in body.items() if name not in hidden}
    if "poll" in read.get("content", {}):
        question = read["content"]["poll"]
        answers = [{**answer, "voteCount": 0} for answer in question["options"]]
        read["content"] = {"poll": {**question, "options": answers, "uniqueVotersCount": 0}}
    return {
        **read,
        "id": entry.remote_id,
        "lifecycleState": body["state"],
        "lifecycleStateInfo": {"isEditedByAuthor": bool(edited)},
        "createdAt": made,
        "publishedAt": made,
        "lastModifiedAt": edited or made,
    }


# --- reading, changing, taking away ---


def may_read(asked: Asked, author: str, resource: str) -> None:
    """A page's posts; those of members need a permission that nobody is given."""
    asked.needs(resource, "r_organization_social" if ":organization:" in author else "r_member_social")
    asked.acts_for(author, resource, POSTERS | {"ANALYST"})


def read(asked: Asked, urn: str) -> HttpResponse:
    entry = posted(urn)
    may_read(asked, entry.person.remote_id, "posts.GET")
    if is_late(entry):
        raise not_found()
    answer = JsonResponse(shown(entry))
    if entry.body["state"] == "PUBLISH_REQUESTED":
        entry.body["state"] = "PUBLISH_FAILED" if entry.body["fails"] else "PUBLISHED"
        entry.save(update_fields=["body"])
    return answer


def posted(urn: str) -> Entry:
    if not urn.startswith(("urn:li:share:", "urn:li:ugcPost:")):
        raise invalid("INVALID_URN_TYPE", "id", f"Invalid urn type: {urn}")
    return entry_of(urn)


def is_late(entry: Entry) -> bool:
    """A person's `index_lag` is for how many seconds a new post is not shown yet."""
    return is_fresh(entry.created_at, entry.person.facts.get("index_lag", 0))


def search(asked: Asked) -> HttpResponse:
    """By author, or several by their ids."""
    query = asked.query
    if "ids" in query:
        restli(asked, "BATCH_GET")
        found = Entry.objects.filter(network=NETWORK, deleted_at=None, remote_id__in=listed(query["ids"]))
        for entry in found.select_related("person"):
            may_read(asked, entry.person.remote_id, "posts.BATCH_GET")
        results = {entry.remote_id: shown(entry) for entry in found}
        return JsonResponse({"results": results, "statuses": {}, "errors": {}})
    restli(asked, "FINDER")
    if query.get("q") != "author" or query.get("sortBy", "CREATED") not in {"CREATED", "LAST_MODIFIED"}:
        raise refused(400, "INVALID_INPUT", "Unknown finder")
    author = encoded(query.get("author", ""))
    may_read(asked, author, "posts.FINDER-author")
    entries = Entry.objects.filter(network=NETWORK, person__remote_id=author, deleted_at=None)
    rows = [entry for entry in entries.select_related("person") if not is_late(entry)]
    page = paged(asked, rows)
    return JsonResponse({**page, "elements": [shown(entry) for entry in page["elements"]]})


def change(asked: Asked, urn: str) -> HttpResponse:
    restli(asked, "PARTIAL_UPDATE")
    entry = posted(urn)
    poster(asked, entry.person.remote_id, "posts.PARTIAL_UPDATE")
    only(asked.body, "patch")
    only(asked.body.get("patch") or {}, "$set", inside="patch/")
    changes = (asked.body.get("patch") or {}).get("$set") or {}
    if set(changes) != {"commentary"}:
        raise invalid("INVALID_VALUE_FOR_FIELD", "patch/$set", "Only commentary can be changed")
    length(changes["commentary"])
    text = little(changes["commentary"])
    entry.text = text.shown
    entry.body |= {"commentary": text.kept, "edited_at": milliseconds(timezone.now())}
    entry.save(update_fields=["text", "body"])
    return HttpResponse(status=204)


def remove(asked: Asked, urn: str) -> HttpResponse:
    """Deleting is idempotent."""
    restli(asked, "DELETE")
    entry = Entry.objects.filter(network=NETWORK, remote_id=urn).select_related("person").first()
    if entry is None:
        if urn.startswith(("urn:li:share:", "urn:li:ugcPost:")):
            return HttpResponse(status=204)
        raise invalid("INVALID_URN_TYPE", "id", f"Invalid urn type: {urn}")
    owner = poster(asked, entry.person.remote_id, "posts.DELETE")
    if owner != entry.person:
        raise forbidden("posts.DELETE")
    Entry.objects.filter(pk=entry.pk, deleted_at=None).update(deleted_at=timezone.now())
    return HttpResponse(status=204)
