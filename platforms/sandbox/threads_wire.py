"""How Threads speaks: its addresses, scopes, ids and refusals."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from platforms.sandbox import graph, wire
from platforms.sandbox.models import Entry, Grant, Note, Person
from platforms.sandbox.wire import Refusal

NETWORK = "threads"
DIALECT = graph.dialect(NETWORK)
DAY = timedelta(hours=24)
EARLIEST = 1_688_540_400  # nothing on Threads is older
SCOPES = (
    "threads_basic",
    "threads_content_publish",
    "threads_read_replies",
    "threads_manage_replies",
    "threads_manage_insights",
    "threads_manage_mentions",
    "threads_delete",
    "threads_location_tagging",
    "threads_keyword_search",
    "threads_profile_discovery",
    "threads_share_to_instagram",
)
View = Callable[..., HttpResponse]


def endpoint(**views: View) -> View:
    """One address with a view for each method."""

    @wire.endpoint(DIALECT, *views)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return views[str(request.method)](request, *args, **kwargs)

    return serve


def granted(*scopes: str) -> Callable[[View], View]:
    return graph.granted(NETWORK, "threads_basic", *scopes)


def person_of(grant: Grant, owner: str = "me") -> Person:
    """Whom a token speaks for; it speaks for nobody else."""
    person = grant.person
    if person is None or owner not in {"me", person.remote_id}:
        raise absent(owner)
    return person


def needs(grant: Grant, scope: str) -> None:
    if scope not in grant.scopes:
        raise graph.error(200, f"(#200) Requires {scope} permission to perform this action", status=403)


def absent(node: str) -> Refusal:
    return graph.error(
        100,
        f"Unsupported request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation",
        33,
        type="THApiException",
    )


def not_yet() -> Refusal:
    return graph.error(
        24,
        "The requested resource does not exist",
        4279009,
        error_user_title="Media Not Found",
        error_user_msg="The media with this id cannot be found.",
    )


def wrong(name: str, said: str) -> Refusal:
    return graph.error(100, f"(#100) Param {name} {said}")


def new_id() -> str:
    return f"18{secrets.randbelow(10**15):015}"


def new_shortcode() -> str:
    return "D" + secrets.token_urlsafe(8)


def living() -> Any:
    return Entry.objects.filter(network=NETWORK, deleted_at=None)


def entry_of(node: str) -> Entry | None:
    found: Entry | None = living().select_related("person").filter(remote_id=node).first()
    return found


def note_of(node: str) -> Note | None:
    return Note.objects.filter(network=NETWORK, remote_id=node, deleted_at=None).first()


def address(request: HttpRequest, handle: str, shortcode: str) -> str:
    page = reverse("sandbox-person", args=[NETWORK, handle])
    return request.build_absolute_uri(f"{page}post/{shortcode}")


# --- what is used up in 24 hours ---

LIMITS = {"posts": 250, "replies": 1000, "deletes": 100, "searches": 500}
ROOM = {
    "posts": ("quota_usage", "config"),
    "replies": ("reply_quota_usage", "reply_config"),
    "deletes": ("delete_quota_usage", "delete_config"),
    "searches": ("location_search_quota_usage", "location_search_config"),
}


def used(person: Person, what: str) -> int:
    since = timezone.now() - DAY
    mine = Entry.objects.filter(network=NETWORK, person=person)
    match what:
        case "posts":
            return mine.filter(created_at__gt=since, parent_id="").count()
        case "replies":
            return mine.filter(created_at__gt=since).exclude(parent_id="").count()
        case "deletes":
            return mine.filter(deleted_at__gt=since).count()
    return int(person.facts.get("searches", 0))


def limit(person: Person, what: str) -> int:
    return int(person.facts.get("limits", {}).get(what, LIMITS[what]))


def take(person: Person, what: str) -> None:
    """Refuses what is more than a day allows."""
    if used(person, what) >= limit(person, what):
        raise graph.error(9, "(#9) The daily limit of this profile is reached", 2207042)
