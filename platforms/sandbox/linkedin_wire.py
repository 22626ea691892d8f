"""How LinkedIn says things: versions, Rest.li's headers and encoding, scopes, URNs, refusals, limits."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from platforms.sandbox import wire
from platforms.sandbox.models import Entry, Grant, Person
from platforms.sandbox.wire import Refusal

NETWORK = "linkedin"
VERSIONS = {"202511", "202512", *(f"20260{month}" for month in range(1, 10))}
CALLS_A_DAY = 5000
View = Callable[..., HttpResponse]

# --- refusals ---


def refused(status: int, code: str, message: str, service: int = 0) -> Refusal:
    body: dict[str, Any] = {"status": status, "code": code, "message": message}
    return Refusal(status, {**body, "serviceErrorCode": service} if service else body)


def invalid(code: str, field: str, description: str, status: int = 400) -> Refusal:
    """A refusal in the newer form, which names the field."""
    error = {"code": code, "description": description, "input": {"inputPath": {"fieldPath": field}}}
    return Refusal(
        status,
        {
            "errorDetailType": "com.linkedin.common.error.BadRequest",
            "message": f"com.linkedin.content.common.exception.BadRequestResponseException: {description}",
            "errorDetails": {"inputErrors": [error]},
            "status": status,
        },
    )


def unrecognized(field: str) -> Refusal:
    return refused(400, "INVALID_INPUT", f"ERROR :: /{field} :: unrecognized field found but not allowed")


def missing(field: str) -> Refusal:
    return invalid("MISSING_FIELD", field, f"ERROR :: /{field} :: field is required but not found")


def forbidden(resource: str) -> Refusal:
    return refused(403, "ACCESS_DENIED", f"Not enough permissions to access: {resource}", 100)


def unauthorized() -> Refusal:
    return refused(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)


def expired() -> Refusal:
    return refused(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", 65602)


def revoked() -> Refusal:
    said = "The token used in the request has been revoked by the user"
    return refused(401, "REVOKED_ACCESS_TOKEN", said, 65601)


def limited(scope: str = "APPLICATION_AND_MEMBER DAY") -> Refusal:
    said = f"Resource level throttle {scope} limit for calls to this resource is reached."
    return refused(429, "TOO_MANY_REQUESTS", said, 101)


def broken() -> Refusal:
    return Refusal(500, {"status": 500, "message": "Internal Server Error"})


def not_found(said: str = "Could not find entity") -> Refusal:
    return refused(404, "NOT_FOUND", said)


def duplicate(urn: str) -> Refusal:
    said = f"Content is a duplicate of {urn}"
    error = {"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"}
    refusal = invalid("DUPLICATE_POST", "", said, 422)
    refusal.body["errorDetails"]["inputErrors"] = [error]
    return refusal


STATUSES = {
    "DUPLICATE_POST": 422, "VERSION_MISSING": 400, "NONEXISTENT_VERSION": 426, "CONFLICT": 409,
    "ACCESS_DENIED": 403, "NOT_FOUND": 404,
}  # fmt: skip
SAYINGS = {
    "empty oauth2_access_token": (401, "Empty oauth2_access_token"),
    "accessing this image resource is forbidden": (403, "Accessing this image resource is forbidden"),
    "unrecognized field": (400, "ERROR :: /field :: unrecognized field found but not allowed"),
    "unable to obtain activity for urn": (404, "Unable to obtain activity for urn"),
}


def refuse(code: str) -> Refusal:
    """The refusal with a code, with a number, or with words."""
    if code in SAYINGS:
        status, said = SAYINGS[code]
        return Refusal(status, {"status": status, "message": said})
    whole = {
        "65600": unauthorized, "INVALID_ACCESS_TOKEN": unauthorized, "65601": revoked,
        "REVOKED_ACCESS_TOKEN": revoked, "65602": expired, "EXPIRED_ACCESS_TOKEN": expired,
        "TOO_MANY_REQUESTS": limited,
    }  # fmt: skip
    if code in whole:
        return whole[code]()
    if code == "DUPLICATE_POST":
        return duplicate("urn:li:share:7000000000000000001")
    if code in STATUSES:
        return refused(STATUSES[code], code, f"Refused with {code}")
    return invalid(code, "content", f"Refused with {code}")


DIALECT = wire.Dialect(NETWORK, limited=limited, broken=broken, unauthorized=unauthorized, refuse=refuse)

# --- endpoints ---


@dataclass(frozen=True)
class Asked:
    """A request that came in properly, with the member who asks."""

    request: HttpRequest
    grant: Grant
    member: Person

    @property
    def query(self) -> dict[str, str]:
        """The query as it was written: Rest.li reads brackets and commas before it decodes."""
        pairs = (pair.partition("=") for pair in self.request.META["QUERY_STRING"].split("&") if pair)
        return {name: value for name, _, value in pairs}

    @property
    def body(self) -> dict[str, Any]:
        return wire.payload(self.request)

    def needs(self, resource: str, *scopes: str) -> None:
        """Any of these scopes."""
        if not set(scopes) & set(self.grant.scopes):
            raise forbidden(resource)

    def acts_for(self, urn: str, resource: str, roles: frozenset[str]) -> Person:
        """The member or the page that the member speaks for, or the refusal."""
        actor = Person.objects.filter(network=NETWORK, remote_id=urn).first()
        if actor is None:
            raise invalid("INVALID_URN_ID", "author", f"Invalid urn: {urn}")
        role = actor.facts.get("managers", {}).get(self.member.remote_id)
        if actor != self.member and role not in roles:
            raise forbidden(resource)
        return actor


def endpoint(*, versioned: bool = True, **views: View) -> View:
    """The view of an address, from a view for each method that it knows."""

    @wire.endpoint(DIALECT, *views)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = admitted(request, versioned=versioned)
        try:
            with transaction.atomic():
                response = views[request.method or ""](asked, *args, **kwargs)
        except Refusal as refusal:
            response = wire.answer(refusal)
        response["x-li-uuid"] = secrets.token_urlsafe(12)
        response["x-restli-protocol-version"] = "2.0.0"
        return response

    return serve


def admitted(request: HttpRequest, *, versioned: bool) -> Asked:
    grant = grant_of(request)
    version = request.headers.get("LinkedIn-Version", "")
    if versioned and not version:
        raise refused(400, "VERSION_MISSING", "A version must be present. Please specify a version by adding "
                      "the LinkedIn-Version header.")  # fmt: skip
    if versioned and version not in VERSIONS:
        raise refused(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
    if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
        raise refused(400, "INVALID_INPUT", "Invalid X-Restli-Protocol-Version")
    writes = request.method in {"POST", "PUT"} and request.content_type != "application/json"
    if writes and request.META.get("CONTENT_LENGTH") not in {"", "0", None}:
        raise refused(415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type")
    count(grant)
    assert grant.person is not None  # noqa: S101  (grant_of says so)
    return Asked(request, grant, grant.person)


def grant_of(request: HttpRequest) -> Grant:
    token = wire.bearer(request)
    if not token:
        raise Refusal(401, {"status": 401, "serviceErrorCode": 65604, "message": "Empty oauth2_access_token"})
    grant = Grant.objects.select_related("person").filter(network=NETWORK, access=token).first()
    if grant is None or grant.person is None:
        raise unauthorized()
    if grant.revoked_at:
        raise revoked()
    if not grant.is_alive:
        raise expired()
    return grant


def count(grant: Grant) -> None:
    """One more call of the member today. A fact `calls_a_day` makes the day shorter."""
    today = timezone.now().date().isoformat()
    locked = Grant.objects.select_for_update().get(pk=grant.pk)
    day, used = locked.facts.get("calls", [today, 0])
    used = used if day == today else 0
    most = grant.person.facts.get("calls_a_day", CALLS_A_DAY) if grant.person else CALLS_A_DAY
    if used >= most:
        raise limited()
    locked.facts["calls"] = [today, used + 1]
    locked.save(update_fields=["facts"])


def restli(asked: Asked, method: str) -> None:
    """Rest.li's method. A change is one by its header only; the others are known by the request as well."""
    known = "" if method == "PARTIAL_UPDATE" else method
    given = asked.request.headers.get("X-RestLi-Method", known)
    if given.upper() != method:
        raise refused(400, "INVALID_INPUT", f"Method '{given}' is not supported for this resource")


