"""X, API v2. It knows no idempotency keys: a post in doubt is looked up in the account's own timeline."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, ClassVar

from platforms._x import comparable, entity, media_of, text_of
from platforms._x_api import INDEX_LAG
from platforms._x_hooks import XHooks
from platforms._x_media import XMedia
from platforms._x_numbers import XNumbers
from platforms._x_posts import Element
from platforms._x_rules import (
    KINDS,
    LONG_POSTS,
    LONG_SECONDS,
    OPTIONS,
    POST_ID,
    RULES,
    check_options,
    check_text,
    check_video,
    community_id_of,
    post_id_of,
)
from platforms.content import Draft, Json, Part, Profile, Published, Standing, Token
from platforms.errors import InvalidContent, NotFound, OutcomeUnknown, PermissionMissing, TokenExpired
from platforms.ledger import Ledger, repeatable
from platforms.options import Option
from platforms.quotas import DAY, Cost, Quota
from platforms.rules import Finding, Rules
from platforms.text import links

__all__ = ["INDEX_LAG", "X"]

MOST_SHOWN = 25  # posts that a person picks from
EACH_PART = (Cost(per_part=1),)
# Of April 2026, in dollars: a post, a post with a link, and the description of a medium.
POST, LINKED_POST, DESCRIPTION = 0.015, 0.2, 0.005


class X(XHooks, XMedia, XNumbers):
    name = "x"
    label = "X"
    icon = "brand-x"
    colour = "#000000"
    api_url = "https://api.x.com"
    auth_url = "https://x.com"
    upload_url = "https://api.x.com"
    scopes = (
        "tweet.read", "tweet.write", "users.read", "media.write", "offline.access", "tweet.moderate.write",
        "like.write", "dm.read", "dm.write",
    )  # fmt: skip
    posting_scopes = (("tweet.write",),)
    media_scopes = (("media.write",),)
    rules = RULES
    kinds = KINDS
    options: ClassVar[tuple[Option, ...]] = OPTIONS
    currency = "USD"  # paid for what is used, out of credits
    quotas = (
        Quota("posts", 100, timedelta(minutes=15), cost=EACH_PART, endpoint="POST /2/tweets"),
        Quota("posts", 300, timedelta(hours=3), cost=EACH_PART),
        Quota("posts", 10_000, DAY, "app", EACH_PART, endpoint="POST /2/tweets"),
        Quota("deletes", 50, timedelta(minutes=15)),
        Quota("messages", 15, timedelta(minutes=15)),
        Quota("messages", 1440, DAY),
        Quota("likes", 50, timedelta(minutes=15)),
        Quota("likes", 1000, DAY),
    )

    # --- connecting ---

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        try:
            return super().exchange(answer, kept)
        except TokenExpired as error:
            raise PermissionMissing(
                "X's permission ran out before it was used: it lives for 30 seconds.",
                status=error.status,
                detail=error.detail,
                action="Connect again.",
            ) from error

    def profiles(self) -> list[Profile]:
        user = self._me()
        return [
            Profile(
                remote_id=user["id"],
                handle=user["username"],
                name=user["name"],
                avatar_url=user.get("profile_image_url", "").replace("_normal.", "."),
                url=f"{self.app.auth_url}/{user['username']}",
                limits=limits_of(user),
            )
        ]

    def account_limits(self) -> Mapping[str, Json]:
        return limits_of(self._me())

    def _me(self) -> dict[str, Any]:
        wanted = {"user.fields": "profile_image_url,subscription_type"}
        return entity(self.call("GET", "/2/users/me", params=wanted))

    # --- before sending ---

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        if not has_long_posts(limits):
            return rules
        longer = rules.with_limits(text=25_000)
        if not longer.videos.at_most:
            return longer
        least, _ = longer.videos.seconds
        return longer.with_limits(videos={"seconds": (least, LONG_SECONDS), "max_side": 1920})  # type: ignore[dict-item]

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [
            *super().check(draft, limits),
            *(finding for n, part in enumerate(draft.parts, 1) for finding in check_text(n, part.text)),
            *check_options(draft),
            *check_video(draft, has_long_posts(limits)),
        ]

    @classmethod
    def costs(cls, draft: Draft) -> dict[str, float]:
        posts = sum(LINKED_POST if links(part.text) else POST for part in draft.parts)
        described = sum(bool(file.alt) for part in draft.parts for file in part.media)
        return {**super().costs(draft), cls.currency: round(posts + DESCRIPTION * described, 4)}

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        """All media first, so that a bad one never leaves half a thread; then post after post."""
        total = len(draft.parts)
        uploaded = [self.media_of_part(ledger, n, part, total) for n, part in enumerate(draft.parts, 1)]
        about = self._about_media(draft, ledger)
        labels, of_first = labels_of(draft), of_first_part(draft)
        ids: list[str] = []
        for number, (part, media_ids) in enumerate(zip(draft.parts, uploaded, strict=True), 1):
            element = (
                Element(part, media_ids, ids[-1], labels)
                if ids
                else Element(part, media_ids, more={**of_first, **labels}, about_media=about)
            )
            step = "post" if total == 1 else f"post {number} of {total}"
            ids.append(self.once(ledger, step, element, continues=bool(ids)))
        return self._published(ids)

    def _about_media(self, draft: Draft, ledger: Ledger) -> dict[str, Json]:
        """Who is in the pictures, or what the video is called."""
        told: dict[str, Json] = {}
        if draft.items("tagged") and any(file.kind == "image" for file in draft.media):
            people = ledger.repeat("people in the pictures", partial(self._ids_of, draft.items("tagged")))
            told["tagged_user_ids"] = people
        for name in ("title", "description"):
            words = draft.option(f"video_{name}").strip()
            if words and any(file.kind == "video" for file in draft.media):
                told[name] = words
        return told

    def _ids_of(self, people: list[str]) -> list[Json]:
        """The ids of people, looked up where a handle was given."""
        handles = [name.removeprefix("@") for name in people if not name.isdecimal()]
        known: dict[str, str] = {}
        if handles:
            body = self.call("GET", "/2/users/by", params={"usernames": ",".join(handles)}).json
            known = {user["username"].lower(): str(user["id"]) for user in body.get("data") or []}
        unknown = next((name for name in handles if name.lower() not in known), "")
        if unknown:
            raise InvalidContent(f"X knows nobody called @{unknown}.", action="Correct the people's handles.")
        return [known.get(name.removeprefix("@").lower(), name) for name in people]

    def find(self, draft: Draft, since: datetime) -> Published | None:
        part = draft.parts[0]
        post = self.find_post(Element(part, None if part.media else ()), since)
        return self._published([post["id"]]) if post else None

    def recognise(self, permalink: str) -> Json:
        found = POST_ID.search(permalink)
        if not found or permalink.isdecimal():
            raise InvalidContent("This is not the address of a post on X.")
        return {"id": found[1]}

    def recent(self, since: datetime) -> list[Standing]:
        """X charges for what it shows: no more than a person looks at."""
        return [
            Standing(self.permalink(post["id"]), text_of(post), datetime.fromisoformat(post["created_at"]))
            for post in islice(self.timeline(since), MOST_SHOWN)
        ]

    def delete(self, published: Published) -> None:
        for remote_id in reversed(published.part_ids or (published.remote_id,)):
            repeatable(partial(self.take_down, remote_id))

    def _published(self, ids: list[str]) -> Published:
        return Published(ids[0], self.permalink(ids[0]), tuple(ids))

    # --- changing what stands ---

    def edit(self, published: Published, draft: Draft) -> Published:
        """The texts, within X's hour, on accounts with Premium. Each change makes a post with a new id."""
        ids = published.part_ids or (published.remote_id,)
        if len(ids) != len(draft.parts):
            raise InvalidContent(
                "X does not let a thread grow or shrink.", action="Keep its number of posts."
            )
        standing = [self._standing(remote_id) for remote_id in ids]
        for post, part in zip(standing, draft.parts, strict=True):
            refuse_edit(post, part)
        pairs = zip(standing, draft.parts, strict=True)
        return self._published([self._changed(post, part, draft) for post, part in pairs])

    def _standing(self, remote_id: str) -> dict[str, Any]:
        """The newest version of a post: after a change whose answer was lost, it is not the one we know."""
        post = self._version(remote_id)
        history = post.get("edit_history_post_ids") or post.get("edit_history_tweet_ids") or []
        newest = str(history[-1]) if history and history[-1] else remote_id
        return post if newest == remote_id else self._version(newest)

    def _version(self, remote_id: str) -> dict[str, Any]:
        fields = ("attachments", "edit_controls", "entities", "note_post")
        expansions = ("edit_history_post_ids", "referenced_posts")
        post: dict[str, Any] = (
            self.read_posts(f"/2/tweets/{remote_id}", {}, fields, expansions).get("data") or {}
        )
        if not post:
            raise NotFound("X does not have this post any more.")
        return post

    def _changed(self, post: Mapping[str, Any], part: Part, draft: Draft) -> str:
        """The id of the post with its new text; the media stay, by the ids that their keys hold."""
        if is_text_of(part, post):
            return str(post["id"])
        more: dict[str, Json] = {**labels_of(draft), "edit_options": {"previous_post_id": str(post["id"])}}
        element = Element(part, tuple(media_of(post)), more=more)
        try:
            return str(entity(self.call("POST", "/2/tweets", json=element.body))["id"])
        except OutcomeUnknown:
            newest = self._standing(str(post["id"]))
            if is_text_of(part, newest):
                return str(newest["id"])
            raise


