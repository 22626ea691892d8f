"""How Google's business services say things: statuses with details, pages, quotas, whose a location is."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import google, wire
from platforms.sandbox.models import Call, Person
from platforms.sandbox.wire import Refusal
from platforms.sandbox.youtube_wire import fits

NETWORK = "google_business"
SCOPE = "https://www.googleapis.com/auth/business.manage"
WANTS = {SCOPE: "See, edit, create and delete your Google business listings"}
MINUTE = timedelta(minutes=1)
PER_MINUTE = {"requests": 300, "edits": 10}  # of a project; of one profile
WRITES = ("POST", "PATCH", "DELETE")
View = Callable[..., HttpResponse]
Place = dict[str, Any]

# --- refusals ---

SAYINGS = {
    "INVALID_ARGUMENT": (400, "Request contains an invalid argument."),
    "FAILED_PRECONDITION": (400, "Precondition check failed."),
    "OUT_OF_RANGE": (400, "The specified range is out of bounds."),
    "PERMISSION_DENIED": (403, "The caller does not have permission"),
    "NOT_FOUND": (404, "Requested entity was not found."),
    "ALREADY_EXISTS": (409, "Requested entity already exists"),
    "ABORTED": (409, "The operation was aborted."),
    "RESOURCE_EXHAUSTED": (429, "Resource has been exhausted (e.g. check quota)."),
    "INTERNAL": (500, "Internal error encountered."),
}
NUMBERED = {
    "2": (2, "topic_type", "A required value is missing."),
    "FIELD": (3, "summary", "The value is invalid."),
    "PROFILE": (1101, "address", "The address cannot be recognised."),
    "1000": (1000, "media", "Fetching image failed."),
    "1001": (1001, "media", "Uploading image failed."),
}


def no(code: str, sentence: str = "") -> Refusal:
    """The refusal with a status, a reason, or the number of what is wrong."""
    if code in NUMBERED:
        return invalid(*NUMBERED[code])
    if code == "UNAUTHENTICATED":
        return google.unauthorized()
    if code == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
        return google.scope_missing()
    if code == "SERVICE_DISABLED":
        said = "My Business Account Management API has not been used in project 123 before or it is disabled."
        return google.problem_by_status(403, said, code, {"service": "mybusiness.googleapis.com"})
    if code in {"NOT_APPROVED", "RATE_LIMIT_EXCEEDED"}:
        return exhausted(0 if code == "NOT_APPROVED" else PER_MINUTE["requests"])
    status, said = SAYINGS[code]
    refusal = google.problem_by_status(status, sentence or said)
    refusal.body["error"]["status"] = code
    return refusal


def exhausted(limit: int) -> Refusal:
    said = (
        "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service "
        "'mybusiness.googleapis.com' for consumer 'project_number:123'."
    )
    metadata = {"quota_limit_value": str(limit), "service": "mybusiness.googleapis.com"}
    return google.problem_by_status(429, said, "RATE_LIMIT_EXCEEDED", metadata)


def invalid(number: int, field: str, message: str) -> Refusal:
    """Version 4's word on a field."""
    refusal = no("INVALID_ARGUMENT")
    kind = "type.googleapis.com/google.mybusiness.v4.ValidationError"
    wrong = {"code": number, "field": field, "message": message}
    refusal.body["error"]["details"] = [{"@type": kind, "errorDetails": [wrong]}]
    return refusal


