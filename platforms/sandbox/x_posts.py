"""X's posts from the other side: what it refuses, how it shows a text, and deletes."""

import html
import re
import secrets
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms._links import x_links
from platforms.sandbox import wire
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.x_media import media_key
from platforms.sandbox.x_schema import EXCLUSIVE, NEW_POST, NOT_SELF_SERVE, identifier
from platforms.sandbox.x_timeline import living
from platforms.sandbox.x_wire import NETWORK, forbidden, invalid, metered, new_id, not_found, person_of, root
from platforms.text import forbidden_characters, weighted_length

LIMIT = 280
LONG_LIMIT = 25_000
LONG_POSTS = {"Basic", "Premium", "PremiumPlus"}
REMEMBERS = timedelta(hours=24)  # how long a text counts as the same again
MARK = re.compile(r"(?<![\w&/])(?:[@＠]\w{1,15}(?!\w)|[#＃]\w*[^\W\d_]\w*)")
KEYS = {"mentions": "username", "hashtags": "tag"}
CASHTAG = re.compile(r"(?<!\S)\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?\b")

# --- POST /2/tweets ---


@metered("POST /2/tweets", 100, "tweet.read", "tweet.write", "users.read")
def publish(request: HttpRequest, grant: Grant) -> HttpResponse:
    if request.content_type != "application/json":
        said = "Requests with bodies must have content-type of application/json."
        raise invalid("content-type", request.content_type, said)
    wanted, person = wire.payload(request), person_of(grant)
    NEW_POST(wanted, "")
    if len(rivals := [name for name in EXCLUSIVE if name in wanted]) > 1:
        raise invalid(rivals[1], "", f"$: {' and '.join(rivals)} are mutually exclusive")
    refuse_features(wanted)
    refuse_text(wanted.get("text", ""), wanted, person)
    parent = parent_of(wanted, person)
    uploads = uploads_of(wanted, person)
    entry = keep(person, wanted, parent, uploads)
    data = {"id": entry.remote_id, "text": entry.body["text"], "edit_history_tweet_ids": [entry.remote_id]}
    place = request.build_absolute_uri(f"{root(request)}/2/tweets/{entry.remote_id}")
    return JsonResponse({"data": data}, status=201, headers={"location": place})


def refuse_features(wanted: dict[str, Any]) -> None:
    """What self-serve apps have not got since April 2026, or only special accounts have."""
    if "quote_tweet_id" in wanted:
        raise forbidden("Quoting this post is not allowed.")
    if any(wanted.get(name) for name in NOT_SELF_SERVE):
        raise forbidden("You are not permitted to perform this action.")


def refuse_text(text: str, wanted: dict[str, Any], person: Person) -> None:
    if not text.strip() and "media" not in wanted:
        raise invalid("text", text, "$.text: must not be empty where there is no media")
    if forbidden_characters(text):
        raise invalid("text", "", "$.text: holds a character that is not allowed")
    if len(CASHTAG.findall(text)) > 1:
        raise forbidden("Posts are limited to a maximum of one cashtag.")
    is_long = person.facts.get("subscription_type") in LONG_POSTS
    if weighted_length(text) > (LONG_LIMIT if is_long else LIMIT):
        raise forbidden("You are not permitted to perform this action.")
    recent = living().filter(person=person, created_at__gt=timezone.now() - REMEMBERS)
    if text.strip() and normal(text) in {normal(other) for other in recent.values_list("text", flat=True)}:
        raise forbidden("You are not allowed to create a Tweet with duplicate content.")


def normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def parent_of(wanted: dict[str, Any], person: Person) -> Entry | None:
    """The post that is answered: there, visible by now, and by somebody who asked for it."""
    if "reply" not in wanted:
        return None
    parent = living().filter(remote_id=wanted["reply"]["in_reply_to_tweet_id"]).first()
    slow = timedelta(seconds=person.facts.get("reply_lag", 0))
    if parent is None or timezone.now() - parent.created_at < slow:
        raise forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
    if parent.person != person and f"@{person.handle}".lower() not in parent.text.lower():
        raise forbidden(
            "Reply to this conversation is not allowed because you have not been mentioned or otherwise "
            "engaged by the author of the post you are replying to."
        )
    return parent


def uploads_of(wanted: dict[str, Any], person: Person) -> list[Upload]:
    """The media of a post: one's own, finished and alive; a GIF stands alone."""
    ids = wanted.get("media", {}).get("media_ids", [])
    now = timezone.now().timestamp()
    ready = {
        upload.remote_id: upload
        for upload in Upload.objects.filter(network=NETWORK, person=person, remote_id__in=ids)
        if upload.facts.get("state") == "succeeded" and upload.facts["expires_at"] > now
    }
    uploads = [ready[media_id] for media_id in ids if media_id in ready]
    gifs = sum(upload.content_type == "image/gif" for upload in uploads)
    if len(uploads) < len(ids) or len(set(ids)) < len(ids) or (gifs and len(ids) > 1):
        raise invalid("media.media_ids", ids, "Your media IDs are invalid.")
    return uploads