def listed(value: str) -> list[str]:
    """The members of `List(…)`, whose URNs must be encoded."""
    found = re.fullmatch(r"List\(([^()]*)\)", value)
    if not found or any(":" in item for item in found[1].split(",")):
        raise refused(400, "INVALID_INPUT", f"Invalid value for List: {value}")
    return [unquote(item) for item in found[1].split(",") if item]


def encoded(value: str) -> str:
    """A URN of the query, which must be encoded."""
    if ":" in value or not value:
        raise refused(400, "INVALID_INPUT", f"Invalid query parameter: {value}")
    return unquote(value)


def paged(asked: Asked, rows: list[Any]) -> dict[str, Any]:
    """A page of a list, in Rest.li's envelope."""
    start, size = int(asked.query.get("start", 0)), int(asked.query.get("count", 10))
    if not 0 < size <= 100:
        raise invalid("INVALID_VALUE_FOR_FIELD", "count", "count must be between 1 and 100")
    paging = {"start": start, "count": size, "links": [], "total": len(rows)}
    return {"elements": rows[start : start + size], "paging": paging}


def only(body: dict[str, Any], *names: str, inside: str = "") -> None:
    for name in body:
        if name not in names:
            raise unrecognized(f"{inside}{name}")


# --- names of things ---


def new_number(moment: datetime | None = None) -> int:
    """A number that begins with the milliseconds, as those of posts do."""
    return (milliseconds(moment or timezone.now()) << 22) | secrets.randbits(22)


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def entry_of(urn: str) -> Entry:
    """The post of a share's, ugcPost's or activity's URN."""
    alive = Entry.objects.filter(network=NETWORK, deleted_at=None).select_related("person")
    entry = alive.filter(remote_id=urn).first() or alive.filter(body__activity=urn).first()
    if entry is None:
        raise not_found(f"Unable to obtain activity for urn: {urn}")
    return entry


