"""The consent page that every network shows, and the code that it hands out (RFC 6749, RFC 7636)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from platforms.sandbox.models import Client, Grant, Person
from platforms.sandbox.wire import Refusal, answer, verifies


@dataclass(frozen=True)
class Ask:
    """What a client asks a person to allow."""

    client_id: str
    client_name: str
    redirect_uri: str
    state: str
    scopes: list[str]
    challenge: str = ""
    extra: dict[str, str] = field(default_factory=dict)  # added to the redirect (an issuer, say)
    facts: dict[str, Any] = field(default_factory=dict)  # kept on the grant
    hint: str = ""  # the handle or id of the one person who is asked; empty: anybody may sign in
    wants: list[str] = field(default_factory=list)  # the scopes in words; empty: the scopes are shown


def consent(request: HttpRequest, network: str, label: str, ask: Ask, *, code_seconds: int) -> HttpResponse:
    """Show who may sign in and what is asked; on a press, send them back with a code or a refusal."""
    people = Person.objects.filter(network=network).order_by("pk")
    if ask.hint:
        people = people.filter(Q(handle=ask.hint) | Q(remote_id=ask.hint))
    if request.method != "POST":
        context = {"network": network, "label": label, "ask": ask, "people": people}
        shown = render(request, "sandbox/consent.html", context)
        # The press leads back to the client, which may live elsewhere. (The name is django-csp's.)
        setattr(shown, "_csp_update", {"form-action": [origin(ask.redirect_uri)]})  # noqa: B010
        return shown
    if request.POST.get("answer") != "allow":
        return back(ask, error="access_denied", error_description="The person said no.")
    person = people.filter(pk=request.POST.get("person") or 0).first()
    if person is None:
        return back(ask, error="access_denied", error_description="Nobody signed in.")
    grant = Grant.objects.create(
        network=network,
        person=person,
        client_id=ask.client_id,
        redirect_uri=ask.redirect_uri,
        scopes=ask.scopes,
        challenge=ask.challenge,
        code=secrets.token_urlsafe(32),
        code_expires_at=timezone.now() + timedelta(seconds=code_seconds),
        facts=ask.facts,
    )
    return back(ask, code=grant.code)


def back(ask: Ask, **answer_fields: str) -> HttpResponse:
    joint = "&" if urlsplit(ask.redirect_uri).query else "?"
    query = urlencode({**ask.extra, "state": ask.state, **answer_fields})
    response = HttpResponse(status=302)
    response["Location"] = f"{ask.redirect_uri}{joint}{query}"
    return response


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def registered(network: str, client_id: str, redirect_uri: str) -> Client:
    """The client, if it is one and may be sent back there."""
    client = Client.objects.filter(network=network, client_id=client_id).first()
    if client is None:
        raise Refusal(400, {"error": "invalid_client", "error_description": "This client is not registered."})
    if redirect_uri not in client.redirect_uris and (client.redirect_uris or not is_local(redirect_uri)):
        raise Refusal(
            400, {"error": "invalid_request", "error_description": "The redirect is not registered."}
        )
    return client


def is_local(url: str) -> bool:
    return (urlsplit(url).hostname or "") in {"127.0.0.1", "localhost", "::1", "testserver"}


def redeem(network: str, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Grant:
    """The grant of a code, which works once, in time, for the same client, redirect and verifier."""
    grant = (
        Grant.objects.select_related("person").filter(network=network, code=code).first() if code else None
    )
    if (
        grant is None
        or grant.client_id != client_id
        or grant.redirect_uri != redirect_uri
        or (grant.code_expires_at and grant.code_expires_at < timezone.now())
        or (grant.challenge and not verifies(grant.challenge, verifier))
        or not Grant.objects.filter(pk=grant.pk, code=code).update(code="")
    ):
        raise Refusal(
            400, {"error": "invalid_grant", "error_description": "The code is wrong, used or too old."}
        )
    grant.code = ""
    return grant


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for people: a refusal is shown, not sent back to an unregistered place."""

    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return answer(refusal)

    return shown
