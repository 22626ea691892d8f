"""Facebook Pages (Graph API). Everything is sent as the Page, with a token of its own that has no end."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from platforms import _facebook_inbox as inbox
from platforms import _facebook_numbers as numbers
from platforms._facebook_failures import FAILURES
from platforms._facebook_page import POST, filled, photos_of, video_of
from platforms._facebook_publish import Publishing
from platforms._facebook_rules import KINDS, OPTIONS, findings
from platforms._facebook_talk import Talking
from platforms._meta import GRAPH_FAILURES, VERSION
from platforms.base import Moderation
from platforms.content import (
    Draft,
    Event,
    Incoming,
    Json,
    MessageKind,
    Metrics,
    Profile,
    Published,
    Token,
)
from platforms.errors import (
    InvalidContent,
    NotFound,
    PermissionMissing,
    TokenExpired,
)
from platforms.ledger import repeatable
from platforms.oauth import OAuth, refuse_denial
from platforms.quotas import DAY, Cost, Quota
from platforms.rules import Finding, Kind, Option

TOKEN_PATH = f"/{VERSION}/oauth/access_token"
NEEDED = {
    "pages_show_list": "show the list of Pages",
    "pages_manage_posts": "create and manage posts",
    "pages_read_engagement": "read the Page's content",
}
PAGE = "id,name,username,link,access_token,picture{url},tasks"


class Facebook(Publishing, Talking):
    name = "facebook"
    label = "Facebook"
    icon = "brand-facebook"
    colour = "#0866ff"
    api_url = "https://graph.facebook.com"
    auth_url = "https://www.facebook.com"
    upload_url = "https://graph-video.facebook.com"
    scopes = (
        *NEEDED,
        "pages_read_user_content",
        "pages_manage_engagement",
        "pages_manage_metadata",
        "pages_messaging",
        "read_insights",
        "business_management",
    )
    posting_scopes = (("pages_manage_posts",),)
    # `rerequest` asks again for what the person left out the last time.
    oauth = OAuth(
        f"/{VERSION}/dialog/oauth",
        TOKEN_PATH,
        pkce=False,
        scope_separator=",",
        authorize_params={"auth_type": "rerequest"},
    )
    kinds: ClassVar[tuple[Kind, ...]] = KINDS
    rules = KINDS[1].rules
    options: ClassVar[tuple[Option, ...]] = OPTIONS
    failures = (*FAILURES, *GRAPH_FAILURES)
    quotas = (
        Quota("reels", 30, DAY, cost=(Cost(1, kinds=("reel",)),)),
        Quota("reel invitations", 10, DAY, cost=(Cost(1, kinds=("reel",), option="collaborator"),)),
    )
    post_numbers = numbers.POST_NUMBERS
    account_numbers = numbers.PAGE_NUMBERS
    account_days = 1
    message_kinds: ClassVar[tuple[MessageKind, ...]] = ("comment", "mention", "review", "direct")
    replies_to: ClassVar[tuple[MessageKind, ...]] = message_kinds
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = {
        "comment": ("like", "unlike", "hide", "unhide", "delete"),
        "mention": ("like", "unlike"),
    }

    # --- connecting ---

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        refuse_denial(self.label, answer)
        app = self.app
        form = {
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "redirect_uri": app.redirect_uri,
            "code": answer["code"],
        }
        try:
            short = self.token_at(TOKEN_PATH, form)
            long = self.long_lived(TOKEN_PATH, "fb_exchange_token", "fb_exchange_token", short.access)
        except TokenExpired as error:
            message = "Facebook's permission was used already, or ran out before it was used."
            raise PermissionMissing(
                message, status=error.status, detail=error.detail, action="Connect again."
            ) from error
        return replace(long, scopes=self._granted(long.access))

    def _granted(self, access: str) -> tuple[str, ...]:
        """What the person ticked. PermissionMissing names what posting cannot do without."""
        rows = self.graph("GET", "me/permissions", access).json.get("data") or []
        granted = tuple(row["permission"] for row in rows if row.get("status") == "granted")
        if missing := [words for scope, words in NEEDED.items() if scope not in granted]:
            raise PermissionMissing(
                f"Facebook did not allow us to {', '.join(missing)}.",
                action="Connect again and leave everything ticked.",
            )
        return granted

    def profiles(self) -> list[Profile]:
        """Every Page that the person may post on, those of their businesses too, each with its own token."""
        user = self._user_token()
        ask = partial(self.pages_of, most=10, token=user, limit=100)
        ask = partial(self.pages_of, most=10, token=user, limit=100)
        pages = {str(row["id"]): row for row in ask("me/accounts", fields=PAGE)}
        if self.token and "business_management" in self.token.scopes:
            with suppress(PermissionMissing):
                for business in ask("me/businesses", fields="id"):
                    for edge in ("owned_pages", "client_pages"):
                        rows = ask(f"{business['id']}/{edge}", fields=PAGE)
                        pages |= {str(row["id"]): row for row in rows}
        postable = [row for row in pages.values() if row.get("access_token") and _may_post(row)]
        if pages and not postable:
            raise PermissionMissing(
                "You may see these Pages, but not post on them.",
                action="Ask somebody with full control of the Page to let you create content, then connect.",
            )
        return [self._profile(row, user, len(postable)) for row in postable]

    def _profile(self, row: Mapping[str, Any], user: str, siblings: int) -> Profile:
        remote_id = str(row["id"])
        return Profile(
            remote_id=remote_id,
            handle=str(row.get("username") or remote_id),
            name=str(row["name"]),
            avatar_url=((row.get("picture") or {}).get("data") or {}).get("url") or "",
            url=str(row.get("link") or f"{self.app.auth_url}/{remote_id}"),
            token=Token(
                access=str(row["access_token"]),
                scopes=self.token.scopes if self.token else (),
                extra={"user": user, "siblings": siblings},
            ),
        )

    def _user_token(self) -> str:
        """The person's token: the Page's own came from it and carries it along."""
        return str(self.token.extra.get("user") or self.token.access) if self.token else ""

    def refresh(self) -> Token:
        """The Page's token anew, from the person's: one that ended with a role may be given again."""
        old, user = self.token, self._user_token()
        if old is None or not user or user == old.access:
            raise TokenExpired("Facebook gave no way to renew the connection.")
        page = self.graph("GET", self.page_id, user, params={"fields": "access_token"}).json
        access = str(page.get("access_token") or "")
        if not access or access == old.access:
            raise TokenExpired("Facebook gives no other token for this Page.")
        return old.successor(Token(access))

    def revoke(self) -> None:
        """Take our app off the person's account; where other Pages live on it, only this Page's messages."""
        if self.token is None:
            return
        others = self.token.extra.get("siblings", 1) != 1
        with suppress(TokenExpired, NotFound):  # gone already is gone
            if others:
                repeatable(partial(self.graph, "DELETE", f"{self.page_id}/subscribed_apps"))
            else:
                repeatable(partial(self.graph, "DELETE", "me/permissions", self._user_token()))

    # --- before sending ---

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        kind = cls.kind_for(draft.media, draft.options).name
        return [*super().check(draft, limits), *findings(draft, kind)]

    # --- changing ---

    def delete(self, published: Published) -> None:
        with suppress(NotFound):
            target = video_of(published) or published.remote_id
            repeatable(partial(self.graph, "DELETE", target))

    def edit(self, published: Published, draft: Draft) -> Published:
        kind = self.kind_for(draft.media, draft.options).name
        if kind == "story":
            raise InvalidContent("A story cannot be changed. Delete it and publish it again.")
        if film := video_of(published):
            form = {"description": draft.text, "name": draft.option("title")}
            repeatable(partial(self.graph, "POST", film, form=filled(form)))
            return published
        standing = self.graph("GET", published.remote_id, params={"fields": POST}).json
        if len(photos_of(standing)) != len(draft.media):
            raise InvalidContent("Facebook changes the text of a published post, not its pictures.")
        repeatable(partial(self.graph, "POST", published.remote_id, form={"message": draft.text}))
        return published

    # --- numbers ---

    def post_metrics(self, published: Published) -> Metrics:
        return numbers.of_post(self, published.remote_id, video_of(published))

    def account_metrics(self) -> Metrics:
        return numbers.of_page(self)

    def parse_webhook(self, request: Incoming) -> list[Event]:
        return inbox.events(request.body)


def _may_post(row: Mapping[str, Any]) -> bool:
    """Whether the person may create content there, as far as Facebook says."""
    tasks = row.get("tasks")
    return not tasks or bool({"CREATE_CONTENT", "MANAGE", "PROFILE_PLUS_CREATE_CONTENT"} & set(tasks))
