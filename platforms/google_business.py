"""Google Business Profile: local posts and reviews (v4) of the locations that an account manages (v1)."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms._google import error_of
from platforms._google_business_failures import FAILURES, sentence_of, told_by
from platforms._google_business_numbers import GoogleBusinessNumbers
from platforms._google_business_post import KINDS, OPTIONS, RULES, body_of, changed, check_post, is_same
from platforms._google_business_push import GoogleBusinessPush
from platforms._google_business_reviews import GoogleBusinessReviews
from platforms.content import Draft, Json, Profile, Published
from platforms.errors import InvalidContent, NotFound, OutcomeUnknown, PermissionMissing, Refused
from platforms.failures import Failure, Said
from platforms.ledger import Ledger, repeatable
from platforms.options import Option
from platforms.quotas import MINUTE, Cost, Quota
from platforms.rules import Finding
from platforms.transport import Answer

ACCOUNTS = "https://mybusinessaccountmanagement.googleapis.com"
LOCATIONS = "https://mybusinessbusinessinformation.googleapis.com"
VERIFICATIONS = "https://mybusinessverifications.googleapis.com"
WANTED = "name,title,storefrontAddress,phoneNumbers,websiteUri,metadata,languageCode,storeCode"
MOST_ACCOUNTS = 50  # pages of 20
MOST_LOCATIONS = 50  # pages of 100
MOST_POSTS = 10  # pages of 100, in one look-up
MOST_LOGOS = 25  # each costs a call
SKEW = timedelta(minutes=2)  # between two clocks
# A create may go on for a while after we hung up, and the list may show it late.
INDEX_LAG = timedelta(minutes=2)
LOOKS_EVERY = 30.0
PATIENCE = timedelta(hours=1)  # a review by Google may take days: after that the post stands as it is
UNDECIDED = frozenset({"", "PROCESSING", "LOCAL_POST_STATE_UNSPECIFIED"})
REJECTED_ACTION = "Change the text, the picture or the button, then try again."


class GoogleBusiness(GoogleBusinessReviews, GoogleBusinessNumbers, GoogleBusinessPush):
    name = "google_business"
    label = "Google Business Profile"
    icon = "brand-google"
    colour = "#4285f4"
    api_url = "https://mybusiness.googleapis.com"
    upload_url = api_url
    scopes = ("https://www.googleapis.com/auth/business.manage",)
    posting_scopes = (scopes,)
    rules = RULES
    kinds = KINDS
    options: ClassVar[tuple[Option, ...]] = OPTIONS
    failures: ClassVar[tuple[Failure, ...]] = FAILURES
    quotas = (
        Quota("requests", 300, MINUTE, "app", (Cost(3),)),  # the post, and looks at Google's review
        Quota("edits", 10, MINUTE, cost=(Cost(1),)),
    )
    reading: ClassVar[Mapping[str, float]] = {"requests": 1}
    account_days: ClassVar[int] = 30
    fetches_media: ClassVar[bool] = True

    @classmethod
    def said(cls, answer: Answer) -> Said:
        said, error = super().said(answer), error_of(answer)
        codes = (*told_by(error), *said.codes)
        return replace(said, codes=codes, sentence=sentence_of(error) or said.sentence)

    # --- connecting ---

    def profiles(self) -> list[Profile]:
        """Every location that may be posted to, once; the same one may be reached through two accounts."""
        reached: dict[str, tuple[str, dict[str, Any]]] = {}
        for account in self._accounts():
            for location in self._locations(account):
                reached.setdefault(location["name"], (account, location))
        postable = [(account, place) for account, place in reached.values() if has_voice(place)]
        if not postable:
            raise self._nothing_to_post_to(list(reached))
        with_logo = len(postable) <= MOST_LOGOS
        return [self._profile(f"{account}/{place['name']}", place, with_logo) for account, place in postable]

    def _accounts(self) -> Iterator[str]:
        url = f"{self.host(ACCOUNTS)}/v1/accounts"
        for page in self.pages(url, {"pageSize": "20"}, MOST_ACCOUNTS, "accounts"):
            yield from (account["name"] for account in page)

    def _locations(self, account: str) -> Iterator[dict[str, Any]]:
        url = f"{self.host(LOCATIONS)}/v1/{account}/locations"
        asked = {"readMask": WANTED, "pageSize": "100"}
        for page in self.pages(url, asked, MOST_LOCATIONS, "locations"):
            yield from page

    def _profile(self, name: str, location: Mapping[str, Any], with_logo: bool) -> Profile:
        return Profile(
            remote_id=name,
            handle=address_of(location) or location["title"],
            name=location["title"],
            avatar_url=self._logo(name) if with_logo else "",
            url=maps_of(location),
            limits=self._limits(location),
        )

    def _logo(self, name: str) -> str:
        with suppress(Refused):
            items = self.call("GET", f"/v4/{name}/media", params={"pageSize": "100"}).json.get("mediaItems")
            for item in items or []:
                if (item.get("locationAssociation") or {}).get("category") in {"PROFILE", "LOGO"}:
                    return str(item.get("googleUrl") or "")
        return ""

    def _limits(self, location: Mapping[str, Any]) -> dict[str, Json]:
        return {
            "language": str(location.get("languageCode") or ""),
            "url": maps_of(location),
            "website": str(location.get("websiteUri") or ""),
            "has_phone": bool((location.get("phoneNumbers") or {}).get("primaryPhone")),
            **self.trial,
        }

    def _nothing_to_post_to(self, locations: list[str]) -> PermissionMissing:
        """Why the account may post nowhere: Google says it of the first location."""
        if not locations:
            return PermissionMissing(
                "This Google account manages no business profile.",
                action="Ask for access at business.google.com, or connect as somebody who has it.",
            )
        url = f"{self.host(VERIFICATIONS)}/v1/{locations[0]}/VoiceOfMerchantState"
        state = self.call("GET", url).json
        message, action = next((WHY_NOT[reason] for reason in WHY_NOT if reason in state), UNVERIFIED)
        return PermissionMissing(message, action=action, detail=str(state))

    def account_limits(self) -> Mapping[str, Json]:
        location = self.connection.remote_id.partition("/locations/")[2]
        url = f"{self.host(LOCATIONS)}/v1/locations/{location}"
        return self._limits(self.call("GET", url, params={"readMask": WANTED}).json)

    # --- before sending ---

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [*super().check(draft, limits), *check_post(draft, limits)]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        """One call makes the post; then Google looks at it, and may reject it."""
        post = ledger.once("post", partial(self._create, draft), find=partial(self._find, draft))
        reviewed = partial(self._is_reviewed, post)
        ledger.wait("Google's review", reviewed, every=LOOKS_EVERY, at_most=2 * PATIENCE.total_seconds())
        return self._published(ledger.repeat("address", partial(self._address, post)))

    def _create(self, draft: Draft) -> dict[str, Any]:
        return kept(self.call("POST", self._posts, json=self._body(draft)).json)

    @property
    def _posts(self) -> str:
        return f"/v4/{self.connection.remote_id}/localPosts"

    def _body(self, draft: Draft) -> dict[str, Json]:
        return body_of(draft, self.connection.limits)

    def _is_reviewed(self, post: Mapping[str, Any]) -> bool:
        """Whether Google has decided; one that it is still looking at stands as it is after a while."""
        age = datetime.now(UTC) - datetime.fromisoformat(post["at"])
        try:
            state = str(self._post(post["name"]).get("state") or "")
        except NotFound:
            if age > INDEX_LAG:
                raise
            return False
        if state == "REJECTED":
            raise InvalidContent("Google rejected the post: it breaks its rules.", action=REJECTED_ACTION)
        return state not in UNDECIDED or age > PATIENCE

    def _address(self, post: Mapping[str, Any]) -> dict[str, Any]:
        """The post again, whose address may not have been known at first."""
        return dict(post) if post["url"] else kept(self._post(post["name"]))

    # --- what stands ---

    def find(self, draft: Draft, since: datetime) -> Published | None:
        found = self._find(draft, since)
        return self._published(found) if found else None

    def recognise(self, permalink: str) -> Json:
        """The addresses of posts are Google's secret: the one that was given is looked up among them."""
        for page in self.pages(self._posts, {"pageSize": "100"}, MOST_POSTS, "localPosts"):
            for post in page:
                if post.get("searchUrl") == permalink.strip():
                    return kept(post)
        raise InvalidContent("This is not the address of one of this profile's posts.")

    def delete(self, published: Published) -> None:
        with suppress(NotFound):
            repeatable(partial(self.call, "DELETE", f"/v4/{published.remote_id}"))

    def edit(self, published: Published, draft: Draft) -> Published:
        """Everything but the kind of post; Google looks at it again afterwards."""
        standing, wanted = self._post(published.remote_id), self._body(draft)
        if standing.get("topicType") != wanted["topicType"]:
            raise InvalidContent(
                "Google does not make another kind of post of one that stands.",
                action="Delete it and post it anew.",
            )
        fields = changed(standing, wanted)
        if not fields:
            return self._published(kept(standing))
        body: Json = {field: wanted[field] for field in fields if field in wanted}
        mask = {"updateMask": ",".join(fields)}
        patch = partial(self.call, "PATCH", f"/v4/{published.remote_id}", params=mask, json=body)
        return self._published(kept(repeatable(patch).json))

    def _post(self, name: str) -> dict[str, Any]:
        return self.call("GET", f"/v4/{name}").json

    def _published(self, post: Mapping[str, Any]) -> Published:
        address = post["url"] or self.connection.limits.get("url")
        return Published(post["name"], str(address or ""), (post["name"],))

    # --- looking ---

    def _find(self, draft: Draft, since: datetime) -> dict[str, Any] | None:
        wanted = self._body(draft)
        for page in self.pages(self._posts, {"pageSize": "100"}, MOST_POSTS, "localPosts"):
            new = [post for post in page if datetime.fromisoformat(post["createTime"]) >= since - SKEW]
            for post in new:
                if is_same(post, wanted):
                    return kept(post)
            if not new:  # the newest come first
                break
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("Google may have the post and not show it yet.")
        return None


