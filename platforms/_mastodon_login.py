"""Connecting to a Mastodon-like server: our registration there, what it knows of OAuth, and who signs in."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from platforms._mastodon_server import host_of, known, limits_of, offers_pkce, unavailable_on
from platforms.content import App, Authorization, Json, Profile, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    NotFound,
    PlatformError,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import repeatable
from platforms.oauth import OAuth, OAuthPlatform
from platforms.transport import is_private_host

CLIENT_NAME = "SNS Auto"
WHOLE_SCOPES = ("read", "write")  # what every server knows, the oldest too


class MastodonLogin(OAuthPlatform):
    """One server among many: we register at each by ourselves."""

    needs_client_id = False
    api_url = auth_url = upload_url = "https://{server}"
    oauth = OAuth(
        "/oauth/authorize",
        "/oauth/token",
        "/oauth/revoke",
        authorize_params={"force_login": "true"},  # lets a second account of the same server log in
    )

    @classmethod
    def server_of(cls, fields: Mapping[str, str]) -> str:
        host = host_of(fields.get("server", ""))
        if not host:
            raise InvalidContent(
                "This is not a server's address. It looks like mastodon.social.", action="Correct the server."
            )
        return host

    def register(self, fields: Mapping[str, str], redirect_uri: str) -> App:
        self._refuse_private()
        try:
            made = repeatable(partial(self._register, redirect_uri))
        except (Unavailable, Refused, TokenExpired) as error:
            raise self._no_server(error) from error
        return replace(self.app, client_id=made["client_id"], client_secret=made["client_secret"])

    def _register(self, redirect_uri: str) -> dict[str, Any]:
        site = urlsplit(redirect_uri)
        form = {
            "client_name": CLIENT_NAME,
            "redirect_uris": redirect_uri,
            "scopes": " ".join(self._wanted(self._metadata())),
            "website": f"{site.scheme}://{site.netloc}",
        }
        return known(self.call("POST", "/api/v1/apps", form=form), "client_id", "client_secret")

    def is_registered(self) -> bool:
        try:
            self.post_form(self.oauth.token_path, {"grant_type": "client_credentials"})
        except ClientRefused:
            return False
        except PlatformError as error:
            if error.status is None or error.status >= 500:
                raise Unavailable(error.message, status=error.status, detail=error.detail) from error
        return True  # whatever else the server minds, it knows us

    def authorize(self, state: str, fields: Mapping[str, str]) -> Authorization:
        metadata = self._metadata()
        return self.authorization(state, self._wanted(metadata), pkce=offers_pkce(metadata))

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        if answer.get("error") == "invalid_scope":  # registered before the server knew these scopes
            raise ClientRefused(
                f"{self.label} does not know all the permissions that were asked for.",
                detail=answer.get("error_description", ""),
                action="Connect again.",
            )
        return super().exchange(answer, kept)

    def profiles(self) -> list[Profile]:
        me = known(self.call("GET", "/api/v1/accounts/verify_credentials"), "id", "acct")
        instance = self._instance()
        address = urlsplit(self.app.api_url)
        domain = instance.get("domain") or urlsplit(str(me.get("url") or "")).netloc or address.netloc
        return [
            Profile(
                remote_id=f"{me['id']}@{domain}",  # ids are counted by each server for itself
                handle=f"@{me['acct']}@{domain}",
                name=str(me.get("display_name") or me["acct"]),
                avatar_url=str(me.get("avatar") or ""),
                url=str(me.get("url") or ""),
                limits=own_limits(instance),
            )
        ]

    def account_limits(self) -> Mapping[str, Json]:
        return own_limits(self._instance())

    def _metadata(self) -> Mapping[str, Any]:
        """What the server says of its OAuth (RFC 8414); {} on servers that say nothing."""
        url = self.app.api_url + "/.well-known/oauth-authorization-server"
        answer = self.connection.transport.request("GET", url)
        if answer.status >= 500:
            raise self.classify(answer)
        said = answer.maybe_json if answer.ok else None
        return said if isinstance(said, dict) else {}

    def _wanted(self, metadata: Mapping[str, Any]) -> Sequence[str]:
        supported = metadata.get("scopes_supported")
        fine = isinstance(supported, list) and set(self.scopes) <= set(map(str, supported))
        return self.scopes if fine else WHOLE_SCOPES

    def _instance(self) -> Mapping[str, Any]:
        for path in ("/api/v2/instance", "/api/v1/instance"):
            with suppress(NotFound, InvalidContent):
                return self.call("GET", path).json
        return {}

    def _refuse_private(self) -> None:
        host = urlsplit(self.app.api_url).netloc
        if is_private_host(host) and not self.connection.transport.allowed(self.app.api_url):
            raise Refused(
                f"{host} is inside a private network and may not be reached.", action="Correct the server."
            )

    def _no_server(self, error: PlatformError) -> PlatformError:
        """What went wrong at a server that we do not know yet: most likely it is none, or mistyped."""
        host, status = urlsplit(self.app.api_url).netloc, error.status
        if status is None and isinstance(error, Unavailable):
            message, action = (
                f"{host} could not be reached.",
                "Check the server's address, or try again later.",
            )
            return Unavailable(message, detail=error.message, action=action)
        if status is None or status >= 500:
            return error
        if 300 <= status < 400:
            return Refused(error.message, status=status, action="Type that server instead.")
        message = f"{host} does not answer like a {self.label} server."
        return InvalidContent(message, status=status, detail=error.detail, action="Correct the server.")


def own_limits(instance: Mapping[str, Any]) -> dict[str, Json]:
    return {**limits_of(instance), "unavailable": unavailable_on(instance)}