def has_long_posts(limits: Mapping[str, Json]) -> bool:
    return limits.get("subscription_type") in LONG_POSTS


def limits_of(user: Mapping[str, Any]) -> dict[str, Json]:
    return {"subscription_type": user.get("subscription_type", "None")}


def labels_of(draft: Draft) -> dict[str, Json]:
    """What each post of a thread is labelled with."""
    return {name: True for name in ("made_with_ai", "paid_partnership") if draft.flag(name)}


def of_first_part(draft: Draft) -> dict[str, Json]:
    """What is said with the first post of a thread alone."""
    told: dict[str, Json] = {}
    if settings := draft.option("reply_settings"):
        told["reply_settings"] = settings
    if answers := draft.items("poll"):
        told["poll"] = {"options": [*answers], "duration_minutes": draft.number("poll_minutes") or 1440}
    if quoted := post_id_of(draft.option("quote")):
        told["quote_tweet_id"] = quoted
    if community := community_id_of(draft.option("community")):
        told |= {"community_id": community, "share_with_followers": draft.flag("share_with_followers")}
    if place := draft.option("place").strip():
        told["geo"] = {"place_id": place}
    return told


def is_text_of(part: Part, post: Mapping[str, Any]) -> bool:
    return comparable(text_of(post)) == comparable(part.text)


def refuse_edit(post: Mapping[str, Any], part: Part) -> None:
    """What X would refuse of a change, before any of a thread is changed."""
    controls = post.get("edit_controls") or {}
    ended = str(controls.get("editable_until") or "")
    is_over = bool(ended) and datetime.fromisoformat(ended) < datetime.now(UTC)
    if is_text_of(part, post):
        return
    if len(media_of(post)) != len(part.media):
        raise InvalidContent(
            "X lets the text of a post be changed, not its media.", action="Keep the pictures as they are."
        )
    if controls.get("is_edit_eligible") is False or is_over or controls.get("edits_remaining") == 0:
        raise PermissionMissing(
            "X lets posts be changed within an hour, on accounts with Premium, and five times.",
            action="Delete the post and publish it anew, or leave it.",
        )
