"""A session with an AT Protocol server: signing in by OAuth or app password, renewing, leaving, speaking."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from platforms._atproto import (
    Directory,
    Prover,
    client_assertion,
    client_key,
    expiry,
    new_key,
    pds_of,
    public_key,
)
from platforms.base import Connection
from platforms.content import App, Authorization, Json, RateLimit, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    NotFound,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Said, by_status, understood
from platforms.ledger import repeatable
from platforms.oauth import OAuth, OAuthPlatform
from platforms.transport import Answer

OUR_FAULT = frozenset(
    {
        "invalid_client_metadata",
        "invalid_client_id",
        "invalid_redirect_uri",
        "invalid_scope",
        "invalid_request",
    }
)
PROOF_FAULTS = frozenset({"use_dpop_nonce", "invalid_dpop_proof"})


class AtprotoPlatform(OAuthPlatform):
    """A network of AT Protocol servers; `token.extra` knows the account's id and server."""

    # Paths are the names of the endpoints in the server's own metadata.
    oauth = OAuth(
        authorize_path="authorization_endpoint",
        token_path="token_endpoint",  # noqa: S106
        revoke_path="revocation_endpoint",
        gone=frozenset({"invalid_grant"}),
    )

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.session: Mapping[str, Json] = self.token.extra if self.token else {}
        self.directory = Directory(connection.transport, self.app.api_url, self.app.auth_url)

    @classmethod
    def client_metadata(cls, app: App, site_url: str) -> dict[str, Json]:
        key = client_key(app.client_secret)
        proof: dict[str, Json] = {"token_endpoint_auth_method": "none"}
        if key is not None:
            proof = {
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "ES256",
                "jwks": {"keys": [public_key(key)]},
            }
        return {
            "client_id": document_url(site_url),
            "client_name": "SNS Auto",
            "client_uri": site_url,
            "redirect_uris": [app.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": " ".join(cls.scopes),
            "application_type": "web",
            "dpop_bound_access_tokens": True,
            **proof,
        }

    @property
    def client_id(self) -> str:
        """Where our metadata stands; on the person's own machine, an id that says it all by itself."""
        parts = urlsplit(self.app.redirect_uri)
        if parts.hostname in {"127.0.0.1", "::1"}:
            granted = self.token.scopes if self.token else self.scopes  # an id says what was asked for then
            scopes = " ".join(scope for scope in self.scopes if scope in granted)
            query = urlencode({"redirect_uri": self.app.redirect_uri, "scope": scopes})
            return f"http://localhost?{query}"
        if parts.scheme == "https" and parts.port is None:
            return document_url(f"https://{parts.netloc}")
        raise ClientRefused(
            f"{self.label} signs people in where this installation has an https address, or is at 127.0.0.1.",
            action="Connect with an app password instead.",
        )

    def authorize(self, state: str, fields: Mapping[str, str]) -> Authorization:
        who = self.directory.find(clean_handle(fields["handle"]))
        verifier = generate_token(64)
        kept: dict[str, Json] = {
            "verifier": verifier,
            "did": who.did,
            "pds": who.pds,
            "issuer": self.directory.issuer_of(who.pds),
            "key": new_key(),
        }
        self.session = kept
        form = {
            "response_type": "code",
            "redirect_uri": self.app.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": state,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            "login_hint": who.handle,
        }
        query = urlencode({"client_id": self.client_id, "request_uri": repeatable(partial(self._push, form))})
        return Authorization(f"{self._endpoints[self.oauth.authorize_path]}?{query}", kept)

    def _push(self, form: Mapping[str, str]) -> str:
        """Leave the request with the server (RFC 9126); the person carries only its name."""
        answer = self.post_form("pushed_authorization_request_endpoint", form)
        return str(known(answer, "request_uri", str))

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        self.session = kept
        if "code" in answer and answer.get("iss") != kept["issuer"]:
            raise Refused("The answer did not come from the server that was asked.")
        return super().exchange(answer, kept)

    def login(self, fields: Mapping[str, str]) -> Token:
        handle = clean_handle(fields["handle"])
        server = clean_server(fields.get("server", "")) or self._server_of(handle)
        secrets: dict[str, Json] = {"identifier": handle, "password": fields["password"].strip()}
        send = partial(self._server_call, self.directory.checked(server), "createSession", json=secrets)
        answer = repeatable(send)
        if not answer.ok:
            raise self._login_error(answer, server)
        return repeatable(partial(self._session_token, answer, server))

    def refresh(self) -> Token:
        old = self.token
        if self._is_oauth or old is None:
            return super().refresh()
        pds = str(self.session["pds"])
        bearer = {"Authorization": f"Bearer {old.refresh}"}
        answer = repeatable(partial(self._server_call, pds, "refreshSession", headers=bearer))
        if answer.ok:
            return old.successor(repeatable(partial(self._session_token, answer, pds)))
        error = self.classify(answer)
        if isinstance(error, TokenExpired | PermissionMissing | RateLimited):
            raise error
        raise Unavailable(
            f"{self.label} could not be asked just now.", status=answer.status, detail=answer.text
        )

    def revoke(self) -> None:
        if self.token is None:
            return
        if self._is_oauth:
            form = {"token": self.token.refresh or self.token.access}
            repeatable(partial(self.post_form, self.oauth.revoke_path, form))
            return
        bearer = {"Authorization": f"Bearer {self.token.refresh}"}
        answer = repeatable(
            partial(self._server_call, str(self.session["pds"]), "deleteSession", headers=bearer)
        )
        if not answer.ok and not isinstance(self.classify(answer), TokenExpired):
            raise self.classify(answer)

    def post_form(self, path: str, form: Mapping[str, str]) -> Answer:
        issuer = str(self.session["issuer"])
        proof = client_assertion(self.app.client_secret, self.client_id, issuer)
        answer = self._prover.request(
            "POST", self._endpoints[path], form={**form, "client_id": self.client_id, **proof}
        )
        if not answer.ok:
            raise self.token_error(answer)
        return answer

    def token_error(self, answer: Answer) -> PlatformError:
        body = answer.maybe_json
        code = body.get("error") if isinstance(body, dict) else None
        if code in OUR_FAULT:
            said = body.get("error_description", "")
            return ClientRefused(
                f"{self.label} does not accept this installation: {said}",
                status=answer.status,
                detail=answer.text,
            )
        return self.classify(answer) if code in PROOF_FAULTS else super().token_error(answer)

    def token_from(self, body: Mapping[str, Json]) -> Token:
        token = super().token_from(body)
        if body.get("sub") != self.session["did"]:
            raise Refused("Somebody else signed in. Sign in as the handle that you typed.")
        if "atproto" not in token.scopes:
            raise PermissionMissing("Bluesky was not allowed to connect.")
        kept = {name: self.session[name] for name in ("did", "pds", "issuer", "key")}
        return Token(token.access, token.refresh, token.expires_at, token.scopes, kept)

    # --- speaking ---

    @property
    def _is_oauth(self) -> bool:
        return "key" in self.session

    @cached_property
    def _prover(self) -> Prover:
        return Prover(self.connection.transport, cast(dict[str, Json], self.session["key"]))

    @cached_property
    def _endpoints(self) -> dict[str, str]:
        return self.directory.authorization_server(str(self.session["issuer"]))

    def _xrpc(self, method: str, nsid: str, **request: Any) -> Answer:
        """One authorised call of the account's own server."""
        url = f"{self.session['pds']}/xrpc/{nsid}"
        access = self.token.access if self.token else ""
        if self._is_oauth:
            return self.accept(self._prover.request(method, url, access=access, **request))
        return self.call(method, url, **request)

    def _server_call(self, server: str, name: str, **request: Any) -> Answer:
        """A call about the session itself; an answer that makes no sense counts as none."""
        url = f"{server}/xrpc/com.atproto.server.{name}"
        answer = self.connection.transport.request("POST", url, **request)
        if answer.status >= 500:
            raise Unavailable(f"{self.label} is not available just now.", status=answer.status)
        return answer

    def _server_of(self, handle: str) -> str:
        """Where somebody logs in. An e-mail address says nothing about that."""
        return self.app.api_url if "@" in handle else self.directory.find(handle).pds

    def _session_token(self, answer: Answer, server: str) -> Token:
        """The token in an answer of createSession or refreshSession."""
        did, access, refresh = (str(known(answer, name, str)) for name in ("did", "accessJwt", "refreshJwt"))
        if answer.json.get("active") is False:
            raise PermissionMissing(f"{self.label} says that this account is {answer.json.get('status')}.")
        document = answer.json.get("didDoc")
        pds = server
        if isinstance(document, dict) and document.get("id") == did:
            pds = self.directory.checked(pds_of(document))
        return Token(access, refresh, expiry(access), extra={"did": did, "pds": pds})

    def _login_error(self, answer: Answer, server: str) -> PlatformError:
        error = self.classify(answer)
        if isinstance(error, TokenExpired):
            return PermissionMissing(
                f"{self.label} does not accept this handle and app password.",
                status=answer.status,
                detail=answer.text,
                action="Check both; an app password looks like xxxx-xxxx-xxxx-xxxx.",
            )
        if isinstance(error, NotFound):
            return InvalidContent(f"There is no {self.label} server at {server}.", status=answer.status)
        return error

    @classmethod
    def said(cls, answer: Answer) -> Said:
        body = answer.maybe_json
        told = body if isinstance(body, dict) else {}
        code = str(told.get("error") or ("RateLimitExceeded" if answer.status == 429 else ""))
        limit = cls.rate_limit(answer)
        sentence = str(told.get("message") or told.get("error_description") or "")
        return Said((code,) if code else (), sentence, limit.resets_at if limit else None)

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        """As the table says; but a server that broke while it wrote may have done it, whatever it says."""
        said = cls.said(answer)
        broke = answer.status >= 500 and answer.status not in {501, 503}
        sentence = f"{cls.label} refuses this: {said.sentence.rstrip('.')}." if said.sentence else ""
        known = None if broke else understood(cls.failures, said, answer)
        return known or by_status(cls.label, answer, sentence)

    @classmethod
    def rate_limit(cls, answer: Answer) -> RateLimit | None:
        try:
            return RateLimit(
                endpoint=urlsplit(answer.url).path.rpartition("/")[2],
                limit=int(answer.headers["ratelimit-limit"]),
                remaining=int(answer.headers["ratelimit-remaining"]),
                resets_at=datetime.fromtimestamp(int(answer.headers["ratelimit-reset"]), UTC),
            )
        except (KeyError, ValueError):
            return None


def document_url(site_url: str) -> str:
    """Where our client metadata stands, which is also our id."""
    return f"{site_url}/accounts/bluesky/client.json"


def clean_handle(typed: str) -> str:
    """A handle as people type or paste it: with an @, a profile's address, invisible marks."""
    visible = "".join(letter for letter in typed if letter.isprintable()).strip()
    bare = visible.removeprefix("https://").removeprefix("bsky.app/profile/").removeprefix("@")
    if not bare:
        raise InvalidContent("Type your handle, such as you.bsky.social.")
    return bare if bare.startswith("did:") else bare.lower()


def clean_server(typed: str) -> str:
    bare = typed.strip().rstrip("/")
    return bare if not bare or "://" in bare else f"https://{bare}"


def known(answer: Answer, name: str, kind: type) -> Any:
    """A field that an answer must have; without it nobody knows what happened."""
    value = answer.json.get(name)
    if not isinstance(value, kind):
        raise answer.doubtful("Bluesky's answer is incomplete.", status=answer.status, detail=answer.text)
    return value
