"""OAuth 2 authorisation code with PKCE (RFC 6749, 7636, 7009); what differs between networks is data."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from platforms.base import Platform, seconds_from_now
from platforms.content import Authorization, Json, Token
from platforms.errors import ClientRefused, PermissionMissing, PlatformError, TokenExpired, Unavailable
from platforms.ledger import repeatable
from platforms.transport import Answer

# Token endpoints say with these that a grant is gone for good; everything else may be a passing fault.
GONE = frozenset(
    {"invalid_grant", "invalid_request", "access_denied", "unauthorized_client", "invalid_token"}
)


@dataclass(frozen=True)
class OAuth:
    """One network's dialect. Paths are relative to `auth_url` (authorize) and `api_url` (token, revoke)."""

    authorize_path: str
    token_path: str
    revoke_path: str = ""
    client_auth: Literal["basic", "body"] = "body"
    pkce: bool = True
    scope_separator: str = " "
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = GONE


class OAuthPlatform(Platform):
    """A network that people connect through its consent page."""

    oauth: ClassVar[OAuth]

    def authorize(self, state: str, fields: Mapping[str, str]) -> Authorization:
        return self.authorization(state, self.scopes, pkce=self.oauth.pkce)

    def authorization(
        self, state: str, scopes: Sequence[str], *, pkce: bool, path: str = ""
    ) -> Authorization:
        """The consent page for these scopes. The verifier is kept where the network knows PKCE."""
        verifier = generate_token(64) if pkce else ""
        params = dict(self.oauth.authorize_params)
        if pkce:
            params |= {
                "code_challenge": create_s256_code_challenge(verifier),
                "code_challenge_method": "S256",
            }
        url = prepare_grant_uri(
            self.app.auth_url + (path or self.oauth.authorize_path),
            self.app.client_id,
            "code",
            redirect_uri=self.app.redirect_uri,
            scope=self.oauth.scope_separator.join(scopes),
            state=state,
            **params,
        )
        return Authorization(url, {"verifier": verifier})

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        refuse_denial(self.label, answer)
        form = {
            "grant_type": "authorization_code",
            "code": answer.get("code", ""),
            "redirect_uri": self.app.redirect_uri,
        }
        if kept.get("verifier"):
            form["code_verifier"] = str(kept["verifier"])
        return self.token_from(self.ask_token(form))

    def refresh(self) -> Token:
        old = self.token
        if old is None or not old.refresh:
            raise TokenExpired(f"{self.label} gave no way to renew the connection.")
        form = {"grant_type": "refresh_token", "refresh_token": old.refresh}
        return old.successor(self.token_from(self.ask_token(form)))

    def revoke(self) -> None:
        if self.token and self.oauth.revoke_path:
            with suppress(TokenExpired):  # gone already is gone
                repeatable(partial(self.post_form, self.oauth.revoke_path, {"token": self.token.access}))

    def ask_token(self, form: Mapping[str, str]) -> dict[str, Json]:
        """The token endpoint's answer. TokenExpired where it says that the grant is gone for good."""
        return repeatable(lambda: self.post_form(self.oauth.token_path, form).json)

    def post_form(self, path: str, form: Mapping[str, str]) -> Answer:
        """Post to an OAuth endpoint as the client that we are."""
        basic = self.oauth.client_auth == "basic" and self.app.client_secret
        body = dict(form)
        if not basic:
            body |= {"client_id": self.app.client_id}
            if self.app.client_secret:
                body |= {"client_secret": self.app.client_secret}
        answer = self.connection.transport.request(
            "POST",
            self.app.api_url + path,
            form=body,
            auth=(self.app.client_id, self.app.client_secret) if basic else None,
        )
        if not answer.ok:
            raise self.token_error(answer)
        return answer

    def token_error(self, answer: Answer) -> PlatformError:
        """What a refusal of the token endpoint means for the connection."""
        body = answer.maybe_json
        code = body.get("error") if isinstance(body, dict) else None
        if code == "invalid_client" or answer.status == 401:
            return ClientRefused(
                f"{self.label} does not accept this installation's client id.",
                status=answer.status,
                detail=answer.text,
            )
        if answer.status < 500 and code in self.oauth.gone:
            return TokenExpired(
                f"{self.label} no longer accepts this connection.", status=answer.status, detail=answer.text
            )
        return Unavailable(
            f"{self.label} could not be asked just now.", status=answer.status, detail=answer.text
        )

    def token_from(self, body: Mapping[str, Json]) -> Token:
        """The token in an answer of the token endpoint (RFC 6749, section 5.1)."""
        access = body.get("access_token")
        if not isinstance(access, str) or not access:
            raise Unavailable(f"{self.label} answered without a token.")
        scope = body.get("scope")
        return Token(
            access=access,
            refresh=str(body.get("refresh_token") or ""),
            expires_at=seconds_from_now(body.get("expires_in")),
            scopes=tuple(scope.replace(",", " ").split()) if isinstance(scope, str) else (),
        )


def refuse_denial(label: str, answer: Mapping[str, str]) -> None:
    """Raise where the person, or the network, said no on the consent page."""
    if "error" in answer or not answer.get("code"):
        said = answer.get("error_description") or answer.get("error") or "no code came back"
        raise PermissionMissing(f"{label} was not allowed to connect.", detail=said)