def is_fresh(made: datetime, seconds: float) -> bool:
    """Whether something is younger than a lag that a person's facts set."""
    return bool(seconds) and timezone.now() - made < timedelta(seconds=seconds)


# --- little text ---

RESERVED = r"\\|{}@\[\]()<>#*_~"
ATOM = re.compile(
    rf"\\(?P<escaped>[{RESERVED}])"
    r"|\{hashtag\|\\?#\|(?P<long>(?:\\.|[^\\|{}])+)\}"
    r"|#(?P<tag>\w+)"
    r"|@\[(?P<name>(?:\\.|[^\\\[\]])+)\]\((?P<urn>urn:li:(?:person|organization):[\w-]+)\)"
    rf"|(?P<plain>[^{RESERVED}])",
    re.DOTALL,
)


@dataclass(frozen=True)
class Little:
    """A commentary as it is shown, and as it reads back. What broke off is gone without a word."""

    shown: str
    kept: str


def little(commentary: str) -> Little:
    shown, kept, position = [], [], 0
    while match := ATOM.match(commentary, position):
        position = match.end()
        tag = match["tag"] or (match["long"] and re.sub(r"\\(.)", r"\1", match["long"]))
        if tag:
            shown.append(f"#{tag}")
            kept.append(rf"{{hashtag|\#|{tag}}}" if "_" not in tag else match[0])
        else:
            shown.append(match["escaped"] or match["plain"] or re.sub(r"\\(.)", r"\1", match["name"] or ""))
            kept.append(match[0])
    return Little("".join(shown), "".join(kept))
