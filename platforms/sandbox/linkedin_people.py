"""LinkedIn's members and pages from the other side, and their numbers."""

import re
from typing import Any
from urllib.parse import unquote

from django.http import HttpResponse, JsonResponse
from django.urls import reverse

from platforms.sandbox.insights import grown
from platforms.sandbox.linkedin_social import ADMINS, likes_of, notes
from platforms.sandbox.linkedin_wire import (
    NETWORK,
    Asked,
    encoded,
    forbidden,
    invalid,
    listed,
    not_found,
    paged,
    refused,
    restli,
)
from platforms.sandbox.models import Entry, Person

VIEWERS = ADMINS | {"ANALYST"}
FAMILIES = {"shares": "share", "ugcPosts": "ugcPost"}
METRICS = {
    "IMPRESSION": "impressionCount",
    "MEMBERS_REACHED": "uniqueImpressionsCount",
    "RESHARE": "shareCount",
    "COMMENT": "commentCount",
    "REACTION": "",
}
VIDEO_TYPES = {"VIDEO_VIEW", "VIEWER", "TIME_WATCHED", "TIME_WATCHED_FOR_VIDEO_VIEWS"}

# --- who ---


def picture_url(asked: Asked, person: Person) -> str:
    return asked.request.build_absolute_uri(reverse("sandbox-avatar", args=[NETWORK, person.handle]))


def userinfo(asked: Asked) -> HttpResponse:
    asked.needs("userinfo", "openid")
    member = asked.member
    first, _, last = member.name.partition(" ")
    return JsonResponse(
        {
            "sub": number_of(member),
            "name": member.name,
            "given_name": first,
            "family_name": last,
            "picture": picture_url(asked, member),
            "locale": {"country": "US", "language": "en"},
        }
    )


def me(asked: Asked) -> HttpResponse:
    """The picture comes where the projection asks for it."""
    asked.needs("me.GET", "r_basicprofile")
    member = asked.member
    first, _, last = member.name.partition(" ")
    asset = f"urn:li:digitalmediaAsset:{number_of(member)}"
    body: dict[str, Any] = {
        "id": number_of(member),
        "localizedFirstName": first,
        "localizedLastName": last,
        "localizedHeadline": member.about,
        "vanityName": member.handle,
        "profilePicture": {"displayImage": asset},
    }
    projection = unquote(asked.query.get("projection", ""))
    if "displayImage~:playableStreams" in projection:
        rendering = {"identifiers": [{"identifier": picture_url(asked, member)}]}
        body["profilePicture"]["displayImage~"] = {"elements": [rendering]}
    if projection:
        wanted = set(re.findall(r"\w+", projection))
        body = {name: value for name, value in body.items() if name in wanted}
    return JsonResponse(body)


def number_of(person: Person) -> str:
    return person.remote_id.rpartition(":")[2]


def acls(asked: Asked) -> HttpResponse:
    """The member's roles on pages."""
    restli(asked, "FINDER")
    asked.needs("organizationAcls.FINDER-roleAssignee", "rw_organization_admin", "r_organization_admin")
    query = asked.query
    if query.get("q") != "roleAssignee" or query.get("state", "APPROVED") != "APPROVED":
        raise refused(400, "INVALID_INPUT", "Unknown finder")
    pages = Person.objects.filter(network=NETWORK, facts__has_key="managers").order_by("pk")
    rows = [
        {
            "role": page.facts["managers"][asked.member.remote_id],
            "organization": page.remote_id,
            "roleAssignee": asked.member.remote_id,
            "state": "APPROVED",
        }
        for page in pages
        if asked.member.remote_id in page.facts["managers"]
    ]
    wanted = query.get("role")
    return JsonResponse(paged(asked, [row for row in rows if wanted in {None, row["role"]}]))


def organizations(asked: Asked) -> HttpResponse:
    restli(asked, "BATCH_GET")
    asked.needs("organizations.BATCH_GET", "rw_organization_admin", "r_organization_admin")
    results = {}
    for number in listed(asked.query.get("ids", "")):
        page = Person.objects.filter(network=NETWORK, remote_id=f"urn:li:organization:{number}").first()
        if page and asked.member.remote_id in page.facts["managers"]:
            results[number] = organization(page)
    return JsonResponse({"results": results, "statuses": {}, "errors": {}})


def organization(page: Person) -> dict[str, Any]:
    return {
        "id": int(number_of(page)),
        "$URN": page.remote_id,
        "localizedName": page.name,
        "vanityName": page.handle,
        "name": {
            "localized": {"en_US": page.name},
            "preferredLocale": {"country": "US", "language": "en"},
        },
        "logoV2": {"original": page.facts["logo"].replace(":image:", ":digitalmediaAsset:")},
        "primaryOrganizationType": "NONE",
    }


# --- pages' numbers ---


def page_of(asked: Asked, name: str, resource: str) -> Person:
    asked.needs(resource, "rw_organization_admin")
    return asked.acts_for(encoded(asked.query.get(name, "")), resource, VIEWERS)


def network_size(asked: Asked, urn: str) -> HttpResponse:
    if asked.query.get("edgeType") != "COMPANY_FOLLOWED_BY_MEMBER":
        raise invalid("INVALID_VALUE_FOR_FIELD", "edgeType", "Invalid edge type")
    page = Person.objects.filter(network=NETWORK, remote_id=urn, facts__has_key="managers").first()
    if page is None:
        raise not_found()
    return JsonResponse({"firstDegreeSize": page.facts.get("followers", 0)})


