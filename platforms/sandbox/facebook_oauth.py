"""Facebook's log-in from the other side: codes, short and long tokens, the tokens of Pages, permissions."""

import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox import consent, graph
from platforms.sandbox.facebook_wire import NETWORK, missing, picture_body
from platforms.sandbox.models import Client, Grant, Person
from platforms.sandbox.wire import Refusal

SCOPES = (
    "public_profile", "email", "pages_show_list", "pages_manage_posts", "pages_read_engagement",
    "pages_read_user_content", "pages_manage_engagement", "pages_manage_metadata", "pages_messaging",
    "read_insights", "business_management",
)  # fmt: skip
TASKS = ["ANALYZE", "ADVERTISE", "MESSAGING", "MODERATE", "CREATE_CONTENT", "MANAGE"]
authorize = csrf_exempt(graph.authorize(NETWORK, "Facebook", SCOPES))


def access_token(request: HttpRequest) -> HttpResponse:
    """A code for a short token, a short token for a long one, or the app's own."""
    fields = graph.wire_fields(request)
    client = graph.app_of(NETWORK, fields)
    match fields.get("grant_type"):
        case "fb_exchange_token":
            grant = graph.grant_by(NETWORK, str(fields.get("fb_exchange_token", "")))
            return JsonResponse(graph.issue(grant, graph.LONG))
        case "client_credentials":
            return JsonResponse({"access_token": f"{client.client_id}|{secrets.token_hex(8)}"})
        case None | "authorization_code":
            return JsonResponse(graph.issue(by_code(client, fields), graph.SHORT))
    raise graph.error(100, "(#100) Invalid grant_type")


def by_code(client: Client, fields: dict[str, Any]) -> Grant:
    asked, code = str(fields.get("redirect_uri", "")), str(fields.get("code", ""))
    known = Grant.objects.filter(network=NETWORK, code=code).first() if code else None
    if known and known.redirect_uri != asked:
        said = (
            "Error validating verification code. Please make sure your redirect_uri is identical to the one "
        )
        raise graph.error(100, f"{said}you used in the OAuth dialog request", 36008)
    if known and known.code_expires_at and known.code_expires_at < timezone.now():
        raise graph.error(100, "This authorization code has expired.", 36007)
    try:
        grant = consent.redeem(NETWORK, code, client_id=client.client_id, redirect_uri=asked, verifier="")
    except Refusal as refusal:
        raise graph.error(100, "This authorization code has been used.", 36009) from refusal
    declined = grant.person.facts.get("declines", []) if grant.person else []
    grant.facts["asked"] = grant.scopes
    grant.scopes = [scope for scope in grant.scopes if scope not in declined]
    return grant


def debug_token(request: HttpRequest) -> HttpResponse:
    app_id, _, secret = request.GET.get("access_token", "").partition("|")
    graph.app_of(NETWORK, {"client_id": app_id, "client_secret": secret})
    grant = Grant.objects.filter(network=NETWORK, access=request.GET.get("input_token", "")).first()
    if grant is None or not grant.access:
        told: dict[str, Any] = {"message": "Invalid OAuth access token.", "code": 190}
        return JsonResponse({"data": {"is_valid": False, "error": told, "scopes": []}})
    ends = grant.access_expires_at
    data = {
        "app_id": app_id,
        "type": "PAGE" if "under" in grant.facts else "USER",
        "expires_at": int(ends.timestamp()) if ends else 0,
        "is_valid": grant.is_alive,
        "scopes": grant.scopes,
        "user_id": owner_of(grant)["id"],
        **({"profile_id": grant.person.remote_id} if "under" in grant.facts and grant.person else {}),
    }
    return JsonResponse({"data": data})


# --- the person behind a token ---


def owner_of(grant: Grant) -> dict[str, str]:
    """Who pressed Allow: a person, or whoever runs the Page that was chosen on the consent page."""
    person = grant.person
    if person is None:
        raise missing()
    own = {"id": person.remote_id, "name": person.name}
    if "under" in grant.facts:
        own = {**own, **Grant.objects.get(pk=grant.facts["under"]).facts.get("owner", {})}
    return {**own, **person.facts.get("owner", {})}


