"""Threads (Threads API 1.0): posts are containers, made out of sight and published once."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from platforms._meta import moment
from platforms._threads_containers import INDEX_LAG
from platforms._threads_failures import FAILURES
from platforms._threads_inbox import ThreadsInbox
from platforms._threads_post import Params, medium, shortcode, words
from platforms._threads_rules import ANYTHING, KINDS, OPTIONS, check_links, check_options
from platforms.base import Platform
from platforms.content import Draft, Json, Metric, Metrics, Profile, Published, Standing, Token
from platforms.errors import (
    InvalidContent,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import Ledger, repeatable
from platforms.oauth import OAuth
from platforms.quotas import DAY, Cost, Quota
from platforms.rules import Finding, check
from platforms.transport import Answer

PROFILE = "id,username,name,threads_profile_picture_url"
NUMBERS: dict[str, Metric] = {
    "views": "views",
    "likes": "likes",
    "replies": "comments",
    "reposts": "reposts",
    "quotes": "quotes",
    "shares": "shares",
    "clicks": "clicks",
    "followers_count": "followers",
}
OF_POSTS = ("views", "likes", "replies", "reposts", "quotes", "shares")
OF_ACCOUNTS = ("views", "likes", "replies", "reposts", "quotes", "clicks", "followers_count")


class Threads(ThreadsInbox):
    name = "threads"
    label = "Threads"
    icon = "brand-threads"
    colour = "#000000"
    api_url = upload_url = "https://graph.threads.net"
    auth_url = "https://www.threads.com"
    scopes = (
        "threads_basic",
        "threads_content_publish",
        "threads_read_replies",
        "threads_manage_replies",
        "threads_manage_insights",
        "threads_manage_mentions",
        "threads_delete",
        "threads_location_tagging",
        "threads_share_to_instagram",
    )
    posting_scopes = (("threads_content_publish",),)
    oauth = OAuth("/oauth/authorize", "/oauth/access_token", pkce=False, scope_separator=",")
    rules = ANYTHING
    kinds = KINDS
    options = OPTIONS
    failures = FAILURES
    quotas = (
        Quota("posts", 250, DAY, cost=(Cost(1),)),
        # The parts after the first answer it, and so does what is said below.
        Quota("replies", 1000, DAY, cost=(Cost(-1, per_part=1), Cost(1, option="first_comment"))),
        Quota("deletes", 100, DAY),
    )
    post_numbers = tuple(NUMBERS[name] for name in OF_POSTS)
    account_numbers = tuple(NUMBERS[name] for name in OF_ACCOUNTS)
    account_days = 2
    fetches_media = True

    # --- connecting ---

    revoke = Platform.revoke  # Threads has none: the person removes the app there

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        code = answer.get("code", "").removesuffix("#_")
        short = super().exchange({**answer, "code": code}, kept)
        token = self.long_lived("/access_token", "th_exchange_token", "access_token", short.access)
        return replace(token, scopes=self._granted(token.access))

    def _granted(self, access: str) -> tuple[str, ...]:
        """What the person allowed, () where Threads does not say."""
        params = {"access_token": access, "input_token": access}
        told = None
        with suppress(PlatformError):  # the code is spent: nothing may lose the token that it gave
            url = f"{self.app.api_url}/debug_token"
            told = self.connection.transport.request("GET", url, params=params).json.get("data")
        scopes = told.get("scopes") if isinstance(told, dict) else None
        return tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else ()

    def refresh(self) -> Token:
        if self.token is None:
            raise TokenExpired("Threads gave no way to renew the connection.")
        params = {"grant_type": "th_refresh_token", "access_token": self.token.access}
        return self.token.successor(self.token_at("/refresh_access_token", params))

    def token_error(self, answer: Answer) -> PlatformError:
        """Threads also refuses to renew a token of its first day: only what says so ends a connection."""
        error = type(self).classify(answer)
        is_theirs = isinstance(answer.maybe_json, dict)  # and no page of a proxy
        if is_theirs and isinstance(error, TokenExpired | RateLimited | PermissionMissing):
            return error
        message = "Threads could not be asked for the connection just now."
        return Unavailable(message, status=answer.status, detail=answer.text)

    def profiles(self) -> list[Profile]:
        me = self.graph("GET", "me", params={"fields": PROFILE}).json
        handle = str(me["username"])
        return [
            Profile(
                remote_id=str(me["id"]),
                handle=handle,
                name=str(me.get("name") or handle),
                avatar_url=str(me.get("threads_profile_picture_url") or ""),
                url=f"{self.app.auth_url}/@{handle}",
                limits=self.account_limits(),
            )
        ]

    def account_limits(self) -> Mapping[str, Json]:
        try:
            me = self.graph("GET", "me", params={"fields": "id,is_eligible_for_geo_gating"}).json
        except Refused:
            me = {}
        return {"geo_gating": me.get("is_eligible_for_geo_gating") is True}

    # --- before sending ---

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        """Each part of a thread is a post of its own kind; options are the first one's."""
        findings = [finding for finding in super().check(draft, limits) if finding.part == 1]
        for number, part in enumerate(draft.parts[1:], 2):
            alone = replace(draft, parts=(part,), options={})
            of_part = check(alone, cls.rules_with(limits, {}, part.media))
            findings += [replace(finding, part=number) for finding in of_part]
        return [*findings, *check_links(draft), *check_options(draft, limits)]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        """What can fail out of sight comes first, so that it never leaves half a thread."""
        named = self._named(draft, ledger)
        shapes = self._shapes(draft, ledger)
        ids: list[str] = []
        instagram = ""
        for number, shape in enumerate(shapes, 1):
            params: Params = {**shape, **words(draft, number)}
            if ids:
                ids.append(self._answer_own(ledger, f"post {number} of {len(shapes)}", ids[-1], params))
                continue
            step = "post" if len(shapes) == 1 else f"post 1 of {len(shapes)}"
            needs = {"posts": 1, "replies": len(shapes) - 1 + bool(draft.option("first_comment").strip())}
            done = self.stand(ledger, step, {**params, **named}, needs, _to_instagram(draft))
            instagram = str(done.get("instagram") or "")
            ids.append(str(done["id"]))
        published = Published(ids[0], ledger.repeat("address", partial(self._address, ids[0])), tuple(ids))
        ledger.stands(published)
        self._after(draft, ledger, published, instagram)
        return published

    def _after(self, draft: Draft, ledger: Ledger, published: Published, instagram: str) -> None:
        if text := draft.option("first_comment").strip():
            params: Params = {"media_type": "TEXT", "text": text}
            self._answer_own(ledger, "first comment", published.remote_id, params)
        if instagram == "FAILED":
            message = "It stands on Threads, but Instagram did not take it into the story."
            raise Refused(message, action="Share it to the story from the Threads app.")

    def _answer_own(self, ledger: Ledger, step: str, parent: str, params: Params) -> str:
        try:
            done = self.stand(ledger, step, {**params, "reply_to_id": parent}, {"replies": 1})
        except NotFound as error:
            message = "Threads does not show the post before this one (yet)."
            raise Unavailable(message, status=error.status, detail=error.detail) from error
        return str(done["id"])

    def _shapes(self, draft: Draft, ledger: Ledger) -> list[Params]:
        """What each part is made of. Pictures and videos of a carousel are containers of their own.

        One that stands alone in a later part is tried as such: its own can be made only when its turn comes.
        """
        media = [[medium(file) for file in part.media] for part in draft.parts]
        shapes: list[Params] = []
        for number, files in enumerate(media, 1):
            of_post = f" of post {number}" if len(media) > 1 else ""
            items = files if len(files) > 1 or number > 1 else []
            children = [self._item(ledger, f"{n}{of_post}", file) for n, file in enumerate(items, 1)]
            if len(files) > 1:
                shapes.append({"media_type": "CAROUSEL", "children": ",".join(children)})
            else:
                shapes.append(files[0] if files else {"media_type": "TEXT"})
        return shapes

    def _item(self, ledger: Ledger, which: str, file: Params) -> str:
        word = "picture" if file["media_type"] == "IMAGE" else "video"
        return self.prepare(ledger, f"{word} {which}", {**file, "is_carousel_item": True})[0]

    def _named(self, draft: Draft, ledger: Ledger) -> Params:
        """The ids of the place and of the quoted post, looked up where a person gave a name or an address."""
        params: Params = {}
        if place := draft.option("place").strip():
            found = place if place.isdecimal() else ledger.repeat("place", partial(self._place, place))
            params["location_id"] = found
        if quoted := draft.option("quote").strip():
            found = quoted if quoted.isdecimal() else ledger.repeat("quoted post", partial(self._own, quoted))
            params["quote_post_id"] = found
        return params

    def _place(self, name: str) -> str:
        params: Params = {"q": name, "fields": "id,name,address,city"}
        places = self.graph("GET", "location_search", params=params).json.get("data") or []
        same = [place for place in places if str(place.get("name")).casefold() == name.casefold()]
        if len(same or places) == 1:
            return str((same or places)[0]["id"])
        known = ", ".join(f"“{place.get('name')}”" for place in places[:5])
        message = (
            f"Threads knows several places by that name: {known}."
            if places
            else "Threads knows no such place."
        )
        raise InvalidContent(message, action="Write the place's name as Threads has it, or leave it out.")

    def _own(self, permalink: str) -> str:
        """The id of one of the account's own posts or replies at an address."""
        code = shortcode(permalink)
        if not code:
            raise InvalidContent(
                "This is not the address of a post on Threads.", action="Correct the address."
            )
        for path in ("me/threads", "me/replies"):
            for row in self.pages_of(path, fields="id,permalink,shortcode"):
                if code in {row.get("shortcode"), shortcode(str(row.get("permalink") or ""))}:
                    return str(row["id"])
        message = "This is not among the account's latest posts."
        raise InvalidContent(message, action="Give the address of a newer post of this account.")

    def _address(self, remote_id: str) -> str:
        """Where a post stands; where Threads does not say (yet), where the account stands."""
        params: Params = {"fields": "id,permalink"}
        with suppress(PlatformError):  # the post is public: nothing may make a failure of it
            if address := self.graph("GET", remote_id, params=params).json.get("permalink"):
                return str(address)
        return f"{self.app.auth_url}/@{self.connection.handle}"

    # --- afterwards ---

    def find(self, draft: Draft, since: datetime) -> Published | None:
        files = draft.media
        kind = ("TEXT" if not files else files[0].kind.upper()) if len(files) < 2 else "CAROUSEL"
        post = self.there({"media_type": kind, "text": draft.text}, since)
        if post:
            return Published(str(post["id"]), str(post.get("permalink") or ""), (str(post["id"]),))
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("Threads may have the post and not show it yet.")
        return None

    def recognise(self, permalink: str) -> Json:
        return {"id": self._own(permalink), "instagram": ""}

    def recent(self, since: datetime) -> list[Standing]:
        """Replies too: most parts of a thread are replies."""
        fields = "id,text,timestamp,permalink"
        rows = [
            row
            for path in ("me/threads", "me/replies")
            for row in self.pages_of(path, most=1, fields=fields, since=int(since.timestamp()))
        ]
        told = [
            Standing(str(row.get("permalink") or ""), str(row.get("text") or ""), moment(row["timestamp"]))
            for row in rows
        ]
        return sorted((each for each in told if each.at >= since), key=lambda each: each.at, reverse=True)

    def delete(self, published: Published) -> None:
        ids = published.part_ids or (published.remote_id,)
        self.ask_for_room({"deletes": len(ids)})
        for remote_id in reversed(ids):
            with suppress(NotFound):  # gone already is gone
                repeatable(partial(self.graph, "DELETE", remote_id))

    # --- numbers ---

    def post_metrics(self, published: Published) -> Metrics:
        path = f"{published.remote_id}/insights"
        try:
            return self._numbers(path, OF_POSTS)
        except InvalidContent:  # some accounts are refused "shares"
            return self._numbers(path, tuple(name for name in OF_POSTS if name != "shares"))

    def account_metrics(self) -> Metrics:
        """Followers as they are; the rest since yesterday began, which is what Threads tells unasked."""
        return self._numbers("me/threads_insights", OF_ACCOUNTS)

    def _numbers(self, path: str, names: Sequence[str]) -> Metrics:
        rows = self.graph("GET", path, params={"metric": ",".join(names)}).json.get("data") or []
        told = {str(row["name"]): _number(row) for row in rows}
        values = {NUMBERS[name]: value for name, value in told.items() if name in names and value is not None}
        return Metrics(values, {"data": rows})


def _number(row: Mapping[str, Any]) -> float | None:
    """A number in any of its forms: one total, a value for each day, or one for each link."""
    total = (row.get("total_value") or {}).get("value")
    if total is not None:
        return float(total)
    parts = row["values"] if "values" in row else row.get("link_total_values")
    return None if parts is None else float(sum(part.get("value") or 0 for part in parts))


def _to_instagram(draft: Draft) -> Params:
    if not draft.flag("instagram_story"):
        return {}
    dark: Params = {"crossreshare_to_ig_dark_mode": True} if draft.flag("instagram_story_dark") else {}
    return {"crossreshare_to_ig": True, **dark}
