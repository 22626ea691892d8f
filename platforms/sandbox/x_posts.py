"""X's posts from the other side: what it refuses of them, how they change, and how they go."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import wire
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.x_known import Known, known_post, living, standing
from platforms.sandbox.x_sayings import (
    CASHTAGS,
    DUPLICATE,
    MEDIA_INVALID,
    NOT_PERMITTED,
    QUOTE_REFUSED,
    REPLY_GONE,
    REPLY_REFUSED,
)
from platforms.sandbox.x_schema import EXCLUSIVE, NEW_POST, NOT_FOR_US, identifier
from platforms.sandbox.x_text import LIMIT, shown
from platforms.sandbox.x_video import most_seconds
from platforms.sandbox.x_wire import (
    NETWORK,
    forbidden,
    has_all_access,
    invalid,
    metered,
    new_id,
    not_found,
    person_of,
    root,
)
from platforms.text import forbidden_characters, weighted_length

LONG_LIMIT = 25_000
LONG_POSTS = {"Basic", "Premium", "PremiumPlus"}
REMEMBERS = timedelta(hours=24)  # how long a text counts as the same again
EDITABLE = timedelta(hours=1)
MOST_EDITS = 5
CASHTAG = re.compile(r"(?<!\S)\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?\b")
KEPT = ("community_id", "share_with_followers", "geo", "made_with_ai", "paid_partnership")

# --- POST /2/tweets ---


@dataclass(frozen=True)
class Around:
    """What a new post hangs on, shows and replaces."""

    parent: Known | None
    quoted: Known | None
    uploads: list[Upload]
    before: Entry | None


@metered("POST /2/tweets", 100, "tweet.read", "tweet.write", "users.read")
def publish(request: HttpRequest, grant: Grant) -> HttpResponse:
    if request.content_type != "application/json":
        said = "Requests with bodies must have content-type of application/json."
        raise invalid("content-type", request.content_type, said)
    wanted, person = wire.payload(request), person_of(grant)
    NEW_POST(wanted, "")
    if len(rivals := [name for name in EXCLUSIVE if name in wanted]) > 1:
        raise invalid(rivals[1], "", f"$: {' and '.join(rivals)} are mutually exclusive")
    refuse_features(wanted, person)
    before = version_before(wanted, person)
    refuse_text(wanted.get("text", ""), wanted, person, before)
    around = Around(parent_of(wanted, person), quoted_by(wanted, person), uploads_of(wanted, person), before)
    entry = keep(person, wanted, around)
    data = {"id": entry.remote_id, "text": entry.body["text"], "edit_history_tweet_ids": history_of(entry)}
    place = request.build_absolute_uri(f"{root(request)}/2/tweets/{entry.remote_id}")
    return JsonResponse({"data": data}, status=201, headers={"location": place})


def history_of(entry: Entry) -> list[str]:
    return [*entry.body.get("history", []), entry.remote_id]


def refuse_features(wanted: dict[str, Any], person: Person) -> None:
    """What only special accounts have, and communities that the person is no member of."""
    community = wanted.get("community_id")
    is_stranger = community is not None and community not in person.facts.get("communities", {})
    if is_stranger or any(wanted.get(name) for name in NOT_FOR_US):
        raise forbidden(NOT_PERMITTED)
    if "share_with_followers" in wanted and community is None:
        raise invalid("share_with_followers", "", "$.share_with_followers: goes with community_id only")
    for person_id in wanted.get("media", {}).get("tagged_user_ids", []):
        if not Person.objects.filter(network=NETWORK, remote_id=person_id).exists():
            raise invalid("media.tagged_user_ids", person_id, f"Invalid user id [{person_id}].")


def refuse_text(text: str, wanted: dict[str, Any], person: Person, before: Entry | None) -> None:
    if not text.strip() and "media" not in wanted:
        raise invalid("text", text, "$.text: must not be empty where there is no media")
    if forbidden_characters(text):
        raise invalid("text", "", "$.text: holds a character that is not allowed")
    if len(CASHTAG.findall(text)) > 1:
        raise forbidden(CASHTAGS)
    is_long = person.facts.get("subscription_type") in LONG_POSTS
    if weighted_length(text) > (LONG_LIMIT if is_long else LIMIT):
        raise forbidden(NOT_PERMITTED)
    recent = living().filter(person=person, created_at__gt=timezone.now() - REMEMBERS)
    others = {normal(other.text) for other in recent if other != before}
    if text.strip() and normal(text) in others:
        raise forbidden(DUPLICATE)


def normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def parent_of(wanted: dict[str, Any], person: Person) -> Known | None:
    """The post that is answered: there, visible by now, and by somebody who asked for it."""
    if "reply" not in wanted:
        return None
    parent = known_post(wanted["reply"]["in_reply_to_tweet_id"])
    slow = timedelta(seconds=person.facts.get("reply_lag", 0))
    if parent is None or timezone.now() - parent.created_at < slow:
        raise forbidden(REPLY_GONE)
    if parent.person != person and f"@{person.handle}".lower() not in parent.text.lower():
        raise forbidden(REPLY_REFUSED)
    return parent


def quoted_by(wanted: dict[str, Any], person: Person) -> Known | None:
    """The post that is quoted. Self-serve apps may not since April 2026."""
    if "quote_tweet_id" not in wanted:
        return None
    quoted = known_post(wanted["quote_tweet_id"])
    if quoted is None or not has_all_access(person):
        raise forbidden(QUOTE_REFUSED)
    return quoted


def uploads_of(wanted: dict[str, Any], person: Person) -> list[Upload]:
    """The media of a post: one's own, finished and alive; a GIF or video stands alone, none is too long."""
    ids = wanted.get("media", {}).get("media_ids", [])
    now = timezone.now().timestamp()
    ready = {
        upload.remote_id: upload
        for upload in Upload.objects.filter(network=NETWORK, person=person, remote_id__in=ids)
        if upload.facts.get("state") == "succeeded" and upload.facts["expires_at"] > now
    }
    uploads = [ready[media_id] for media_id in ids if media_id in ready]
    films = [upload for upload in uploads if upload.content_type.startswith("video/")]
    alone = sum(upload.content_type == "image/gif" for upload in uploads) + len(films)
    if len(uploads) < len(ids) or len(set(ids)) < len(ids) or (alone and len(ids) > 1):
        raise invalid("media.media_ids", ids, MEDIA_INVALID)
    most = most_seconds(person.facts)
    if any(film.facts["seconds"] > most + 0.5 for film in films):
        raise forbidden(f"This user is not allowed to post a video longer than {most / 60:g} minutes.")
    return uploads


