"""Instagram's two ways in: its own log-in, and Facebook's for accounts that are linked to a Page."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from platforms._meta import DAY, GraphPlatform
from platforms.base import Connection, seconds_from_now
from platforms.content import App, Authorization, Json, Profile, Token
from platforms.errors import InvalidContent, NotFound, PlatformError, TokenExpired, Unavailable
from platforms.ledger import repeatable
from platforms.oauth import OAuth, refuse_denial
from platforms.transport import Answer

GRAPH, SITE = "https://graph.instagram.com", "https://www.instagram.com"
CODE_HOSTS = {GRAPH: "https://api.instagram.com"}  # the code is exchanged at a host of its own
SUBSCRIBED = "comments,messages"
ME = "user_id,username,name,account_type,profile_picture_url,followers_count,media_count"
LINKED = "id,username,name,profile_picture_url,followers_count,media_count"


@dataclass(frozen=True)
class Flavour:
    """One way in: what it asks for, and where it lives where the other one's real hosts are configured."""

    name: str
    position: int
    scopes: tuple[str, ...]
    authorize_path: str
    hosts: Mapping[str, str] = field(default_factory=dict)

    def app(self, app: App) -> App:
        """Our registration. Each way has its own, so ids and secrets may be pairs with a space between."""
        return replace(
            app,
            client_id=self._own(app.client_id),
            client_secret=self._own(app.client_secret),
            api_url=self.hosts.get(app.api_url, app.api_url),
            auth_url=self.hosts.get(app.auth_url, app.auth_url),
        )

    def _own(self, value: str) -> str:
        both = value.split()
        return both[min(self.position, len(both) - 1)] if both else ""


BY_INSTAGRAM = Flavour(
    "instagram",
    0,
    tuple(
        f"instagram_business_{what}"
        for what in ("basic", "content_publish", "manage_comments", "manage_messages", "manage_insights")
    ),
    "/oauth/authorize",
)
BY_FACEBOOK = Flavour(
    "facebook",
    1,
    (
        *("instagram_basic", "instagram_content_publish", "instagram_manage_comments"),
        *("instagram_manage_insights", "instagram_manage_messages", "instagram_manage_contents"),
        *("instagram_manage_engagement", "pages_show_list", "pages_read_engagement"),
        *("pages_manage_metadata", "business_management"),
    ),
    f"/{GraphPlatform.version}/dialog/oauth",
    {GRAPH: "https://graph.facebook.com", SITE: "https://www.facebook.com"},
)
FLAVOURS = {flavour.name: flavour for flavour in (BY_INSTAGRAM, BY_FACEBOOK)}


