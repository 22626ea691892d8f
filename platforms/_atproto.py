"""The AT Protocol under Bluesky: who somebody is, where they live, and proof that a token is ours (DPoP)."""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from platforms.content import Json
from platforms.errors import InvalidContent, PermissionMissing, Refused, Unavailable
from platforms.failures import by_status
from platforms.transport import Answer, Transport

LABEL = "Bluesky"
HANDLE = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
DID = re.compile(r"did:(plc:[a-z2-7]{24}|web:[a-zA-Z0-9.-]+(%3A\d{1,5})?)")
TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


# --- who and where ---


@dataclass(frozen=True)
class Identity:
    """Somebody: an id that stays, a handle that may change, the server they live on."""

    did: str
    handle: str
    pds: str


@dataclass(frozen=True)
class Directory:
    """Says who somebody is: handles at a `service`, DID documents at a `registry` such as plc.directory."""

    transport: Transport
    service: str
    registry: str

    def find(self, name: str) -> Identity:
        """The identity behind a handle or a DID; a handle counts only where its DID names it too."""
        did = name if name.startswith("did:") else self.did_of(name)
        if did is None or not DID.fullmatch(did):
            raise InvalidContent(f"{LABEL} knows no account “{name}”.")
        document = self.document(did)
        handles = [
            str(alias)[5:].lower()
            for alias in document.get("alsoKnownAs", [])
            if str(alias).startswith("at://")
        ]
        if name != did and name.lower() not in handles:
            raise InvalidContent(f"“{name}” points to an account that does not carry this handle.")
        return Identity(did, handles[0] if handles else did, self.checked(pds_of(document)))

    def did_of(self, handle: str, *, service: str = "") -> str | None:
        """The DID that a handle stands for, None where there is none."""
        if not HANDLE.fullmatch(handle):
            return None  # servers break when asked about what is no handle
        url = (service or self.service) + "/xrpc/com.atproto.identity.resolveHandle"
        answer = self.transport.request("GET", url, params={"handle": handle})
        if answer.status in {400, 404}:
            return None
        did = read(answer).get("did")
        return did if isinstance(did, str) and DID.fullmatch(did) else None

    def document(self, did: str) -> dict[str, Any]:
        """A DID's document, from the registry or, for did:web, from its own host."""
        url = f"{self.registry}/{did}"
        if did.startswith("did:web:"):
            url = f"https://{unquote(did.removeprefix('did:web:'))}/.well-known/did.json"
        document = read(self.transport.request("GET", url))
        if document.get("id") != did:
            raise Unavailable(f"{LABEL}'s directory answered about somebody else.")
        return document

    def issuer_of(self, pds: str) -> str:
        """The authorisation server that a person's server trusts."""
        resource = read(self.transport.request("GET", f"{pds}/.well-known/oauth-protected-resource"))
        servers = resource.get("authorization_servers")
        if not isinstance(servers, list) or len(servers) != 1 or not isinstance(servers[0], str):
            raise Refused("This server does not say where to sign in; connect with an app password instead.")
        return self.checked(servers[0].rstrip("/"))

    def authorization_server(self, issuer: str) -> dict[str, str]:
        """An authorisation server's own word on its endpoints (RFC 8414)."""
        metadata = read(self.transport.request("GET", f"{issuer}/.well-known/oauth-authorization-server"))
        if metadata.get("issuer") != issuer:
            raise Refused("The sign-in server does not stand for itself and may not be trusted.")
        return {
            name: self.checked(url)
            for name, url in metadata.items()
            if name.endswith("_endpoint") and isinstance(url, str)
        }

    def checked(self, url: str) -> str:
        """Secrets go over TLS only, except to where the operator allows otherwise."""
        if urlsplit(url).scheme != "https" and not self.transport.allowed(url):
            raise Refused("This account lives on a server without a secure connection.")
        return url


def pds_of(document: Mapping[str, Any]) -> str:
    """The server in a DID document where the account's records are."""
    for service in document.get("service") or []:
        if str(service.get("id", "")).endswith("#atproto_pds"):
            return str(service.get("serviceEndpoint", "")).rstrip("/")
    raise Refused("This account has no server of its own to publish on.")


