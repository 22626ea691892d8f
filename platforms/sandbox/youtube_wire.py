"""How YouTube says things: reasons, scopes, units of a project's day, pages, and what a request may hold."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import google, wire
from platforms.sandbox.google import problem, problem_by_status
from platforms.sandbox.models import Grant, Person
from platforms.sandbox.wire import Refusal
from platforms.sandbox.youtube_sayings import BY_REASON, THUMBNAIL_FORBIDDEN, UPLOADS_PER_DAY

CALIFORNIA = ZoneInfo("America/Los_Angeles")
SCOPE = "https://www.googleapis.com/auth/"
WANTS = {
    f"{SCOPE}youtube.upload": "Manage your YouTube videos",
    f"{SCOPE}youtube.readonly": "View your YouTube account",
    f"{SCOPE}youtube": "Manage your YouTube account",
    f"{SCOPE}youtube.force-ssl": "See, edit and delete your videos, ratings, comments and captions",
    f"{SCOPE}yt-analytics.readonly": "View YouTube Analytics reports for your content",
    f"{SCOPE}yt-analytics-monetary.readonly": "View monetary and non-monetary Analytics reports",
}
UPLOADING = ("youtube.upload", "youtube", "youtube.force-ssl")
MANAGING = ("youtube", "youtube.force-ssl")
COMMENTING = ("youtube.force-ssl",)
READING = ("youtube.readonly", "youtube", "youtube.force-ssl")
PER_DAY = {"units": 10_000, "videos": 100}
# What Google's front end takes beside a method's own parameters.
COMMON = {
    "alt",
    "fields",
    "key",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_id",
    "onBehalfOfContentOwner",
}
View = Callable[..., HttpResponse]
R = TypeVar("R")

# --- refusals ---

BY_STATUS = {
    "UNAUTHENTICATED": (401, ""),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
    "SERVICE_DISABLED": (403, "SERVICE_DISABLED"),
    "RATE_LIMIT_EXCEEDED": (429, "RATE_LIMIT_EXCEEDED"),
}


def no(reason: str, sentence: str = "") -> Refusal:
    """The refusal with a reason, in YouTube's words; two that share theirs with others have names of ours."""
    if reason == "uploadsPerDay":
        return uploads_per_day()
    if reason == "thumbnailsForbidden":
        return no("forbidden", THUMBNAIL_FORBIDDEN)
    if reason in BY_STATUS:
        status, detail = BY_STATUS[reason]
        return problem_by_status(status, f"{reason.replace('_', ' ').capitalize()}.", detail)
    status, domain, usual = BY_REASON.get(reason, (400, "global", "Bad Request"))
    return problem(status, reason, sentence or usual, domain)


def unknown_name(name: str) -> Refusal:
    said = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    return problem(400, "badRequest", said)


def uploads_per_day() -> Refusal:
    refusal = problem(429, "rateLimitExceeded", UPLOADS_PER_DAY, "global")
    refusal.body["error"]["status"] = "RESOURCE_EXHAUSTED"
    return refusal


def dialect(network: str) -> wire.Dialect:
    return wire.Dialect(
        network,
        limited=lambda: problem(429, "rateLimitExceeded", "Too many requests.", "youtube.quota"),
        broken=lambda: no("internalError"),
        unauthorized=google.unauthorized,
        refuse=no,
    )


# --- one address, several methods; each with its scopes and its price ---


def serve(dialect: wire.Dialect, **views: View) -> View:
    """The view of an address, from a view for each method it knows."""

    @wire.endpoint(dialect, *views)
    def at(request: HttpRequest) -> HttpResponse:
        return views[request.method or ""](request, dialect)

    return at


def needs(scopes: Sequence[str], *, bucket: str = "units", price: int = 1) -> Callable[[View], View]:
    """Asks for a live token with one of the scopes. The price is paid by the project, refused or not."""

    def decorate(view: View) -> View:
        @wraps(view)
        def at(request: HttpRequest, dialect: wire.Dialect) -> HttpResponse:
            grant = wire.grant_of(dialect, request)
            if bucket in PER_DAY:
                pay(grant, bucket, price)
            try:
                if not {f"{SCOPE}{scope}" for scope in scopes} & set(grant.scopes):
                    raise google.scope_missing()
                with transaction.atomic():
                    return view(request, grant)
            except Refusal as refusal:
                return wire.answer(refusal)

        return at

    return decorate


