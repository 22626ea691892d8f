"""How Facebook's twin is spoken to: its dialect, who asks, and which thing an id names."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from platforms.sandbox import graph, wire
from platforms.sandbox.models import Entry, Grant, Note, Person, Upload

NETWORK = "facebook"
DIALECT = graph.dialect(NETWORK)
View = Callable[..., HttpResponse]
STRUCTURED = {"attached_media", "targeting", "call_to_action", "recipient", "tags", "subscribed_fields"}
# Parameters that every call may carry.
ALWAYS = {"access_token", "appsecret_proof", "fields", "format", "locale", "summary"}


def methods(**views: View) -> View:
    """One address with a view for each method."""

    @wire.endpoint(DIALECT, *views)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return views[request.method or ""](request, *args, **kwargs)

    return serve


def as_page(*scopes: str) -> Callable[[View], View]:
    """For what a Page does at its own address: hands the Page to the view in place of its id."""

    def decorate(view: View) -> View:
        @graph.granted(NETWORK, *scopes)
        @wraps(view)
        def serve(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
            page = acting_page(grant)
            if node not in {"me", page.remote_id}:
                raise missing()
            return view(request, page)

        return serve

    return decorate


def acting_page(grant: Grant) -> Person:
    """The Page that a token speaks for; a person's own token is refused."""
    if "under" not in grant.facts or grant.person is None:
        raise graph.error(210, "(#210) A page access token is required to request this resource.")
    return grant.person


def missing() -> wire.Refusal:
    return graph.error(100, subcode=33, type="GraphMethodException")


def fields_of(request: HttpRequest, *known: str) -> dict[str, Any]:
    """A write's parameters with structured values read; one that the edge does not know is refused."""
    given = graph.wire_fields(request)
    given |= {name: graph.structured(given[name]) for name in STRUCTURED & set(given)}
    if strange := sorted(set(given) - set(known) - ALWAYS):
        raise graph.error(100, f"(#100) Invalid parameter: {strange[0]} is not known here")
    return {name: value for name, value in given.items() if name not in ALWAYS}


def is_true(value: Any, default: bool) -> bool:
    """A boolean as forms, queries and JSON write it."""
    if value is None:
        return default
    if value in {True, "true", "True", "1"}:
        return True
    if value in {False, "false", "False", "0"}:
        return False
    raise graph.error(100, "(#100) Invalid parameter: this is no boolean")


def new_id() -> str:
    return "1" + "".join(secrets.choice("0123456789") for _ in range(14))


# --- what an id names ---


def entry_of(page: Person, node: str) -> Entry | None:
    """A Page's post: by its whole id, by its own part, or by its video's id."""
    mine = Entry.objects.filter(network=NETWORK, person=page, deleted_at=None).select_related("person")
    whole = node if "_" in node else f"{page.remote_id}_{node}"
    return mine.filter(remote_id=whole).first() or mine.filter(body__video_id=node).first()


def upload_of(page: Person, node: str) -> Upload | None:
    return Upload.objects.filter(network=NETWORK, person=page, remote_id=node).first()


def note_of(page: Person, node: str) -> Note | None:
    notes = Note.objects.filter(network=NETWORK, person=page, remote_id=node, deleted_at=None)
    return notes.select_related("author", "entry").first()


def author_body(request: HttpRequest, person: Person) -> dict[str, Any]:
    return {"id": person.remote_id, "name": person.name, "picture": picture_body(request, person)}


def picture_body(request: HttpRequest, person: Person) -> dict[str, Any]:
    address = request.build_absolute_uri(f"/sandbox/{NETWORK}/@{person.handle}/avatar.png")
    return {"data": {"height": 50, "is_silhouette": False, "url": address, "width": 50}}
