"""Proofs of possession as the reference server checks them (RFC 9449)."""

import base64
import hashlib
import hmac
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

NONCE_SECONDS = 180
PROOF_SECONDS = 190
ALGORITHMS = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES256K ES384 ES512"


class BadProof(Exception):
    """Why a proof does not count; `wants_nonce` where a newer nonce would mend it."""

    def __init__(self, message: str, *, wants_nonce: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.wants_nonce = wants_nonce


def nonce(step: int = 0) -> str:
    """The nonce of now (or some steps ago): every server process makes the same."""
    count = int(time.time()) // NONCE_SECONDS - step
    secret = settings.SECRET_KEY.encode()
    return base64url(hmac.new(secret, f"bluesky nonce {count}".encode(), hashlib.sha256).digest())


def verify(request: HttpRequest, address: str, access: str = "") -> str:
    """The thumbprint of the key that a request proves to hold; `access` is the token that it comes with."""
    raw = request.headers.get("DPoP", "")
    claims, key = _signed(raw)
    _check_request(claims, request.method or "", address)
    _check_nonce(claims)
    if access and claims.get("ath") != base64url(hashlib.sha256(access.encode()).digest()):
        raise BadProof('DPoP "ath" mismatch')
    if not cache.add(f"sandbox-bluesky-jti-{hashlib.sha256(raw.encode()).hexdigest()}", 1, 2 * PROOF_SECONDS):
        raise BadProof("DPoP proof replayed")
    return str(key.thumbprint())


def _signed(raw: str) -> tuple[dict[str, Any], ECKey]:
    """The claims of a proof, signed by the key that it carries."""
    try:
        header = jws.extract_compact(raw.encode()).headers()
        if header.get("typ") != "dpop+jwt" or header.get("alg") != "ES256" or "d" in header.get("jwk", {}):
            raise BadProof("Failed to verify DPoP proof: unexpected JWT header value")
        key = ECKey.import_key(header["jwk"])
        return jwt.decode(raw, key, algorithms=["ES256"]).claims, key
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise BadProof(f"Failed to verify DPoP proof: {error}") from error


def _check_request(claims: dict[str, Any], method: str, address: str) -> None:
    if not isinstance(claims.get("jti"), str):
        raise BadProof('DPoP "jti" missing')
    if claims.get("htm") != method:
        raise BadProof('DPoP "htm" mismatch')
    if claims.get("htu") != address:
        raise BadProof('DPoP "htu" mismatch')
    age = time.time() - claims["iat"] if isinstance(claims.get("iat"), int) else PROOF_SECONDS + 1
    if abs(age) > PROOF_SECONDS:
        raise BadProof('Failed to verify DPoP proof: "iat" claim timestamp check failed')


def _check_nonce(claims: dict[str, Any]) -> None:
    if "nonce" not in claims:
        raise BadProof("Authorization server requires nonce in DPoP proof", wants_nonce=True)
    if claims["nonce"] not in {nonce(0), nonce(1), nonce(-1)}:
        raise BadProof('DPoP "nonce" mismatch', wants_nonce=True)


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
