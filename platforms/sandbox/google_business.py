"""The twin of Google's business profiles: who lives there, its addresses, what arrives, what people see."""

import base64
import json
import secrets
import time
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from joserfc import jwt
from joserfc.jwk import RSAKey

from platforms.sandbox import google, wire, world
from platforms.sandbox import google_business_places as places
from platforms.sandbox import google_business_posts as posts
from platforms.sandbox import google_business_reviews as reviews
from platforms.sandbox.google_business_wire import DIALECT, NETWORK, WANTS, places_of, serve
from platforms.sandbox.models import Entry, Note, Person

BUTTON_WORDS = {
    "BOOK": "Book",
    "ORDER": "Order online",
    "SHOP": "Buy",
    "LEARN_MORE": "Learn more",
    "SIGN_UP": "Sign up",
    "CALL": "Call now",
}
STATES = {"PROCESSING": "In review", "REJECTED": "Rejected by Google", "SCHEDULED": "Scheduled"}
REPEATS = {
    "dailyPattern": "every day", "weeklyPattern": "every week", "monthlyPattern": "every month"
}  # fmt: skip


def people() -> None:
    """A bakery with two shops and one that is not verified, a mill, and two who write about them."""
    world.person(
        NETWORK,
        "accounts/104123456789012345678",
        "morgenrotbakery",
        "Morgenrot Bakery",
        about="Sourdough since 1987. Two shops by the lake, one oven.",
        colour="#a8451f",
        facts={
            "accounts": [
                account("104123456789012345678", "Greta Morgenrot", "PERSONAL", "PRIMARY_OWNER", SHOP),
                account("112233445566", "Morgenrot shops", "LOCATION_GROUP", "OWNER", SHOP, BRANCH, NEW),
            ]
        },
    )
    world.person(
        NETWORK,
        "accounts/107700000000000000001",
        "kornmuehle",
        "Kornmühle Lindau",
        about="We mill what others bake.",
        colour="#5f6b2a",
        facts={
            "accounts": [account("107700000000000000001", "Emil Korn", "PERSONAL", "PRIMARY_OWNER", MILL)]
        },
    )
    world.person(NETWORK, "107700000000000000002", "annikavogt", "Annika Vogt", colour="#355c8a")
    world.person(NETWORK, "107700000000000000003", "jonaskehl", "Jonas Kehl", colour="#6b4a2f")


def account(number: str, name: str, kind: str, role: str, *locations: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"accounts/{number}",
        "accountName": name,
        "type": kind,
        "role": role,
        "verificationState": "UNVERIFIED",
        "vettedState": "NOT_VETTED",
        "locations": list(locations),
    }


def shop(number: str, title: str, street: str, town: str, **rest: Any) -> dict[str, Any]:
    """A location; `rest` are further fields, or others than the usual ones."""
    return {
        "name": f"locations/{number}",
        "languageCode": "en",
        "title": title,
        "phoneNumbers": {"primaryPhone": "+49 8382 5550100"},
        "categories": {"primaryCategory": {"name": "categories/gcid:bakery", "displayName": "Bakery"}},
        "storefrontAddress": {"regionCode": "DE", "locality": town, "addressLines": [street]},
        "websiteUri": "https://morgenrot.example/",
        "openInfo": {"status": "OPEN", "canReopen": True},
        "metadata": {"placeId": f"ChIJ{number}", "hasVoiceOfMerchant": True},
        **rest,
    }


SHOP = shop("987654321", "Morgenrot Bakery", "Maximilianstraße 12", "Lindau", storeCode="LINDAU")
BRANCH = shop(
    "987654322", "Morgenrot Bakery", "Halbinselstraße 3", "Wasserburg", languageCode="de", phoneNumbers={}
)
NEW = shop("987654323", "Morgenrot Bakery", "Seepromenade 1", "Nonnenhorn", metadata={"placeId": "ChIJnew"})

MILL = shop("987654331", "Kornmühle Lindau", "Mühlweg 4", "Lindau")

# --- what arrives ---


def arrive(
    kind: str, person: Person, author: Person, text: str, entry: Entry | None = None, stars: int = 4
) -> Note:
    """Somebody reviews the location of a post, or the first one: there is nothing else to write there."""
    first = places_of(person)[0]["name"].partition("/")[2]
    return reviews.write(kind, person, author, text, stars, entry.body["location"] if entry else first)


def webhook(note: Note, secret: str) -> tuple[dict[str, str], bytes]:
    """Pub/Sub's push of a new review; the audience of its token is what was set for the subscription."""
    account = note.person.facts["accounts"][0]["name"]
    location = f"{account}/locations/{note.body['location']}"
    told = {
        "notification_type": "NEW_REVIEW",
        "location_name": location,
        "review_name": f"{location}/reviews/{note.remote_id}",
    }
    data = base64.b64encode(json.dumps(told).encode()).decode()
    message = {"data": data, "messageId": str(secrets.randbelow(10**16)), "attributes": {}}
    body = {"message": message, "subscription": "projects/morgenrot/subscriptions/reviews"}
    return {"Authorization": f"Bearer {signed(secret)}"}, json.dumps(body).encode()