def bad_field(field: str, message: str) -> Refusal:
    """Version 1's word on a field."""
    refusal = no("INVALID_ARGUMENT")
    violation = {"field": field, "description": message}
    refusal.body["error"]["details"] = [
        {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    ]
    return refusal


DIALECT = wire.Dialect(
    NETWORK,
    limited=lambda: no("RATE_LIMIT_EXCEEDED"),
    broken=lambda: no("INTERNAL"),
    unauthorized=google.unauthorized,
    refuse=no,
)

# --- who asks, and how often ---


def serve(**views: View) -> View:
    """The view of an address, from a view for each method; each is called with the person who allowed it."""

    @wire.endpoint(DIALECT, *views)
    def at(request: HttpRequest, **place: str) -> HttpResponse:
        grant = wire.grant_of(DIALECT, request)
        person = grant.person
        if person is None or SCOPE not in grant.scopes:
            raise google.scope_missing()
        if person.facts.get("unapproved"):
            raise no("NOT_APPROVED")
        recent = Call.objects.filter(network=NETWORK, created_at__gt=timezone.now() - MINUTE)
        if recent.count() >= allowed(person, "requests"):
            raise no("RATE_LIMIT_EXCEEDED")
        return views[request.method or ""](request, person, **place)

    return at


def pace(person: Person, location: str) -> None:
    """So many edits of one profile in a minute."""
    recent = Call.objects.filter(network=NETWORK, created_at__gt=timezone.now() - MINUTE, method__in=WRITES)
    if recent.filter(path__contains=f"/locations/{location}/", status=200).count() >= allowed(
        person, "edits"
    ):
        raise exhausted(PER_MINUTE["edits"])


def allowed(person: Person, what: str) -> int:
    """How many in a minute; a person's `quota` may make it less."""
    return int(person.facts.get("quota", {}).get(what, PER_MINUTE[what]))


# --- whose a location is ---


def accounts_of(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.facts.get("accounts", [])
    return found


def places_of(person: Person) -> list[Place]:
    return [place for account in accounts_of(person) for place in account["locations"]]


def location_of(person: Person, location: str) -> Place:
    """A location of the person's, whichever account it is in."""
    for place in places_of(person):
        if place["name"] == f"locations/{location}":
            return place
    raise no("NOT_FOUND")


def speaking(person: Person, account: str, location: str) -> Place:
    """A location that may post and be reviewed, in the very account that is named."""
    for known in accounts_of(person):
        for place in known["locations"]:
            if (known["name"], place["name"]) == (f"accounts/{account}", f"locations/{location}"):
                if not place["metadata"].get("hasVoiceOfMerchant"):
                    raise no("FAILED_PRECONDITION", "The location is not verified.")
                found: Place = place
                return found
    raise no("NOT_FOUND")


# --- what a request may hold, and what an answer looks like ---


def body_of(request: HttpRequest, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON body; a name that the schema does not have is refused, as is a value of another type."""
    body = wire.payload(request) if request.content_type == "application/json" else {}
    try:
        fits(body, schema, "")
    except Refusal as refusal:
        message = refusal.body["error"]["message"]
        raise bad_field(message.partition("'")[2].partition("'")[0], message) from refusal
    return body


def only(request: HttpRequest, *names: str) -> None:
    for name in request.GET:
        if name not in {"alt", "prettyPrint", *names}:
            raise bad_field(name, f'Invalid JSON payload received. Unknown name "{name}": Cannot bind.')


def listed(
    request: HttpRequest, name: str, rows: Sequence[Any], show: Callable[[Any], Any], *, usual: int, most: int
) -> dict[str, Any]:
    """One page of a list; `{}` where there is nothing."""
    size, token = request.GET.get("pageSize", str(usual)), request.GET.get("pageToken", "p0")
    if not size.isdigit() or not 1 <= int(size) <= most:
        raise bad_field("page_size", f"page_size must be between 1 and {most}.")
    if not token.startswith("p") or not token[1:].isdigit():
        raise bad_field("page_token", "The page token is invalid.")
    first = int(token[1:])
    last = first + int(size)
    body: dict[str, Any] = {name: [show(row) for row in rows[first:last]]} if rows[first:last] else {}
    return body | ({"nextPageToken": f"p{last}"} if last < len(rows) else {})


def bare(value: Any) -> Any:
    """As proto3 prints it: without zeros and empty words."""
    if isinstance(value, dict):
        return {name: bare(held) for name, held in value.items() if held not in (0, "")}
    return value


def stamp(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def answer(body: Mapping[str, Any]) -> HttpResponse:
    return JsonResponse(body)
