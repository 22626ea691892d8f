"""How Instagram's twin speaks: refusals by subcode, and what each of the two ways in may do."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from platforms.sandbox import graph, wire
from platforms.sandbox.models import Entry, Grant, Person
from platforms.sandbox.wire import Refusal

NETWORK = "instagram"
LABEL = "Instagram"
View = Callable[..., HttpResponse]

# What a call needs, as the scope of each way in; where there is none, that way does not offer the call.
CALLS: dict[str, dict[str, str]] = {
    "instagram": {
        "basic": "instagram_business_basic",
        "publish": "instagram_business_content_publish",
        "comments": "instagram_business_manage_comments",
        "messages": "instagram_business_manage_messages",
        "insights": "instagram_business_manage_insights",
    },
    "facebook": {
        "basic": "instagram_basic",
        "publish": "instagram_content_publish",
        "comments": "instagram_manage_comments",
        "messages": "instagram_manage_messages",
        "insights": "instagram_manage_insights",
        "delete": "instagram_manage_contents",
        "like": "instagram_manage_engagement",
        "pages": "pages_show_list",
        "webhooks": "pages_manage_metadata",
    },
}
SCOPES = {
    "instagram": tuple(CALLS["instagram"].values()),
    "facebook": (*CALLS["facebook"].values(), "pages_read_engagement", "business_management", "ads_read"),
}

# Which code comes with a subcode, and what is said (Instagram Platform, Error Codes).
SUBCODES: dict[int, tuple[int, str]] = {
    2207001: (-1, "Instagram server error. Try again."),
    2207003: (-2, "It takes too long to download the media."),
    2207004: (36000, "The image is too large to download. It should be less than 8 MiB."),
    2207005: (36001, "The image format is not supported."),
    2207006: (24, "The requested resource does not exist"),
    2207008: (24, "The media builder with creation id does not exist or has been expired."),
    2207009: (36003, "The aspect ratio is not supported."),
    2207010: (36004, "The caption was too long."),
    2207020: (-2, "The media you are trying to access has expired."),
    2207023: (100, "The media type is unknown."),
    2207026: (352, "The video format is not supported."),
    2207027: (9007, "The media is not ready for publishing, please wait for a moment"),
    2207028: (100, "Your post won't work as a carousel."),
    2207032: (-1, "Create media fail, please try to re-create media."),
    2207035: (100, "Product tag positions should not be specified for video media."),
    2207036: (100, "Product tag positions are required for photo media."),
    2207037: (100, "We couldn't add all of your product tags."),
    2207040: (100, "Cannot use more than the maximum number of tags."),
    2207042: (9, "Application request limit reached"),
    2207050: (25, "The Instagram account is restricted."),
    2207051: (4, "We restrict certain activity to protect our community."),
    2207052: (9004, "Only photo or video can be accepted as media type."),
    2207053: (-1, "Unknown upload error"),
    2207057: (1, "The thumbnail offset must be within the video."),
    2207073: (-1, "This media cannot be deleted."),
    2534014: (100, "The requested user cannot be found."),
    2534022: (10, "This message is sent outside of allowed window."),
    2534029: (100, "The message is invalid."),
    2534040: (613, "Too many messages were sent."),
    2534041: (200, "The account owner has disabled access to instagram direct messages."),
    1772107: (20, "The comment was created, but its fields cannot be read."),
    1893063: (10, "Messaging is restricted."),
}


def error(subcode: int, message: str = "") -> Refusal:
    """The refusal of a subcode, with its code."""
    code, said = SUBCODES.get(subcode, (100, "The request was refused."))
    title: dict[str, Any] = {"error_user_title": "Not possible", "error_user_msg": message or said}
    return graph.error(code, message or said, subcode, is_transient=False, **title)


def invalid(message: str) -> Refusal:
    return graph.error(100, f"(#100) {message}")


def missing() -> Refusal:
    return graph.error(100, subcode=33, type="GraphMethodException")


def refuse(code: str) -> Refusal:
    """The refusal of one of our clients' codes: "/2207026", "190/463", "4", or a sentence."""
    number, _, subcode = code.partition("/")
    if subcode.isdigit() and not number:
        return error(int(subcode))
    return graph.refuse(code)


DIALECT = replace(graph.dialect(NETWORK), refuse=refuse)


def flavour_of(grant: Grant) -> str:
    return str(grant.facts.get("flavour", "instagram"))


def need(grant: Grant, call: str) -> None:
    """Refuse what this way in does not offer, or what was not allowed."""
    scope = CALLS[flavour_of(grant)].get(call)
    if scope is None:
        raise missing()
    if scope not in grant.scopes:
        raise graph.error(10, "(#10) Application does not have permission for this action", status=403)


def api(call: str, *methods: str) -> Callable[[View], View]:
    """An endpoint for what `call` says: token, proof and scope are looked at; the view gets the grant."""

    def decorate(view: View) -> View:
        @wire.endpoint(DIALECT, *methods)
        @graph.granted(NETWORK)
        @wraps(view)
        def serve(request: HttpRequest, grant: Grant, *args: Any, **kwargs: Any) -> HttpResponse:
            need(grant, call)
            return view(request, grant, *args, **kwargs)

        return serve

    return decorate


def person_of(grant: Grant) -> Person:
    """Whose grant it is."""
    if grant.person is None:
        raise graph.error(190, status=401)
    return grant.person


def owner(grant: Grant, node: str) -> Person:
    """The professional account that a node names, which must be the token's own."""
    person = person_of(grant)
    own = {person.remote_id, "me"} if flavour_of(grant) == "instagram" else {person.remote_id}
    if node not in own:
        raise missing()
    if person.facts.get("account_type") == "personal":
        raise graph.error(100, "The user is not an Instagram Business")
    return person


def mailbox(grant: Grant, node: str) -> Person:
    """Whose conversations a node holds: the account's own, or those of the Page that it is linked to."""
    if flavour_of(grant) == "instagram":
        return owner(grant, node)
    if node != grant.facts.get("page"):
        raise missing()
    return person_of(grant)


def new_id(start: str) -> str:
    return start + "".join(secrets.choice("0123456789") for _ in range(17 - len(start)))


def own_media(grant: Grant, node: str) -> Entry:
    entry = Entry.objects.filter(
        network=NETWORK, remote_id=node, person=person_of(grant), deleted_at=None
    ).first()
    if entry is None:
        raise missing()
    return entry


def fields_of(request: HttpRequest) -> dict[str, Any]:
    """What a write says, without who says it."""
    ours = {"access_token", "appsecret_proof", "fields"}
    return {name: value for name, value in graph.wire_fields(request).items() if name not in ours}


def is_true(value: Any) -> bool:
    """A flag of a form or of JSON; anything that is none is refused."""
    said = str(value).lower()
    if said not in {"true", "false", "1", "0"}:
        raise invalid(f"Param must be a boolean, got {said[:20]}")
    return said in {"true", "1"}


def person_named(handle: str) -> Person | None:
    return Person.objects.filter(network=NETWORK, handle=handle).first()


def link(request: HttpRequest, name: str, *args: str) -> str:
    return request.build_absolute_uri(reverse(name, args=args))
