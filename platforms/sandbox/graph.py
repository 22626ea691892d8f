"""What the twins of Meta's networks share: Graph's errors, tokens, paging, usage headers, signatures."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import consent, wire
from platforms.sandbox.models import Client, Grant
from platforms.sandbox.wire import Refusal

VERSION = "v26.0"
SHORT = timedelta(hours=1)
LONG = timedelta(days=60)
View = Callable[..., HttpResponse]

# What Meta prints for the codes that matter most; every other code has a sentence of its own kind.
MESSAGES = {
    "4": "(#4) Application request limit reached",
    "10": "(#10) Application does not have permission for this action",
    "17": "(#17) User request limit reached",
    "32": "(#32) Page request limit reached",
    "100/33": "Unsupported get request. Object does not exist, cannot be loaded due to missing permissions, "
    "or does not support this operation.",
    "190": "Invalid OAuth access token - Cannot parse access token",
    "190/460": "Error validating access token: The session has been invalidated because the user changed "
    "their password or Facebook has changed the session for security reasons.",
    "190/463": "Error validating access token: Session has expired.",
    "200": "(#200) Requires permission to perform this action",
    "368": "The action attempted has been deemed abusive or is otherwise disallowed",
    "506": "Duplicate status message",
}


def error(code: int, message: str = "", subcode: int = 0, *, status: int = 400, **more: Any) -> Refusal:
    """A refusal as Graph words it."""
    key = f"{code}/{subcode}" if subcode else str(code)
    body: dict[str, Any] = {
        "message": message
        or MESSAGES.get(key)
        or MESSAGES.get(str(code))
        or f"(#{code}) The request was refused",
        "type": "OAuthException",
        "code": code,
    }
    if subcode:
        body["error_subcode"] = subcode
    return Refusal(status, {"error": {**body, **more, "fbtrace_id": "A" + secrets.token_urlsafe(15)}})


def refuse(code: str) -> Refusal:
    """The refusal of a code ("190", "190/463", "/1363040": any code, that subcode), or with these words."""
    number, _, subcode = code.partition("/")
    if number == "rupload":
        told = {"retriable": subcode == "again", "type": subcode, "message": f"{subcode} while uploading"}
        return Refusal(400, {"debug_info": told})
    is_number = number.lstrip("-").isdigit()
    if number and not is_number:
        return error(100, code)
    return error(int(number or 100), subcode=int(subcode or 0))


def dialect(network: str) -> wire.Dialect:
    return wire.Dialect(
        network,
        limited=lambda: with_usage(error(4), 100, 12),
        broken=lambda: error(
            2, "An unexpected error has occurred. Please retry your request later.", status=500
        ),
        unauthorized=lambda: error(190, status=401),
        refuse=refuse,
    )


def with_usage(refusal: Refusal, percent: int, minutes: int = 0) -> Refusal:
    refusal.headers |= usage(percent, minutes)
    return refusal


def usage(percent: int, minutes: int = 0, account: str = "1") -> dict[str, str]:
    """The headers that tell how much of a limit is used up."""
    used = {"call_count": percent, "total_time": percent // 2, "total_cputime": percent // 2}
    account_used = {"type": "pages", **used, "estimated_time_to_regain_access": minutes}
    return {
        "X-App-Usage": json.dumps(used),
        "X-Business-Use-Case-Usage": json.dumps({account: [account_used]}),
        "facebook-api-version": VERSION,
    }


# --- tokens ---


def token_of(request: HttpRequest) -> str:
    """The token, wherever it may stand."""
    return (
        wire.bearer(request)
        or request.GET.get("access_token")
        or str(wire_fields(request).get("access_token", ""))
    )


def wire_fields(request: HttpRequest) -> dict[str, Any]:
    """The parameters of a write: query, form or JSON; structured values in forms are JSON texts."""
    fields = dict(request.GET.items())
    if request.content_type == "multipart/form-data":
        return {**fields, **request.POST.dict()}
    return {**fields, **wire.payload(request)} if request.method in {"POST", "DELETE"} else fields


def structured(value: Any) -> Any:
    """A value that may have come as JSON text. Never for what people write: a text may begin so too."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        try:
            return json.loads(value)
        except ValueError as error_:
            raise error(100, "(#100) Invalid parameter: this is no JSON") from error_
    return value


def granted(network: str, *scopes: str) -> Callable[[View], View]:
    """Asks for a live token with the scopes and a right appsecret_proof, and hands the grant to the view."""

    def decorate(view: View) -> View:
        @wraps(view)
        def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            grant = grant_by(network, token_of(request))
            check_proof(request, network, grant, token_of(request))
            if missing := set(scopes) - set(grant.scopes):
                raise error(
                    200, f"(#200) Requires {min(missing)} permission to perform this action", status=403
                )
            response = view(request, grant, *args, **kwargs)
            for name, value in usage(3).items():
                response.headers.setdefault(name, value)
            return response

        return serve

    return decorate