@graph.granted(NETWORK)
def permissions(_request: HttpRequest, grant: Grant) -> HttpResponse:
    asked = grant.facts.get("asked", grant.scopes)
    told = [
        {"permission": scope, "status": "granted" if scope in grant.scopes else "declined"} for scope in asked
    ]
    return JsonResponse({"data": told})


@graph.granted(NETWORK)
def remove_app(_request: HttpRequest, grant: Grant) -> HttpResponse:
    """The whole app leaves the person's account: all its tokens end, the Pages' too."""
    if "under" in grant.facts:
        raise graph.error(100, "(#100) A user access token is required to request this resource.")
    now = timezone.now()
    theirs = Grant.objects.filter(network=NETWORK, client_id=grant.client_id)
    theirs.filter(person=grant.person).exclude(facts__has_key="under").update(revoked_at=now)
    theirs.filter(facts__under=grant.pk).update(revoked_at=now)
    return JsonResponse({"success": True})


# --- their Pages ---


@graph.granted(NETWORK, "pages_show_list")
def accounts(request: HttpRequest, grant: Grant) -> HttpResponse:
    pages = pages_named(grant.person.facts.get("pages", []) if grant.person else [])
    return graph.page_of(pages, request, lambda page: page_body(request, grant, page))


@graph.granted(NETWORK, "business_management")
def businesses(request: HttpRequest, grant: Grant) -> HttpResponse:
    rows = grant.person.facts.get("businesses", []) if grant.person else []
    return graph.page_of(rows, request, lambda row: {"id": row["id"], "name": row["name"]})


@graph.granted(NETWORK, "business_management")
def business_pages(request: HttpRequest, grant: Grant, node: str, edge: str) -> HttpResponse:
    rows = grant.person.facts.get("businesses", []) if grant.person else []
    business = next((row for row in rows if row["id"] == node), None)
    if business is None:
        raise missing()
    pages = pages_named(business.get(edge, []))
    return graph.page_of(pages, request, lambda page: page_body(request, grant, page))


def pages_named(ids: list[str]) -> list[Person]:
    return list(Person.objects.filter(network=NETWORK, remote_id__in=ids).order_by("pk"))


def page_body(request: HttpRequest, grant: Grant, page: Person) -> dict[str, Any]:
    """A Page with the fields that were asked for; its token where the person's own token asks."""
    body = {
        "id": page.remote_id,
        "name": page.name,
        "username": page.handle,
        "link": request.build_absolute_uri(f"/sandbox/{NETWORK}/{page.remote_id}"),
        "category": page.facts.get("category", "Bakery"),
        "followers_count": page.facts.get("followers", 1204),
        "fan_count": page.facts.get("followers", 1204) - 37,
        "picture": picture_body(request, page),
        "tasks": page.facts.get("tasks", TASKS),
        "about": page.about,
    }
    if "access_token" in graph.asked_fields(request) and page.remote_id in reachable(grant):
        body["access_token"] = page_token(grant, page)
    return graph.only(body, request)


def reachable(grant: Grant) -> set[str]:
    """The Pages that a person may speak for, their businesses' too."""
    if grant.person is None or "under" in grant.facts:
        return set()
    facts = grant.person.facts
    owned = [page for row in facts.get("businesses", []) for page in row.get("owned_pages", [])]
    return {*facts.get("pages", []), *owned}


def page_token(grant: Grant, page: Person) -> str:
    """A Page's token from a person's: without an end where the person's is a long one."""
    ends = grant.access_expires_at
    is_long = ends is None or ends - timezone.now() > graph.SHORT
    made, _ = Grant.objects.get_or_create(
        network=NETWORK,
        person=page,
        client_id=grant.client_id,
        facts={"under": grant.pk, "is_long": is_long},
        defaults={
            "access": "EAAP" + secrets.token_urlsafe(60),
            "access_expires_at": None if is_long else ends,
            "scopes": grant.scopes,
        },
    )
    return str(made.access)