def read(answer: Answer) -> dict[str, Any]:
    """The JSON object of a public document."""
    if not answer.ok:
        raise by_status(LABEL, answer, f"{LABEL} has no document at {urlsplit(answer.url).path}.")
    return answer.json


# --- proof of possession (RFC 9449) ---


def new_key() -> dict[str, Json]:
    """A private key (JWK, ES256) for one account's session."""
    return cast(dict[str, Json], dict(ECKey.generate_key("P-256").as_dict(private=True)))


class Prover:
    """Sends requests that prove possession of a key, with the nonce that the server last handed out."""

    def __init__(self, transport: Transport, key: Mapping[str, Json]) -> None:
        self._transport = transport
        self._key = ECKey.import_key(cast(Any, dict(key)))
        self._nonces: dict[str, str] = {}

    def request(self, method: str, url: str, *, access: str = "", **request: Any) -> Answer:
        """One request. A server that only wants a (newer) nonce has done nothing: it is told again, once."""
        answer = self._send(method, url, access, **request)
        if not wants_nonce(answer):
            return answer
        if hasattr(request.get("body"), "seek"):
            request["body"].seek(0)
        return self._send(method, url, access, **request)

    def _send(self, method: str, url: str, access: str, **request: Any) -> Answer:
        headers = {**request.pop("headers", {}), "DPoP": self.proof(method, url, access)}
        if access:
            headers["Authorization"] = f"DPoP {access}"
        answer = self._transport.request(method, url, headers=headers, **request)
        nonce = answer.headers.get("DPoP-Nonce")
        if nonce:
            self._nonces[urlsplit(url).netloc] = nonce
        return answer

    def proof(self, method: str, url: str, access: str) -> str:
        """The signed statement that this request, to this address, is made by the holder of the key."""
        parts = urlsplit(url)
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": f"{parts.scheme}://{parts.netloc}{parts.path}",
            "iat": int(time.time()),
        }
        if parts.netloc in self._nonces:
            claims["nonce"] = self._nonces[parts.netloc]
        if access:
            claims["ath"] = base64url(hashlib.sha256(access.encode()).digest())
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}
        return jwt.encode(header, claims, self._key)


def wants_nonce(answer: Answer) -> bool:
    body = answer.maybe_json if answer.status in {400, 401} else None
    return isinstance(body, dict) and body.get("error") == "use_dpop_nonce" and "DPoP-Nonce" in answer.headers


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# --- how we introduce ourselves ---


def client_key(secret: str) -> ECKey | None:
    """The private key (JWK) that an operator gave as client secret; without one we are a public client."""
    if not secret.lstrip().startswith("{"):
        return None
    try:
        return ECKey.import_key(json.loads(secret))
    except ValueError as error:
        raise PermissionMissing(f"{LABEL}'s client secret is no private key (JWK).") from error


def client_assertion(secret: str, client_id: str, issuer: str) -> dict[str, str]:
    """The form fields that prove who we are (RFC 7523); none for a public client."""
    key = client_key(secret)
    if key is None:
        return {}
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + 60,
    }
    assertion = jwt.encode({"alg": "ES256", "kid": key_id(key)}, claims, key)
    return {"client_assertion_type": ASSERTION, "client_assertion": assertion}


def public_key(key: ECKey) -> dict[str, Json]:
    """The public half, as the servers look it up by its id."""
    public = cast(dict[str, Json], dict(key.as_dict(private=False)))
    return {**public, "kid": key_id(key), "use": "sig", "alg": "ES256"}


def key_id(key: ECKey) -> str:
    return str(key.as_dict().get("kid") or key.thumbprint())


# --- small words of the protocol ---


def tid(microseconds: int, clock: int) -> str:
    """A record key: 53 bits of microseconds and 10 of a clock's id, in letters that sort."""
    number = (microseconds & (1 << 53) - 1) << 10 | clock & 1023
    return "".join(TID_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT says of itself, unproven; {} for anything else."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def expiry(token: str) -> datetime | None:
    """When a JWT says that it ends, None for anything else."""
    try:
        return datetime.fromtimestamp(float(claims_of(token)["exp"]), UTC)
    except (ValueError, KeyError, TypeError):
        return None
