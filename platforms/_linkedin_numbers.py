"""LinkedIn's numbers: of pages and their posts, and of profiles where the app may see them."""

from collections.abc import Mapping
from typing import Any

from platforms._linkedin_text import kind_of, quoted
from platforms._linkedin_wire import LinkedInWire
from platforms.content import Json, Metric, Metrics, Published
from platforms.errors import Refused

SHARE: dict[str, Metric] = {
    "impressionCount": "views",
    "uniqueImpressionsCount": "reach",
    "likeCount": "likes",
    "commentCount": "comments",
    "shareCount": "shares",
    "clickCount": "clicks",
}
MEMBER: dict[str, Metric] = {
    "IMPRESSION": "views",
    "MEMBERS_REACHED": "reach",
    "REACTION": "likes",
    "COMMENT": "comments",
    "RESHARE": "shares",
}


class LinkedInNumbers(LinkedInWire):
    post_numbers = (*SHARE.values(), "watch_seconds")
    account_numbers = (*SHARE.values(), "followers", "profile_views")

    def post_metrics(self, published: Published) -> Metrics:
        urn = published.remote_id
        if self.is_page:
            return self._of_page_post(urn)
        name = "share" if kind_of(urn) == "share" else "ugc"
        return self._of_member(f"q=entity&entity=({name}:{quoted(urn)})")

    def account_metrics(self) -> Metrics:
        return self._of_page() if self.is_page else self._of_profile()

    def _of_page_post(self, urn: str) -> Metrics:
        """Lifetime numbers; LinkedIn leaves a post out as long as nobody saw it."""
        filters = "shares" if kind_of(urn) == "share" else "ugcPosts"
        told = self._shares(f"&{filters}=List({quoted(urn)})")
        values: dict[Metric, float] = {word: told.get(name, 0) for name, word in SHARE.items()}
        raw: dict[str, Json] = dict(told)
        reactions = self.rest("GET", f"/socialMetadata/{quoted(urn)}").json.get("reactionSummaries")
        if isinstance(reactions, dict):
            values["likes"] = sum(int(reaction["count"]) for reaction in reactions.values())
            raw["reactionSummaries"] = reactions
        if kind_of(urn) == "ugcPost" and (watched := self._watched(urn)) is not None:
            values["watch_seconds"] = watched / 1000
            raw["TIME_WATCHED"] = watched
        return Metrics(values, raw)

    def _watched(self, urn: str) -> float | None:
        """For how many milliseconds people watched; None where the post is no video."""
        path = f"/videoAnalytics?q=entity&entity={quoted(urn)}&type=TIME_WATCHED&aggregation=ALL"
        try:
            found = self.rest("GET", path, action="FINDER").json.get("elements") or []
        except Refused:
            return None
        return float(found[0]["value"]) if found else None

    def _shares(self, filters: str = "") -> Mapping[str, Any]:
        path = "/organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity="
        found = self.rest("GET", path + quoted(self.connection.remote_id) + filters, action="FINDER").json
        elements = found.get("elements") or [{}]
        told: Mapping[str, Any] = elements[0].get("totalShareStatistics") or {}
        return told

    def _of_page(self) -> Metrics:
        page = quoted(self.connection.remote_id)
        told = self._shares()
        size = self.rest("GET", f"/networkSizes/{page}?edgeType=COMPANY_FOLLOWED_BY_MEMBER").json
        visits = self.rest(
            "GET", f"/organizationPageStatistics?q=organization&organization={page}", action="FINDER"
        ).json
        values: dict[Metric, float] = {word: told[name] for name, word in SHARE.items() if name in told}
        values["followers"] = int(size["firstDegreeSize"])
        raw: dict[str, Json] = {**told, **size}
        for element in visits.get("elements") or []:
            views = element["totalPageStatistics"]["views"]["allPageViews"]["pageViews"]
            values["profile_views"] = raw["pageViews"] = int(views)
        return Metrics(values, raw)

    def _of_profile(self) -> Metrics:
        told = self._of_member("q=me")
        values, raw = dict(told.values), dict(told.raw)
        if self.may("r_member_profileAnalytics"):
            found = self.rest("GET", "/memberFollowersCount?q=me", action="FINDER").json.get("elements") or []
            for element in found[:1]:
                values["followers"] = raw["memberFollowersCount"] = int(element["memberFollowersCount"])
        return Metrics(values, raw)

    def _of_member(self, query: str) -> Metrics:
        """One question per number; nothing where the app may not ask."""
        if not self.may("r_member_postAnalytics"):
            return Metrics({})
        values: dict[Metric, float] = {}
        raw: dict[str, Json] = {}
        for name, word in MEMBER.items():
            path = f"/memberCreatorPostAnalytics?{query}&queryType={name}&aggregation=TOTAL"
            for element in self.rest("GET", path, action="FINDER").json.get("elements") or []:
                values[word] = raw[name] = int(element["count"])
        return Metrics(values, raw)