def keep(person: Person, wanted: dict[str, Any], around: Around) -> Entry:
    remote_id, text, parent = new_id(), wanted.get("text", "").strip(), around.parent
    body: dict[str, Any] = {
        **shown(text, remote_id, person, around.uploads, to=parent, quoted=around.quoted),
        **{name: wanted[name] for name in KEPT if name in wanted},
        "reply_settings": wanted.get("reply_settings", "everyone"),
        "conversation_id": parent.conversation_id if parent else remote_id,
        "answers": parent.person.remote_id if parent else "",
        "quote": around.quoted.remote_id if around.quoted else "",
        "about_media": {name: told for name, told in wanted.get("media", {}).items() if name != "media_ids"},
    }
    if "poll" in wanted:
        body["poll"] = poll_of(wanted["poll"])
    if around.before:
        return replaced(around.before, remote_id, text, body)
    entry = Entry.objects.create(
        network=NETWORK,
        person=person,
        remote_id=remote_id,
        text=text,
        parent_id=parent.remote_id if parent else "",
        body=body,
    )
    for upload in around.uploads:  # one by one: their order counts
        entry.uploads.add(upload)
    return entry


def poll_of(wanted: dict[str, Any]) -> dict[str, Any]:
    minutes = wanted["duration_minutes"]
    return {
        "id": new_id(),
        "options": wanted["options"],
        "duration_minutes": minutes,
        "end_datetime": f"{timezone.now() + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.000Z}",
    }


# --- a new version of a post ---


def version_before(wanted: dict[str, Any], person: Person) -> Entry | None:
    """The post that is changed, if it may be: one's own and newest version, within the hour, with Premium."""
    if "edit_options" not in wanted:
        return None
    entry = living().filter(remote_id=wanted["edit_options"]["previous_post_id"], person=person).first()
    if entry is None or not edit_controls(entry)["is_edit_eligible"] or {"poll", "reply"} & set(wanted):
        raise forbidden(NOT_PERMITTED)
    return entry


def edit_controls(entry: Entry) -> dict[str, Any]:
    body, until = entry.body, entry.created_at + EDITABLE
    left = MOST_EDITS - len(body.get("history", []))
    is_plain = not body.get("poll") and not body.get("community_id")
    is_own_reply = body.get("answers", "") in {"", entry.person.remote_id}
    is_paid = entry.person.facts.get("subscription_type") in LONG_POSTS
    is_open = left > 0 and timezone.now() < until
    return {
        "edits_remaining": left,
        "is_edit_eligible": is_plain and is_own_reply and is_paid and is_open,
        "editable_until": until.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def replaced(entry: Entry, remote_id: str, text: str, body: dict[str, Any]) -> Entry:
    """The same post under a new id; what it was stays to be looked up under the old one."""
    Entry.objects.create(
        network=NETWORK,
        person=entry.person,
        remote_id=entry.remote_id,
        text=entry.text,
        parent_id=entry.parent_id,
        body={**entry.body, "newer": remote_id},
        created_at=entry.created_at,
        deleted_at=timezone.now(),
    )
    history = history_of(entry)
    entry.remote_id, entry.text = remote_id, text
    entry.body = {
        **body,
        "conversation_id": entry.body["conversation_id"],
        "answers": entry.body["answers"],
        "history": history,
    }
    entry.save()
    return entry


# --- deleting ---


@metered("DELETE /2/tweets/{id}", 50, "tweet.read", "tweet.write", "users.read")
def delete_post(_request: HttpRequest, grant: Grant, remote_id: str) -> HttpResponse:
    """What X answers for a post that is gone is not documented: 404 here, or 200 where `gone_is_deleted`."""
    identifier(remote_id, "id")
    person = person_of(grant)
    entry = standing(remote_id)
    if entry is not None and entry.person != person:
        raise forbidden("You are not authorized to delete this Tweet.")
    if entry is None and not person.facts.get("gone_is_deleted"):
        raise wire.Refusal(404, {**not_found("tweet", "id", remote_id), "status": 404})
    if entry is not None:  # any version takes all others with it
        Entry.objects.filter(network=NETWORK, remote_id__in=entry.body.get("history", [])).delete()
        Entry.objects.filter(pk=entry.pk).update(deleted_at=timezone.now())
    return JsonResponse({"data": {"deleted": True}})