def grant_by(network: str, token: str) -> Grant:
    """The live grant of a token. One that hangs on another (facts["under"]) lives and dies with it."""
    grants = Grant.objects.select_related("person").filter(network=network)
    grant = token and grants.filter(access=token).first()
    if not grant:
        raise error(190, status=401)
    root = grant.facts.get("under", grant.pk)
    session = [*grants.filter(pk=root), *grants.filter(facts__under=root)]
    if any(one.revoked_at for one in session):
        raise error(190, subcode=460, status=401)
    if not grant.is_alive:
        raise error(190, subcode=463, status=401)
    return grant


def check_proof(request: HttpRequest, network: str, grant: Grant, token: str) -> None:
    """A proof that is sent must be right."""
    proof = request.GET.get("appsecret_proof") or str(wire_fields(request).get("appsecret_proof", ""))
    client = Client.objects.filter(network=network, client_id=grant.client_id).first()
    if proof and client and proof != hmac_hex(client.client_secret, token.encode()):
        raise error(100, "Invalid appsecret_proof provided in the API argument", type="GraphMethodException")


def hmac_hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def authorize(network: str, label: str, known: Sequence[str], **facts: Any) -> View:
    """The log-in dialog. Unknown scopes are refused as Meta refuses them; `facts` are kept on the grant."""

    @consent.page
    def serve(request: HttpRequest) -> HttpResponse:
        query = request.GET
        client = consent.registered(network, query.get("client_id", ""), query.get("redirect_uri", ""))
        scopes = query.get("scope", "").replace(",", " ").split()
        if unknown := sorted(set(scopes) - set(known)):
            raise Refusal(400, f"<h1>Invalid Scopes: {unknown[0]}</h1>")
        if query.get("response_type", "code") != "code":
            raise error(100, "(#100) response_type must be code")
        ask = consent.Ask(
            client.client_id, client.name, query["redirect_uri"], query.get("state", ""), scopes, facts=facts
        )
        return consent.consent(request, network, label, ask, code_seconds=3600)

    return serve


def app_of(network: str, fields: dict[str, Any]) -> Client:
    """The app by its id and secret."""
    client = Client.objects.filter(network=network, client_id=fields.get("client_id", "")).first()
    if client is None or not secrets.compare_digest(
        client.client_secret, str(fields.get("client_secret", ""))
    ):
        raise error(101, "Error validating client secret.", type="OAuthException")
    return client


def issue(grant: Grant, lives: timedelta, prefix: str = "EAAB") -> dict[str, Any]:
    """A new token for a grant; the one before stops."""
    grant.access = prefix + secrets.token_urlsafe(60)
    grant.access_expires_at = timezone.now() + lives
    grant.facts["issued_at"] = timezone.now().isoformat()
    grant.save()
    return {"access_token": grant.access, "token_type": "bearer", "expires_in": int(lives.total_seconds())}


def is_young(grant: Grant) -> bool:
    """Whether a token is too young to be refreshed (24 h)."""
    return timezone.now() - datetime.fromisoformat(grant.facts["issued_at"]) < timedelta(hours=24)


# --- lists, times, signatures ---


def page_of(rows: Sequence[Any], request: HttpRequest, show: Callable[[Any], dict[str, Any]]) -> JsonResponse:
    """A list in pages, with cursors that are offsets."""
    limit, start = number_in(request, "limit", 25), number_in(request, "after", 0)
    limit = min(limit, 100)
    shown = [show(row) for row in rows[start : start + limit]]
    body: dict[str, Any] = {"data": shown}
    if shown:
        after = str(start + len(shown))
        body["paging"] = {"cursors": {"before": str(start), "after": after}}
        if start + limit < len(rows):
            query = request.GET.copy()
            query["after"] = after
            body["paging"]["next"] = f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"
    return JsonResponse(body)


def number_in(request: HttpRequest, name: str, default: int) -> int:
    value = request.GET.get(name) or str(default)
    if not value.isdecimal():
        raise error(100, f"(#100) Param {name} must be an integer")
    return int(value)


def graph_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def asked_fields(request: HttpRequest, default: str = "id") -> set[str]:
    """The top-level names of `fields`, without what stands in braces behind them."""
    names, depth = [""], 0
    for letter in request.GET.get("fields", default):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            names.append("")
        elif depth == 0 and letter != "}":
            names[-1] += letter
    return {name.partition(".")[0].strip() for name in names if name.strip()}


def only(body: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    """Of an object just the fields that were asked for, and its id."""
    asked = asked_fields(request)
    return {name: value for name, value in body.items() if name in asked or name == "id"}


def signed(body: dict[str, Any], secret: str) -> tuple[dict[str, str], bytes]:
    """A webhook's headers and body; characters beyond ASCII and slashes arrive escaped."""
    content = json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()
    return {
        "content-type": "application/json",
        "x-hub-signature-256": f"sha256={hmac_hex(secret, content)}",
    }, content