def share_statistics(asked: Asked) -> HttpResponse:
    """Of chosen posts, those with any activity; without a choice the page's lifetime."""
    restli(asked, "FINDER")
    page = page_of(asked, "organizationalEntity", "organizationalEntityShareStatistics.FINDER")
    entries = list(Entry.objects.filter(network=NETWORK, person=page, deleted_at=None))
    chosen = [name for name in FAMILIES if name in asked.query]
    if not chosen:
        total = added([statistics(entry) for entry in entries]) if entries else {}
        element = {"organizationalEntity": page.remote_id, "totalShareStatistics": total}
        return JsonResponse(paged(asked, [element]))
    elements = []
    for name in chosen:
        urns = listed(asked.query[name])
        if any(not urn.startswith(f"urn:li:{FAMILIES[name]}:") for urn in urns):
            raise invalid("INVALID_URN_TYPE", name, "Invalid urn type")
        for entry in entries:
            told = statistics(entry)
            if entry.remote_id in urns and told["impressionCount"]:
                key = {FAMILIES[name]: entry.remote_id}
                elements.append({"organizationalEntity": page.remote_id, **key, "totalShareStatistics": told})
    return JsonResponse(paged(asked, elements))


def statistics(entry: Entry) -> dict[str, float]:
    since = entry.created_at
    views = grown(entry.pk, "views", 4000, since)
    told = {
        "impressionCount": views,
        "uniqueImpressionsCount": views * 7 // 10,
        "clickCount": grown(entry.pk, "clicks", 90, since),
        "likeCount": likes_of(entry)["LIKE"],
        "commentCount": notes().filter(entry=entry, kind="comment").count(),
        "shareCount": reposts_of(entry),
        "shareMentionsCount": 0,
        "commentMentionsCount": 0,
    }
    did = told["clickCount"] + told["likeCount"] + told["commentCount"] + told["shareCount"]
    return {**told, "engagement": did / views if views else 0.0}


def reposts_of(entry: Entry) -> int:
    return grown(entry.pk, "shares", 15, entry.created_at)


def added(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) for name in rows[0]}


def page_statistics(asked: Asked) -> HttpResponse:
    restli(asked, "FINDER")
    page = page_of(asked, "organization", "organizationPageStatistics.FINDER")
    views = {"allPageViews": {"pageViews": page.facts.get("followers", 0) * 3}}
    element = {"organization": page.remote_id, "totalPageStatistics": {"views": views, "clicks": {}}}
    return JsonResponse(paged(asked, [element]))


def video_analytics(asked: Asked) -> HttpResponse:
    restli(asked, "FINDER")
    asked.needs("videoAnalytics.FINDER-entity", "r_organization_social")
    urn = encoded(asked.query.get("entity", ""))
    entry = Entry.objects.filter(network=NETWORK, remote_id=urn, body__kind="video", deleted_at=None).first()
    kind = asked.query.get("type", "")
    if entry is None or kind not in VIDEO_TYPES:
        raise invalid("INVALID_VALUE_FOR_FIELD", "entity", "The entity is no video")
    most = 9_000_000 if "TIME" in kind else 900
    value = grown(entry.pk, kind, most, entry.created_at)
    return JsonResponse(paged(asked, [{"entity": urn, "value": value, "statisticsType": kind}]))


# --- members' numbers ---


def member_posts(asked: Asked) -> HttpResponse:
    """One number of one post (`q=entity`), or of all (`q=me`)."""
    restli(asked, "FINDER")
    asked.needs("memberCreatorPostAnalytics.FINDER", "r_member_postAnalytics")
    query = asked.query
    metric = query.get("queryType", "")
    if metric not in METRICS or query.get("aggregation") not in {"TOTAL", "DAILY"}:
        raise invalid("INVALID_VALUE_FOR_FIELD", "queryType", "Invalid query type")
    if metric == "MEMBERS_REACHED" and query["aggregation"] == "DAILY":
        raise invalid("INVALID_VALUE_FOR_FIELD", "aggregation", "MEMBERS_REACHED is not available by day")
    entries = Entry.objects.filter(network=NETWORK, person=asked.member, deleted_at=None)
    element: dict[str, Any] = {"metricType": metric}
    if query.get("q") == "entity":
        family, urn = entity_of(query.get("entity", ""))
        entries = entries.filter(remote_id=urn)
        if not entries:
            raise forbidden("memberCreatorPostAnalytics.FINDER-entity")
        element["targetEntity"] = {family: urn}
    elif query.get("q") != "me":
        raise refused(400, "INVALID_INPUT", "Unknown finder")
    element["count"] = sum(member_number(entry, metric) for entry in entries)
    return JsonResponse(paged(asked, [element]))


def entity_of(written: str) -> tuple[str, str]:
    found = re.fullmatch(r"\((share|ugc):(urn%3Ali%3A(?:share|ugcPost)%3A\d+)\)", written)
    if not found or ("share" in found[2]) != (found[1] == "share"):
        raise invalid("INVALID_VALUE_FOR_FIELD", "entity", "Invalid entity")
    return found[1], unquote(found[2])


def member_number(entry: Entry, metric: str) -> int:
    name = METRICS[metric]
    return int(statistics(entry)[name]) if name else sum(likes_of(entry).values())


def member_followers(asked: Asked) -> HttpResponse:
    restli(asked, "FINDER")
    asked.needs("memberFollowersCount.FINDER-me", "r_member_profileAnalytics")
    element = {"memberFollowersCount": asked.member.facts.get("followers", 0)}
    return JsonResponse(paged(asked, [element]))