def keep(person: Person, wanted: dict[str, Any], parent: Entry | None, uploads: list[Upload]) -> Entry:
    remote_id, text = new_id(), wanted.get("text", "").strip()
    body = {
        **shown(text, remote_id, person, uploads),
        "reply_settings": wanted.get("reply_settings", "everyone"),
    }
    body["conversation_id"] = parent.body["conversation_id"] if parent else remote_id
    entry = Entry.objects.create(
        network=NETWORK,
        person=person,
        remote_id=remote_id,
        text=text,
        parent_id=parent.remote_id if parent else "",
        body=body,
    )
    for upload in uploads:  # one by one: their order counts
        entry.uploads.add(upload)
    return entry


# --- how a text is shown: links wrapped, escapes, a link to the pictures at its end ---


def shown(text: str, remote_id: str, person: Person, uploads: list[Upload]) -> dict[str, Any]:
    """`text` and `entities`, and for a long post `note` with the whole."""
    if weighted_length(text) <= LIMIT:
        return {**wrapped(text, remote_id, person, uploads), "note": None}
    start = text[:LIMIT]
    while weighted_length(start) > LIMIT - 1:
        start = start[:-1]
    cut = start.rpartition(" ")[0] or start
    return {**wrapped(f"{cut}…", remote_id, person, uploads), "note": wrapped(text, remote_id, person, [])}


def wrapped(text: str, remote_id: str, person: Person, uploads: list[Upload]) -> dict[str, Any]:
    done, out = 0, ""
    marks: dict[str, list[dict[str, Any]]] = {"urls": [], "hashtags": [], "mentions": []}
    for start, stop, kind in stretches(text):
        out += html.escape(text[done:start], quote=False)
        done, first, written = stop, len(out), text[start:stop]
        more = wrapped_link(written) if kind == "urls" else {KEYS[kind]: written[1:]}
        out += more.get("url", written)
        marks[kind].append({"start": first, "end": len(out), **more})
    out += html.escape(text[done:], quote=False)
    if uploads:
        out, pictures = with_pictures(out, remote_id, person, uploads)
        marks["urls"] += pictures
    return {"text": out, "entities": {kind: found for kind, found in marks.items() if found}}


def stretches(text: str) -> Iterator[tuple[int, int, str]]:
    """Links, mentions and hashtags in order, none inside another."""
    links = [(start, stop, "urls") for start, stop in x_links(text)]
    others = [
        (*match.span(), "mentions" if match[0][0] in "@＠" else "hashtags") for match in MARK.finditer(text)
    ]
    end = 0
    for start, stop, kind in sorted([*links, *others]):
        if start >= end:
            end = stop
            yield start, stop, kind


def wrapped_link(written: str) -> dict[str, str]:
    expanded = written if re.match("https?://", written, re.IGNORECASE) else f"http://{written}"
    plain = re.sub(r"^https?://(www\.)?", "", expanded, flags=re.IGNORECASE)
    display = plain if len(plain) <= 27 else f"{plain[:26]}…"
    return {"url": short_link(), "expanded_url": expanded, "display_url": display}


def short_link() -> str:
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "https://t.co/" + "".join(secrets.choice(letters) for _ in range(10))


def with_pictures(
    out: str, remote_id: str, person: Person, uploads: list[Upload]
) -> tuple[str, list[dict[str, Any]]]:
    """One link stands for all pictures; each has an entity of its own."""
    url = short_link()
    out = f"{out} {url}".lstrip()
    place = {"start": len(out) - len(url), "end": len(out), "url": url}
    page = f"https://x.com/{person.handle}/status/{remote_id}/photo/1"
    own = {"expanded_url": page, "display_url": url.replace("https://t.co/", "pic.x.com/")}
    return out, [{**place, **own, "media_key": media_key(upload)} for upload in uploads]


# --- deleting ---


@metered("DELETE /2/tweets/{id}", 50, "tweet.read", "tweet.write", "users.read")
def delete_post(_request: HttpRequest, grant: Grant, remote_id: str) -> HttpResponse:
    """What X answers for a post that is gone is not documented: 404 here, or 200 where `gone_is_deleted`."""
    identifier(remote_id, "id")
    person = person_of(grant)
    entry = living().filter(remote_id=remote_id).first()
    if entry is not None and entry.person != person:
        raise forbidden("You are not authorized to delete this Tweet.")
    if entry is None and not person.facts.get("gone_is_deleted"):
        raise wire.Refusal(404, {**not_found("tweet", "id", remote_id), "status": 404})
    living().filter(remote_id=remote_id).update(deleted_at=timezone.now())
    return JsonResponse({"data": {"deleted": True}})
