"""What people do with each other on Mastodon-like servers: write, favour, vote, and are told of it."""

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox.mastodon_polls import poll_json, vote
from platforms.sandbox.mastodon_posts import may_see, visible
from platforms.sandbox.mastodon_server import NETWORK, Visit, api, iso, new_id
from platforms.sandbox.mastodon_shown import account_json, as_entry, named_in, status_json
from platforms.sandbox.models import Entry, Note, Person
from platforms.sandbox.wire import payload

TYPES = {
    "mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "quote",
    "quoted_update", "severed_relationships", "moderation_warning", "admin.sign_up", "admin.report",
}  # fmt: skip
VISIBILITY = {"comment": "unlisted", "mention": "public", "direct": "direct"}
# A post of a server far away, which ours learns of when somebody looks for its address.
FAR = re.compile(r"https://rivers\.example/@inga/(\d{18})")
FAR_WORDS = "The river stands at 2.40 m this morning, and still rises. Bakers on the quay: move the flour."


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """Somebody writes to a person: an answer to a post, a mention, or a direct message."""
    answered = entry.remote_id if entry and kind == "comment" else ""
    return Note.objects.create(
        network=NETWORK,
        person=person,
        author=author,
        kind=kind,
        remote_id=str(int(time.time() * 1000) << 16 | secrets.randbits(16)),
        text=text,
        entry=entry if kind == "comment" else None,
        parent_id=answered,
        body={
            "visibility": VISIBILITY[kind],
            "sensitive": False,
            "spoiler_text": "",
            "language": "en",
            "server": NETWORK,
        },
    )


# --- notifications ---


@dataclass(frozen=True)
class Notice:
    """One thing that a person is told of."""

    remote_id: str
    kind: str
    person: Person
    entry: Entry
    at: datetime

    def json(self, visit: Visit) -> dict[str, Any]:
        return {
            "id": self.remote_id,
            "type": self.kind,
            "created_at": iso(self.at),
            "group_key": f"ungrouped-{self.remote_id}",
            "account": account_json(visit, self.person),
            "status": status_json(visit, self.entry),
        }


def notices(person: Person) -> list[Notice]:
    """All that a person is told of, newest first."""
    found = [*mentions_of(person), *quotes_of(person), *favours_of(person)]
    return sorted(found, key=lambda notice: (notice.at, notice.remote_id), reverse=True)


def mentions_of(person: Person) -> Iterator[Notice]:
    notes = Note.objects.filter(network=NETWORK, person=person, deleted_at=None)
    for note in notes.select_related("author", "person"):
        yield Notice(note.remote_id, "mention", note.author, as_entry(note), note.created_at)
    others = Entry.objects.filter(network=NETWORK, deleted_at=None).exclude(person=person)
    for entry in others.filter(text__icontains=f"@{person.handle}").select_related("person"):
        if person.handle in named_in(entry.text):
            yield Notice(entry.remote_id, "mention", entry.person, entry, entry.created_at)


def quotes_of(person: Person) -> Iterator[Notice]:
    own = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
    quoting = Entry.objects.filter(network=NETWORK, deleted_at=None).exclude(person=person)
    for entry in quoting.filter(body__quoted__in=[*own.values_list("remote_id", flat=True)]):
        yield Notice(f"{entry.remote_id}1", "quote", entry.person, entry, entry.created_at)


def favours_of(person: Person) -> Iterator[Notice]:
    """Favourites of a post: `body` keeps who pressed, the notification's id and when."""
    own = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None, body__has_key="favourites")
    people = {one.remote_id: one for one in Person.objects.filter(network=NETWORK)}
    for entry in own:
        for by, (remote_id, at) in entry.body["favourites"].items():
            if by != person.remote_id:
                yield Notice(remote_id, "favourite", people[by], entry, datetime.fromisoformat(at))


