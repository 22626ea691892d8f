"""What every twin does on the wire: read a request, find its grant, inject faults, answer in its words."""

import base64
import hashlib
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox.models import Call, Fault, Grant

View = Callable[..., HttpResponse]


class Refusal(Exception):
    """The network says no: a status and its own body."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.body = body
        self.headers = headers or {}


@dataclass(frozen=True)
class Dialect:
    """How one network says the things that every network says."""

    network: str
    limited: Callable[[], Refusal]
    broken: Callable[[], Refusal]
    unauthorized: Callable[[], Refusal]
    refuse: Callable[[str], Refusal] | None = None  # its refusal with a code, as its documents print it


def answer(refusal: Refusal) -> HttpResponse:
    if isinstance(refusal.body, str):
        return HttpResponse(
            refusal.body, status=refusal.status, headers={"Content-Type": "text/html", **refusal.headers}
        )
    return JsonResponse(refusal.body, status=refusal.status, headers=refusal.headers, safe=False)


def endpoint(dialect: Dialect, *methods: str) -> Callable[[View], View]:
    """An API endpoint: its methods, faults applied, one transaction, refusals in the network's words."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            fault = take_fault(dialect.network, request)
            request.META["sandbox.fault"] = fault.kind if fault else ""
            if fault and fault.kind == Fault.Kind.DROP_BEFORE:
                return hang_up(request)
            try:
                before(fault, dialect, request)
                if methods and request.method not in methods:
                    raise Refusal(405, {"error": "method not allowed"})
                with transaction.atomic():
                    response = view(request, *args, **kwargs)
            except Refusal as refusal:
                response = answer(refusal)
            record(dialect.network, request, response)
            return after(fault, request, response)

        return serve

    return decorate


def take_fault(network: str, request: HttpRequest) -> Fault | None:
    """The first fault set for this request, counted down."""
    candidates = Fault.objects.filter(Q(network=network) | Q(network=""), times__gt=0).order_by("pk")
    for fault in candidates:
        writes = request.method in {"POST", "PUT", "PATCH", "DELETE"}
        if (fault.path and fault.path not in request.path) or (not fault.path and not writes):
            continue
        if fault.method and fault.method != request.method:
            continue
        if Fault.objects.filter(pk=fault.pk, skip__gt=0).update(skip=F("skip") - 1):
            continue
        if Fault.objects.filter(pk=fault.pk, times__gt=0).update(times=F("times") - 1):
            return fault
    return None


def before(fault: Fault | None, dialect: Dialect, request: HttpRequest) -> None:
    """What a fault does instead of the work."""
    match fault and fault.kind:
        case Fault.Kind.SLOW:
            assert fault is not None  # noqa: S101  (the case says so)
            time.sleep(fault.seconds)
        case Fault.Kind.LIMITED:
            raise dialect.limited()
        case Fault.Kind.BROKEN:
            raise dialect.broken()
        case Fault.Kind.REFUSED:
            assert fault is not None and dialect.refuse is not None  # noqa: S101, PT018
            raise dialect.refuse(fault.code)
        case Fault.Kind.REVOKED:
            Grant.objects.filter(network=dialect.network, access=bearer(request)).update(
                revoked_at=timezone.now()
            )


def after(fault: Fault | None, request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """What a fault does to the answer, once the work is done."""
    match fault and fault.kind:
        case Fault.Kind.DROP_AFTER:
            return hang_up(request)
        case Fault.Kind.HTML:
            return HttpResponse(
                "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>", status=response.status_code
            )
        case Fault.Kind.HALF:
            body = response.content[: len(response.content) // 2]
            return HttpResponse(body, status=response.status_code, content_type="application/json")
        case Fault.Kind.EMPTY:
            return HttpResponse(b"", status=response.status_code)
    return response


def hang_up(request: HttpRequest) -> HttpResponse:
    """Shut the connection under the server (gunicorn's or Django's): the client never hears an answer."""
    environ = request.META
    open_socket = environ.get("gunicorn.socket") or environ["wsgi.input"]._read.__self__.raw._sock
    open_socket.shutdown(socket.SHUT_RDWR)
    return HttpResponse(status=500)


def bearer(request: HttpRequest) -> str:
    """The token of the Authorization header, whatever its scheme."""
    return request.headers.get("Authorization", "").partition(" ")[2].strip()


def grant_of(dialect: Dialect, request: HttpRequest) -> Grant:
    """The live grant a request comes with, or the network's refusal."""
    token = bearer(request)
    grant = (
        token and Grant.objects.select_related("person").filter(network=dialect.network, access=token).first()
    )
    if not grant or not grant.is_alive or grant.person is None:
        raise dialect.unauthorized()
    return grant


def payload(request: HttpRequest) -> dict[str, Any]:
    """The body as a mapping: JSON, or form fields (`name[]` and repeated names as lists)."""
    if request.content_type == "application/json":
        try:
            parsed = json.loads(request.body or b"{}")
        except ValueError as error:
            raise Refusal(400, {"error": "invalid JSON"}) from error
        if not isinstance(parsed, dict):
            raise Refusal(400, {"error": "invalid JSON"})
        return parsed
    fields: dict[str, Any] = {}
    for name, values in request.POST.lists():
        plain = name.removesuffix("[]")
        fields[plain] = values if name.endswith("[]") or len(values) > 1 else values[0]
    return fields


def verifies(challenge: str, verifier: str) -> bool:
    """PKCE S256 (RFC 7636, 4.6)."""
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hashed == challenge


SECRETS = {
    "appsecret_proof",
    "access_token",
    "refresh_token",
    "client_secret",
    "password",
    "code",
    "code_verifier",
    "token",
}


def record(network: str, request: HttpRequest, response: HttpResponse) -> None:
    """Keep the call for whoever wants to see what was sent."""
    try:
        sent = (
            payload(request) if request.content_type != "multipart/form-data" else dict(request.POST.items())
        )
    except Refusal:
        sent = {}
    asked = (
        {}
        if request.method in {"GET", "HEAD"}
        else {f"?{name}": value for name, value in request.GET.items()}
    )
    Call.objects.create(
        network=network,
        method=request.method or "",
        path=request.path[:500],
        status=response.status_code,
        body={
            name: "***" if name.lstrip("?") in SECRETS else value for name, value in {**sent, **asked}.items()
        },
    )
