"""Accounts, their locations, what Google knows of them, and their numbers, from the other side."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from platforms.sandbox import google_business_wire as gb
from platforms.sandbox.insights import grown
from platforms.sandbox.models import Person

FIELDS = {
    "name", "languageCode", "storeCode", "title", "phoneNumbers", "categories", "storefrontAddress",
    "websiteUri", "regularHours", "specialHours", "serviceArea", "labels", "adWordsLocationExtensions",
    "latlng", "openInfo", "metadata", "profile", "relationshipData", "moreHours", "serviceItems",
}  # fmt: skip
MOST = {
    "BUSINESS_IMPRESSIONS_DESKTOP_MAPS": 40,
    "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH": 90,
    "BUSINESS_IMPRESSIONS_MOBILE_MAPS": 160,
    "BUSINESS_IMPRESSIONS_MOBILE_SEARCH": 220,
    "BUSINESS_CONVERSATIONS": 3,
    "BUSINESS_DIRECTION_REQUESTS": 18,
    "CALL_CLICKS": 9,
    "WEBSITE_CLICKS": 26,
    "MESSAGING_CLICKS": 2,
    "BUSINESS_BOOKINGS": 2,
    "BUSINESS_FOOD_ORDERS": 3,
    "BUSINESS_FOOD_MENU_CLICKS": 12,
}
LAG = timedelta(days=3)
SETTING = {"name": str, "pubsubTopic": str, "notificationTypes": [str]}
LONG_AGO = timedelta(days=548)  # eighteen months

# --- accounts and locations ---


def accounts(request: HttpRequest, person: Person) -> HttpResponse:
    gb.only(request, "pageSize", "pageToken", "filter", "parentAccount")

    def show(account: dict[str, Any]) -> dict[str, Any]:
        return {name: held for name, held in account.items() if name != "locations"}

    return gb.answer(gb.listed(request, "accounts", gb.accounts_of(person), show, usual=20, most=20))


def locations(request: HttpRequest, person: Person, account: str) -> HttpResponse:
    gb.only(request, "readMask", "pageSize", "pageToken", "filter", "orderBy")
    fields = mask_of(request)
    known = [found for found in gb.accounts_of(person) if found["name"] == f"accounts/{account}"]
    if account != "-" and not known:
        raise gb.no("PERMISSION_DENIED")
    rows = gb.places_of(person) if account == "-" else known[0]["locations"]

    def show(place: gb.Place) -> dict[str, Any]:
        return shown(request, place, fields)

    page = gb.listed(request, "locations", rows, show, usual=10, most=100)
    return JsonResponse(page | ({"totalSize": len(rows)} if rows else {}))


def location(request: HttpRequest, person: Person, location: str) -> HttpResponse:
    gb.only(request, "readMask")
    return JsonResponse(shown(request, gb.location_of(person, location), mask_of(request)))


def mask_of(request: HttpRequest) -> set[str]:
    """The fields that are asked for; without a mask nothing is told."""
    paths = [path.strip() for path in request.GET.get("readMask", "").split(",") if path.strip()]
    if not paths:
        raise gb.bad_field("read_mask", "A read_mask is required.")
    for path in paths:
        if path.partition(".")[0] not in FIELDS:
            raise gb.bad_field("read_mask", f"Invalid field mask provided: {path}")
    return {path.partition(".")[0] for path in paths}


def shown(request: HttpRequest, place: gb.Place, fields: set[str]) -> dict[str, Any]:
    told = {name: held for name, held in place.items() if name in fields}
    if "metadata" in told:
        query = f"?id={place['name'].partition('/')[2]}"
        maps = request.build_absolute_uri(reverse("google-business-place") + query)
        told["metadata"] = {"mapsUri": maps, **told["metadata"]}
    return told


def voice(request: HttpRequest, person: Person, location: str) -> HttpResponse:
    """Whether a location may speak for itself, and if not what is in the way (its `trouble`)."""
    gb.only(request)
    place = gb.location_of(person, location)
    if place["metadata"].get("hasVoiceOfMerchant"):
        return JsonResponse({"hasVoiceOfMerchant": True, "hasBusinessAuthority": True})
    return JsonResponse(place.get("trouble") or {"verify": {}})


def media(request: HttpRequest, person: Person, account: str, location: str) -> HttpResponse:
    """The photos of a profile: its logo, and no more."""
    gb.only(request, "pageSize", "pageToken")
    gb.speaking(person, account, location)
    logo = {
        "name": f"accounts/{account}/locations/{location}/media/logo",
        "mediaFormat": "PHOTO",
        "locationAssociation": {"category": "PROFILE"},
        "googleUrl": request.build_absolute_uri(
            reverse("sandbox-avatar", args=[person.network, person.handle])
        ),
    }
    return JsonResponse({"mediaItems": [logo], "totalMediaItemCount": 1})


# --- notifications ---


def setting(request: HttpRequest, person: Person, account: str) -> HttpResponse:
    """Where word of new reviews goes."""
    gb.only(request, "updateMask")
    name = f"accounts/{account}"
    if all(known["name"] != name for known in gb.accounts_of(person)):
        raise gb.no("PERMISSION_DENIED")
    settings: dict[str, Any] = person.facts.setdefault("notifications", {})
    if request.method == "PATCH":
        sent = gb.body_of(request, SETTING)
        mask = [path for path in request.GET.get("updateMask", "").split(",") if path]
        if not mask or not set(mask) <= {"pubsubTopic", "notificationTypes"}:
            raise gb.bad_field("update_mask", "Invalid field mask provided.")
        settings[name] = {**settings.get(name, {}), **{path: sent.get(path) for path in mask}}
        person.save(update_fields=["facts"])
    told = {key: held for key, held in settings.get(name, {}).items() if held}
    return JsonResponse({"name": f"{name}/notificationSetting", **told})


# --- numbers ---


def many_series(request: HttpRequest, person: Person, location: str) -> HttpResponse:
    place = gb.location_of(person, location)
    names = request.GET.getlist("dailyMetrics") or request.GET.getlist("daily_metrics")
    days = list(range_of(request))
    series = [
        {"dailyMetric": name, "timeSeries": {"datedValues": list(values(place, name, days))}}
        for name in known(names)
    ]
    return JsonResponse({"multiDailyMetricTimeSeries": [{"dailyMetricTimeSeries": series}]})


def one_series(request: HttpRequest, person: Person, location: str) -> HttpResponse:
    place = gb.location_of(person, location)
    [name] = known(request.GET.getlist("dailyMetric")[:1])
    told = list(values(place, name, list(range_of(request))))
    return JsonResponse({"timeSeries": {"datedValues": told}})


def known(names: list[str]) -> list[str]:
    if not names or not set(names) <= set(MOST):
        raise gb.bad_field("daily_metrics", f"Invalid value at 'daily_metrics': {names}")
    return names


def range_of(request: HttpRequest) -> Iterator[date]:
    """The days from the first to the last, both included."""
    first, last = day_of(request, "start"), day_of(request, "end")
    if last < first or datetime.now(UTC).date() - first > LONG_AGO:
        raise gb.no("OUT_OF_RANGE")
    while first <= last:
        yield first
        first += timedelta(days=1)


def day_of(request: HttpRequest, which: str) -> date:
    """One end of the range; both spellings of its names are known."""
    query = request.GET
    prefixes = (f"dailyRange.{which}Date", f"daily_range.{which}_date")
    parts = [
        next((query[f"{prefix}.{part}"] for prefix in prefixes if f"{prefix}.{part}" in query), "")
        for part in ("year", "month", "day")
    ]
    try:
        return date(*map(int, parts))
    except ValueError as error:
        raise gb.bad_field(f"daily_range.{which}_date", "Invalid date.") from error


def values(place: gb.Place, name: str, days: list[date]) -> Iterator[dict[str, Any]]:
    """A number for each day, as a string; none for a day of nothing, and for those of just now."""
    newest = datetime.now(UTC).date() - LAG
    for day in days:
        dated: dict[str, Any] = {"date": {"year": day.year, "month": day.month, "day": day.day}}
        since = datetime.combine(day, time(), UTC) - LAG
        count = grown(f"{place['name']}:{day}", name, MOST[name], since) if day <= newest else 0
        yield dated | ({"value": str(count)} if count else {})