@api("GET", scope="read:notifications")
def notifications(visit: Visit) -> HttpResponse:
    asked = visit.request.GET
    wanted, unwanted = asked.getlist("types[]"), asked.getlist("exclude_types[]")
    found = [
        notice
        for notice in notices(visit.person)
        if (not wanted or notice.kind in wanted) and notice.kind not in unwanted
    ]
    limit = min(int(asked["limit"]), 80) if asked.get("limit", "").isdecimal() else 40
    page = between(found, asked.get("max_id"), asked.get("since_id"), asked.get("min_id"), limit)
    response = JsonResponse([notice.json(visit) for notice in page], safe=False)
    if page:
        here = visit.request.build_absolute_uri(visit.request.path)
        older, newer = (urlencode({name: page[n].remote_id}) for name, n in (("max_id", -1), ("min_id", 0)))
        response["Link"] = f'<{here}?{older}>; rel="next", <{here}?{newer}>; rel="prev"'
    return response


def between(
    found: list[Notice], max_id: str | None, since_id: str | None, min_id: str | None, limit: int
) -> list[Notice]:
    """A page: those before `max_id`, the newest since `since_id`, or the next ones after `min_id`."""
    places = {notice.remote_id: n for n, notice in enumerate(found)}
    start = places[max_id] + 1 if max_id in places else 0
    end = min(places.get(since_id or "", len(found)), places.get(min_id or "", len(found)))
    shown = found[start:end]
    return shown[-limit:] if min_id else shown[:limit]


# --- favourites ---


@api("POST", scope="write:favourites")
def favourite(visit: Visit, remote_id: str, on: bool) -> HttpResponse:
    entry = visible(visit, remote_id)
    favourites = entry.body.setdefault("favourites", {})
    if on:
        favourites.setdefault(visit.person.remote_id, [new_id(visit), timezone.now().isoformat()])
    else:
        favourites.pop(visit.person.remote_id, None)
    if entry.pk:
        entry.save(update_fields=["body"])
    else:
        notes = Note.objects.filter(network=NETWORK, remote_id=remote_id)
        notes.update(body=entry.body, likes=len(favourites))
    return JsonResponse(status_json(visit, entry))


# --- polls ---


@api("GET", scope="read:statuses")
def poll(visit: Visit, remote_id: str) -> HttpResponse:
    return JsonResponse(poll_json(asked_of(visit, remote_id), visit.person) or {})


@api("POST", scope="write:statuses")
def votes(visit: Visit, remote_id: str) -> HttpResponse:
    entry = asked_of(visit, remote_id)
    vote(visit, entry, payload(visit.request).get("choices"))
    return JsonResponse(poll_json(entry, visit.person) or {})


def asked_of(visit: Visit, remote_id: str) -> Entry:
    entry = visible(visit, remote_id)
    if not entry.body.get("poll"):
        raise visit.refusal("missing")
    return entry


# --- search ---


@api("GET", scope="read:search")
def search(visit: Visit) -> HttpResponse:
    """Posts by their address alone; a far one is fetched where `resolve` says so."""
    asked = visit.request.GET
    query = asked.get("q", "").strip()
    if not query:
        raise visit.refusal("field", name="q")
    if FAR.fullmatch(query) and asked.get("resolve") == "true":
        fetched(query)
    entry = by_address(visit, query) if asked.get("type", "statuses") == "statuses" else None
    shown = [status_json(visit, entry)] if entry and may_see(visit, entry) else []
    return JsonResponse({"accounts": [], "statuses": shown, "hashtags": []})


def by_address(visit: Visit, query: str) -> Entry | None:
    far = FAR.fullmatch(query)
    remote_id = far[1] if far else query.rstrip("/").rpartition("/")[2]
    is_ours = query.startswith(visit.request.build_absolute_uri("/"))
    known = Q(network=NETWORK, remote_id=remote_id, deleted_at=None)
    return Entry.objects.select_related("person").filter(known).first() if far or is_ours else None


def fetched(address: str) -> None:
    found = FAR.fullmatch(address)
    author = Person.objects.get(network=NETWORK, handle="inga")
    body = {
        "visibility": "public",
        "sensitive": False,
        "spoiler_text": "",
        "language": "en",
        "server": "rivers.example",
    }
    Entry.objects.get_or_create(
        network=NETWORK,
        person=author,
        remote_id=found[1] if found else "",
        defaults={"text": FAR_WORDS, "body": body},
    )