UNVERIFIED = (
    "Google has not verified that this profile is yours, so it may not post.",
    "Verify the profile at business.google.com, then connect again.",
)
WHY_NOT: dict[str, tuple[str, str]] = {
    "complyWithGuidelines": (
        "Google has suspended or disabled this profile.",
        "Appeal at business.google.com, then connect again.",
    ),
    "resolveOwnershipConflict": (
        "Somebody else owns this profile at Google.",
        "Ask for access at business.google.com, then connect again.",
    ),
    "waitForVoiceOfMerchant": (
        "Google is still looking at this profile.",
        "Wait until the profile can be seen on Google, then connect again.",
    ),
    "verify": UNVERIFIED,
}


def has_voice(location: Mapping[str, Any]) -> bool:
    """Whether a location may speak for itself."""
    return bool((location.get("metadata") or {}).get("hasVoiceOfMerchant"))


def maps_of(location: Mapping[str, Any]) -> str:
    return str((location.get("metadata") or {}).get("mapsUri") or "")


def address_of(location: Mapping[str, Any]) -> str:
    """What tells a business's locations apart: the street and the town, else the store's code."""
    told = location.get("storefrontAddress") or {}
    lines = [*(told.get("addressLines") or [])[:1], told.get("locality")]
    return ", ".join(str(line) for line in lines if line) or str(location.get("storeCode") or "")


def kept(post: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a post: its name, when it was made, and its address, which may come later."""
    return {"name": post["name"], "at": post["createTime"], "url": str(post.get("searchUrl") or "")}