class InstagramLogin(GraphPlatform):
    """Consent, tokens and profiles. A token's `extra` says by which flavour and Page it came."""

    oauth = OAuth(BY_INSTAGRAM.authorize_path, "/oauth/access_token", pkce=False, scope_separator=",")
    flavour: Flavour

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        extra: Mapping[str, Json] = self.token.extra if self.token else {}
        self.page = str(extra.get("page") or "")
        self._choose(str(extra.get("flavour") or ""))

    def _choose(self, name: str) -> None:
        self.flavour = FLAVOURS.get(name, BY_INSTAGRAM)
        self.app = self.flavour.app(self.connection.app)

    @property
    def is_by_facebook(self) -> bool:
        return self.flavour is BY_FACEBOOK

    @property
    def proves_secret(self) -> bool:  # type: ignore[override]
        """Only Facebook's host is known to look at a proof."""
        return self.is_by_facebook

    @property
    def me(self) -> str:
        """The professional account's id, the same in both flavours."""
        return self.connection.remote_id or "me"

    @property
    def mailbox(self) -> str:
        """Where messages are read and sent: the Page that the account is linked to, if it came by one."""
        return self.page or self.me

    # --- there and back ---

    def authorize(self, state: str, fields: Mapping[str, str]) -> Authorization:
        self._choose(fields.get("flavour", ""))
        asked = self.authorization(state, self.flavour.scopes, pkce=False, path=self.flavour.authorize_path)
        return replace(asked, kept={**asked.kept, "flavour": self.flavour.name})

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        refuse_denial(self.label, answer)
        self._choose(str(kept.get("flavour") or ""))
        code = answer["code"].removesuffix("#_").removesuffix("#_=_")
        token = self._by_facebook(code) if self.is_by_facebook else self._by_instagram(code)
        self._subscribe(token)
        return token

    def _by_instagram(self, code: str) -> Token:
        url = CODE_HOSTS.get(self.app.api_url, self.app.api_url) + self.oauth.token_path
        form = {**self._code(code), "grant_type": "authorization_code"}
        given = repeatable(partial(self._post_code, url, form))
        permissions = given.get("permissions") or []
        long = self._renewable(
            self.long_lived("/access_token", "ig_exchange_token", "access_token", str(given["access_token"]))
        )
        granted = permissions.split(",") if isinstance(permissions, str) else permissions
        return replace(long, scopes=tuple(map(str, granted)), extra={"flavour": self.flavour.name})

    def _post_code(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The short token. Documents show it inside a list, servers send it bare."""
        answer = self.connection.transport.request("POST", url, form=form)
        if not answer.ok:
            raise self.token_error(answer)
        given = unwrapped(answer.json)
        if not given.get("access_token"):
            raise Unavailable(f"{self.label} answered without a token.")
        return given

    def _by_facebook(self, code: str) -> Token:
        short = self.token_at(self._token_path, self._code(code))
        long = self._renewable(self._exchanged(short.access))
        rows = self.graph("GET", "me/permissions", token=long.access).json.get("data") or []
        granted = tuple(str(row["permission"]) for row in rows if row.get("status") == "granted")
        return replace(long, scopes=granted, extra={"flavour": self.flavour.name})

    def _code(self, code: str) -> dict[str, str]:
        ours = {"client_id": self.app.client_id, "client_secret": self.app.client_secret}
        return {**ours, "redirect_uri": self.app.redirect_uri, "code": code}

    @property
    def _token_path(self) -> str:
        return f"/{self.version}{self.oauth.token_path}"

    def _exchanged(self, access: str) -> Token:
        return self.long_lived(self._token_path, "fb_exchange_token", "fb_exchange_token", access)

    @staticmethod
    def _renewable(token: Token) -> Token:
        """A long token renews itself, so it is its own refresh token."""
        return replace(
            token,
            refresh=token.access,
            expires_at=token.expires_at or seconds_from_now(60 * DAY.total_seconds()),
        )

    def _subscribe(self, token: Token) -> None:
        """Ask for webhooks, where an operator set them up. Without them we look now and then."""
        if not self.app.webhook_secret:
            return
        with suppress(PlatformError):
            if not self.is_by_facebook:
                self._tell_us("me", token.access, SUBSCRIBED)
            for page in self._linked_pages(token.access) if self.is_by_facebook else []:
                # A Page takes names of its own only; what Instagram tells is chosen in the app.
                self._tell_us(str(page["id"]), str(page["access_token"]), "feed")

    def _tell_us(self, place: str, access: str, fields: str) -> None:
        self.graph("POST", f"{place}/subscribed_apps", access, form={"subscribed_fields": fields})

    # --- later ---

    def refresh(self) -> Token:
        old = self.token
        if old is None or not old.refresh:
            raise TokenExpired(f"{self.label} gave no way to renew the connection.")
        if self.page:
            return old.successor(self._page_token(old))
        if self.is_by_facebook:
            return old.successor(self._renewable(self._exchanged(old.access)))
        params = {"grant_type": "ig_refresh_token", "access_token": old.access}
        return old.successor(self._renewable(self.token_at("/refresh_access_token", params)))

    def token_error(self, answer: Answer) -> PlatformError:
        error = type(self).classify(answer)
        if isinstance(error, InvalidContent):  # a token that is too young, say: that ends no connection
            return Unavailable(error.message, status=error.status, detail=error.detail)
        return super().token_error(answer)

    def _page_token(self, old: Token) -> Token:
        """The Page's token once more: it has no end, but stops with a changed password or role."""
        person = self._exchanged(old.refresh)
        row = self.graph("GET", self.page, token=person.access, params={"fields": "access_token"}).json
        if not row.get("access_token"):
            raise TokenExpired(f"{self.label}: the person may no longer act for the Page.")
        return Token(access=str(row["access_token"]), refresh=person.access)

    def revoke(self) -> None:
        """Take our app off the account. Facebook takes it off a person with all their Pages, so where others
        live on it only this Page's webhooks end."""
        if self.token is None:
            return
        has_siblings = self.token.extra.get("siblings", 1) != 1
        path = f"{self.page}/subscribed_apps" if has_siblings else "me/permissions"
        access = self.token.refresh if self.page and not has_siblings else self.token.access
        with suppress(TokenExpired, NotFound):  # gone already is gone
            repeatable(partial(self.graph, "DELETE", path, access))

    # --- who may be posted as ---

    def profiles(self) -> list[Profile]:
        if not self.is_by_facebook:
            return [self._profile(unwrapped(self.graph("GET", "me", params={"fields": ME}).json), None)]
        if self.page:
            fields = f"id,name,instagram_business_account{{{LINKED}}}"
            pages = [self.graph("GET", self.page, params={"fields": fields}).json]
        else:
            pages = self._linked_pages(self.token.access if self.token else "")
        return [
            self._profile(page["instagram_business_account"], self._token_of(page, len(pages)))
            for page in pages
            if page.get("instagram_business_account")
        ]

    def _linked_pages(self, access: str) -> list[dict[str, Any]]:
        fields = f"id,name,access_token,instagram_business_account{{{LINKED}}}"
        pages = self.pages_of("me/accounts", token=access, fields=fields, limit=100)
        return [page for page in pages if page.get("instagram_business_account")]

    def _token_of(self, page: Mapping[str, Any], siblings: int) -> Token | None:
        """The Page's own token, which keeps the person's as its refresh token."""
        if self.token is None or not page.get("access_token"):
            return self.token
        extra: dict[str, Json] = {"flavour": self.flavour.name, "page": str(page["id"]), "siblings": siblings}
        return Token(str(page["access_token"]), self.token.access, None, self.token.scopes, extra)

    def _profile(self, row: Mapping[str, Any], token: Token | None) -> Profile:
        username = str(row["username"])
        return Profile(
            remote_id=str(row.get("user_id") or row["id"]),
            handle=username,
            name=str(row.get("name") or username),
            avatar_url=str(row.get("profile_picture_url") or ""),
            url=f"{self.connection.app.auth_url}/{username}/",
            limits={"flavour": self.flavour.name},
            token=token,
        )


def unwrapped(body: Mapping[str, Any]) -> dict[str, Any]:
    """An object that some servers put into a list of one."""
    rows = body.get("data")
    return dict(rows[0]) if isinstance(rows, list) and rows else dict(body)