def signed(audience: str, **other: Any) -> str:
    """An OIDC token as Google gives it to a push; `other` claims replace the usual ones."""
    now, account = int(time.time()), "push@morgenrot.iam.gserviceaccount.com"
    claims = {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "azp": "113774264463038321964",
        "sub": "113774264463038321964",
        "email": account,
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
        **other,
    }
    key = google_key()
    return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": key.kid or ""}, claims, key)


def google_key() -> RSAKey:
    """The key that Google signs with: made once, the same in every process that shares a cache."""

    def new() -> dict[str, Any]:
        made = RSAKey.generate_key(2048, auto_kid=True)
        return {**made.as_dict(private=True), "kid": made.kid}

    kept: dict[str, Any] = cache.get_or_set("sandbox-google-key", new, None) or {}
    return RSAKey.import_key(kept)


@wire.endpoint(DIALECT, "GET")
def certs(_request: HttpRequest) -> HttpResponse:
    key = google_key()
    public = {**key.as_dict(private=False), "alg": "RS256", "use": "sig", "kid": key.kid}
    return JsonResponse({"keys": [public]})


# --- what people see ---


def face(entry: Entry) -> world.Face:
    """What the post is, when it is, what its button does, and which shop says it."""
    told, location = entry.body["post"], f"locations/{entry.body['location']}"
    event, button, offer = told.get("event", {}), told.get("callToAction", {}), told.get("offer", {})
    place = next((found for found in places_of(entry.person) if found["name"] == location), SHOP)
    address = place["storefrontAddress"]
    phone = place["phoneNumbers"].get("primaryPhone", "")
    is_call = button.get("actionType") == "CALL"
    repeats = [words for name, words in REPEATS.items() if name in event.get("recurrenceInfo", {})]
    facts: dict[str, Any] = {
        "topic": {"EVENT": "Event", "OFFER": "Offer"}.get(told["topicType"], ""),
        "title": event.get("title", ""),
        "when": when(event["schedule"]) if event else "",
        "repeats": repeats[0] if repeats else "",
        "offer": offer,
        "button": BUTTON_WORDS.get(button.get("actionType", ""), ""),
        "href": f"tel:{phone.replace(' ', '')}" if is_call else button.get("url", ""),
        "place": place["title"],
        "address": f"{address['addressLines'][0]}, {address['locality']}",
        "language": told.get("languageCode", ""),
    }
    return world.Face(note=STATES.get(posts.state_of(entry), ""), facts=facts)


def when(schedule: dict[str, Any]) -> str:
    """From when to when, as the place's clock tells it."""

    def said(moment: datetime) -> str:
        return f"{moment:%-d %b %Y, %H:%M}"

    return f"{said(posts.moment(schedule, 'start'))} – {said(posts.moment(schedule, 'end'))}"


def place(request: HttpRequest) -> HttpResponse:
    """A business's own address, or that of one of its posts."""
    location, post_id = request.GET.get("id", ""), request.GET.get("lpsid", "")
    if post_id:
        entry = get_object_or_404(Entry, network=NETWORK, remote_id=post_id, deleted_at=None)
        return redirect("sandbox-post", NETWORK, entry.person.handle, entry.remote_id)
    for person in Person.objects.filter(network=NETWORK):
        if any(found["name"] == f"locations/{location}" for found in places_of(person)):
            return redirect("sandbox-person", NETWORK, person.handle)
    raise Http404("There is no such business.")


PLACE = "v4/accounts/<str:account>/locations/<str:location>"
NUMBERS = "v1/locations/<str:location>"
urlpatterns: list[URLPattern] = [
    *google.oauth_urls(DIALECT, "Google Business Profile", WANTS),
    path("oauth2/v3/certs", certs),
    path("v1/accounts", serve(GET=places.accounts)),
    path("v1/accounts/<str:account>/locations", serve(GET=places.locations)),
    path("v1/accounts/<str:account>/notificationSetting", serve(GET=places.setting, PATCH=places.setting)),
    path(f"{NUMBERS}:fetchMultiDailyMetricsTimeSeries", serve(GET=places.many_series)),
    path(f"{NUMBERS}:getDailyMetricsTimeSeries", serve(GET=places.one_series)),
    path(f"{NUMBERS}/VoiceOfMerchantState", serve(GET=places.voice)),
    path(NUMBERS, serve(GET=places.location)),
    path(f"{PLACE}/media", serve(GET=places.media)),
    path(f"{PLACE}/localPosts", serve(GET=posts.posts, POST=posts.create)),
    path(
        f"{PLACE}/localPosts/<str:post_id>",
        serve(GET=posts.post, PATCH=posts.change, DELETE=posts.delete),
    ),
    path(f"{PLACE}/reviews", serve(GET=reviews.reviews)),
    path(f"{PLACE}/reviews/<str:review_id>", serve(GET=reviews.review)),
    path(f"{PLACE}/reviews/<str:review_id>/reply", serve(PUT=reviews.answer, DELETE=reviews.unanswer)),
    path("place", place, name="google-business-place"),
]
