"""X's people from the other side."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from platforms.sandbox import pages
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.x_wire import NETWORK, Asked, asked, invalid, metered, not_found, person_of, root


@metered("GET /2/users/me", 75, "users.read", "tweet.read")
def me(request: HttpRequest, grant: Grant) -> HttpResponse:
    person = person_of(grant)
    return JsonResponse({"data": user_body(request, person, asked(request, person))})


@metered("GET /2/users/by", 900, "users.read", "tweet.read")
def by_name(request: HttpRequest, grant: Grant) -> HttpResponse:
    """People by their handles, whatever the case."""
    wanted = asked(request, person_of(grant), "usernames")
    names = [name for name in request.GET.get("usernames", "").split(",") if name]
    wrong = [name for name in names if not re.fullmatch(r"[A-Za-z0-9_]{1,15}", name)]
    if wrong or not 1 <= len(names) <= 100:
        raise invalid("usernames", wrong or names, "`usernames`: 1 to 100 of ^[A-Za-z0-9_]{1,15}$")
    known = {person.handle.lower(): person for person in Person.objects.filter(network=NETWORK)}
    found = [user_body(request, known[name.lower()], wanted) for name in names if name.lower() in known]
    errors = [not_found("user", "usernames", name) for name in names if name.lower() not in known]
    return JsonResponse({**({"data": found} if found else {}), **({"errors": errors} if errors else {})})


def user_body(request: HttpRequest, person: Person, wanted: Asked) -> dict[str, Any]:
    """A person with what is always there and what was asked for."""
    facts = person.facts
    picture = f"{root(request)}/profile_images/{person.remote_id}_normal.svg"
    body: dict[str, Any] = {
        "description": person.about,
        "profile_image_url": request.build_absolute_uri(picture),
        "protected": False,
        "verified": facts.get("verified_type", "none") != "none",
        "verified_type": facts.get("verified_type", "none"),
        "subscription_type": facts.get("subscription_type", "None"),
        "created_at": facts.get("created_at", "2018-12-10T21:54:13.000Z"),
    }
    if "public_metrics" in wanted.wants("user.fields"):
        body["public_metrics"] = metrics(person)
    chosen = {name: value for name, value in body.items() if name in wanted.wants("user.fields")}
    return {"id": person.remote_id, "name": person.name, "username": person.handle, **chosen}


def metrics(person: Person) -> dict[str, int]:
    alive = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
    return {
        "followers_count": person.facts.get("followers", 0),
        "following_count": person.facts.get("following", 0),
        "tweet_count": alive.count(),
        "listed_count": 0,
        "like_count": 0,
        "media_count": Upload.objects.filter(entries__in=alive).count(),
    }


def profile_image(request: HttpRequest, remote_id: str) -> HttpResponse:
    """Both sizes of a person's picture, which is drawn."""
    person = get_object_or_404(Person, network=NETWORK, remote_id=remote_id)
    return pages.avatar(request, NETWORK, person.handle)