def pay(grant: Grant, bucket: str, price: int) -> None:
    """Take from what the project has for a day. A person's `quota` may make it less."""
    limit = person_of(grant).facts.get("quota", {}).get(bucket, PER_DAY[bucket])
    day = datetime.now(CALIFORNIA).date().isoformat()
    project = Grant.objects.select_for_update().filter(network=grant.network, client_id=grant.client_id)
    used = sum(each.facts.get("spent", {}).get(day, {}).get(bucket, 0) for each in project)
    if used + price > limit:
        raise no("uploadsPerDay" if bucket == "videos" else "quotaExceeded")
    spent = grant.facts.get("spent", {}).get(day, {})
    grant.facts["spent"] = {day: {**spent, bucket: spent.get(bucket, 0) + price}}
    grant.save(update_fields=["facts"])


def person_of(grant: Grant) -> Person:
    if grant.person is None:
        raise google.unauthorized()
    return grant.person


def owned(row: R | None, owner: Person | None, grant: Grant, missing: str) -> R:
    """What the grant's own person made; refused where it is not there, or somebody else's."""
    if row is None:
        raise no(missing)
    if owner != grant.person:
        raise no("forbidden")
    return row


# --- what a request may hold ---


def only(request: HttpRequest, *names: str) -> None:
    for name in request.GET:
        if name not in COMMON and name not in names:
            raise unknown_name(name)


def parts_of(request: HttpRequest, *known: str) -> set[str]:
    """The parts that are asked for or written."""
    parts = set(words(request, "part"))
    if not parts:
        raise no("missingRequiredParameter", "Required parameter: part")
    for part in sorted(parts - set(known)):
        raise no("unknownPart", f"'{part}'")
    return parts


def words(request: HttpRequest, name: str) -> list[str]:
    """A parameter that may be repeated, and hold several with commas between them."""
    return [word.strip() for given in request.GET.getlist(name) for word in given.split(",") if word.strip()]


def one_of(request: HttpRequest, *filters: str) -> str:
    """The one filter that a list is asked with."""
    given = [name for name in filters if request.GET.get(name)]
    if not given:
        raise no("missingRequiredParameter", f"No filter selected. Expected one of: {', '.join(filters)}")
    if len(given) > 1:
        raise no(
            "incompatibleParameters", f"Incompatible parameters specified in the request: {', '.join(given)}"
        )
    return given[0]


def body_of(request: HttpRequest, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON body; a name that the schema does not have is refused, as is a value of another type."""
    if request.content_type != "application/json":
        raise problem(400, "badContent", f"Media type '{request.content_type}' is not supported.")
    body = wire.payload(request)
    fits(body, schema, "")
    return body


def fits(value: Any, schema: Any, place: str) -> None:
    """Demand that a value is what a schema says: a type, [a type], or a mapping of names to schemas."""
    if isinstance(schema, Mapping):
        wrong = not isinstance(value, dict)
        for name, inner in value.items() if not wrong else ():
            if name not in schema:
                raise unknown_name(f"{place}.{name}".strip("."))
            fits(inner, schema[name], f"{place}.{name}")
    elif isinstance(schema, list):
        wrong = not isinstance(value, list)
        for inner in value if not wrong else ():
            fits(inner, schema[0], place)
    else:
        wrong = not isinstance(value, schema) or (schema is int and isinstance(value, bool))
    if wrong:
        raise problem(400, "badRequest", f"Invalid value at '{place.strip('.')}'.")


# --- what an answer looks like ---


def stamp(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(
    request: HttpRequest, kind: str, rows: Sequence[Any], show: Callable[[Any], Any], *, most: int, usual: int
) -> HttpResponse:
    """One page of a list."""
    size = request.GET.get("maxResults", str(usual))
    if not size.isdigit() or not int(size) <= most:
        raise no("invalidFilters", f"Invalid value '{size}'. Values must be within the range: [0, {most}]")
    first, last = offset(request), offset(request) + int(size)
    body: dict[str, Any] = {
        "kind": f"youtube#{kind}",
        "etag": etag(),
        "pageInfo": {"totalResults": len(rows), "resultsPerPage": int(size)},
        "items": [show(row) for row in rows[first:last]],
    }
    if last < len(rows):
        body["nextPageToken"] = base64.urlsafe_b64encode(f"page:{last}".encode()).decode()
    return JsonResponse(body)


def offset(request: HttpRequest) -> int:
    token = request.GET.get("pageToken")
    if not token:
        return 0
    try:
        name, _, first = base64.urlsafe_b64decode(token).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name = first = ""
    if name != "page" or not first.isdigit():
        raise no("invalidPageToken")
    return int(first)


def etag() -> str:
    return base64.urlsafe_b64encode(str(timezone.now().timestamp()).encode()).decode().rstrip("=")
