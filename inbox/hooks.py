"""Where networks call us: greeted, verified, written down, answered. The work comes after."""

import hashlib
import re

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.connections import client_for
from accounts.models import Account
from inbox import receipts
from platforms.base import Platform
from platforms.content import Incoming
from platforms.registry import PLATFORMS

MOST_BYTES = 2_000_000
# Some networks have us sign a word of theirs with the very secret that signs their calls. A word that could
# be a call (JSON or XML) is signed for nobody.
COULD_BE_A_CALL = re.compile(r"[{}\[\]<>\"]")
LONGEST_WORD = 2000


@csrf_exempt
@require_http_methods(["GET", "POST"])
def receive(request: HttpRequest, platform_name: str) -> HttpResponse:
    """A network asks whether this address is ours, or tells something.

    404: no such network; 403: not the network's own call; 413: too much; 200: kept, or known already.
    """
    platform = PLATFORMS.get(platform_name)
    if platform is None or not platform.can("verify_webhook"):
        raise Http404
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    call, client = incoming(request), client_for(platform)
    greeting = client.greet_webhook(call) if _may_greet(call) else None
    if greeting is not None:
        return _said(greeting)
    if request.method != "POST" or not client.verify_webhook(call):
        return HttpResponse(status=403)
    return _keep(request, platform, call)


def incoming(request: HttpRequest) -> Incoming:
    """The request as clients read it."""
    return Incoming(
        method=request.method or "",
        url=request.build_absolute_uri(),
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.GET.dict(),
        body=request.body,
    )


def _may_greet(call: Incoming) -> bool:
    words = call.query.values()
    return call.method == "GET" and not any(
        COULD_BE_A_CALL.search(word) or len(word) > LONGEST_WORD for word in words
    )


def _said(greeting: str) -> HttpResponse:
    """Never as something that a browser would run."""
    kind = "application/json" if greeting.startswith("{") else "text/plain"
    return HttpResponse(greeting, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})


def _keep(request: HttpRequest, platform: type[Platform], call: Incoming) -> HttpResponse:
    account = None
    if not platform.hooks_name_account and (number := request.GET.get("account", "")).isdigit():
        account = get_object_or_404(Account, pk=int(number), platform_name=platform.name)
    try:
        body = call.body.decode()
    except UnicodeDecodeError:
        return HttpResponse(status=400)
    receipts.keep(platform, body, hashlib.sha256(call.body).hexdigest(), account)
    return HttpResponse(status=200)
