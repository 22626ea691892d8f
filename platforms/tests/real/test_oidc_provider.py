"""The OAuth client that networks share, against a certified provider (npm oidc-provider)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests

from platforms.base import Connection
from platforms.content import App, Authorization, Token
from platforms.errors import ClientRefused, PermissionMissing, TokenExpired
from platforms.oauth import OAuth, OAuthPlatform
from platforms.rules import Images, Rules, Text
from platforms.tests.real.conftest import REDIRECT
from platforms.transport import Transport

pytestmark = pytest.mark.real
SECRET = "desk-secret"


class Provided(OAuthPlatform):
    """A network whose sign-in is the provider's."""

    name = "provided"
    label = "Provided"
    icon = "key"
    colour = "#000000"
    rules = Rules(text=Text(500, count=len), images=Images(at_most=4))
    scopes = ("openid", "offline_access", "write")
    oauth = OAuth("/auth", "/token", "/token/revocation", authorize_params={"prompt": "consent"})

    def is_alive(self) -> bool:
        """What the provider itself says of our token (RFC 7662)."""
        assert self.token is not None
        return bool(self.post_form("/token/introspection", {"token": self.token.access}).json["active"])


def client(provider: str, token: Token | None = None, secret: str = SECRET) -> Provided:
    app = App("desk", secret, REDIRECT, api_url=provider, auth_url=provider)
    return Provided(Connection(app, Transport(allow=frozenset({urlsplit(provider).netloc})), token=token))


def answer(authorization: Authorization, *, allow: bool = True) -> dict[str, str]:
    """Walk through the provider's own log-in and consent forms as a browser would."""
    browser = requests.Session()
    page = browser.get(authorization.url, timeout=20)
    for fields in ({"prompt": "login", "login": "ada", "password": "x"}, {"prompt": "consent"}):
        if not allow:
            cancel = re.search(r'href="([^"]*/abort)"', page.text)
            assert cancel, page.text
            return walk_back(browser, urljoin(page.url, cancel[1]))
        form = re.search(r'action="([^"]+)"', page.text)
        assert form, page.text
        page = browser.post(urljoin(page.url, form[1]), data=fields, timeout=20, allow_redirects=False)
        back = walk(browser, page)
        if isinstance(back, dict):
            return back
        page = back
    pytest.fail(page.text)


def walk_back(browser: requests.Session, url: str) -> dict[str, str]:
    back = walk(browser, browser.get(url, timeout=20, allow_redirects=False))
    assert isinstance(back, dict), back.text
    return back


def walk(browser: requests.Session, page: requests.Response) -> requests.Response | dict[str, str]:
    """Follow redirects until the next form, or until we are sent back: then what came with it."""
    while page.is_redirect:
        target = urljoin(page.url, page.headers["Location"])
        if target.startswith(REDIRECT):
            return dict(parse_qsl(urlsplit(target).query))
        page = browser.get(target, timeout=20, allow_redirects=False)
    return page


def connected(provider: str) -> Token:
    way = client(provider).authorize("a-state", {})
    return client(provider).exchange(answer(way), way.kept)


def test_a_code_becomes_a_token_that_the_provider_accepts(provider: str) -> None:
    way = client(provider).authorize("a-state", {})
    back = answer(way)

    token = client(provider).exchange(back, way.kept)

    assert back["state"] == "a-state"
    assert client(provider, token).is_alive()
    assert set(token.scopes) >= {"openid", "offline_access"}
    assert token.expires_at is not None
    assert timedelta(minutes=58) < token.expires_at - datetime.now(UTC) < timedelta(minutes=61)


def test_a_wrong_verifier_is_refused(provider: str) -> None:
    way = client(provider).authorize("a-state", {})
    kept: Mapping[str, str] = {"verifier": "x" * 43}

    with pytest.raises(TokenExpired):
        client(provider).exchange(answer(way), kept)


def test_a_code_works_once(provider: str) -> None:
    way = client(provider).authorize("a-state", {})
    back = answer(way)
    token = client(provider).exchange(back, way.kept)

    with pytest.raises(TokenExpired):
        client(provider).exchange(back, way.kept)

    assert not client(provider, token).is_alive()


def test_denial_is_said_in_words(provider: str) -> None:
    way = client(provider).authorize("a-state", {})

    with pytest.raises(PermissionMissing, match="not allowed"):
        client(provider).exchange(answer(way, allow=False), way.kept)


def test_a_wrong_client_secret_is_our_fault_not_the_persons(provider: str) -> None:
    way = client(provider).authorize("a-state", {})

    with pytest.raises(ClientRefused):
        client(provider, secret="wrong").exchange(answer(way), way.kept)


def test_refresh_rotates(provider: str) -> None:
    token = connected(provider)

    newer = client(provider, token).refresh()

    assert newer.access != token.access
    assert newer.refresh != token.refresh
    assert client(provider, newer).is_alive()


def test_a_rotated_token_used_again_ends_the_connection(provider: str) -> None:
    token = connected(provider)
    newer = client(provider, token).refresh()

    with pytest.raises(TokenExpired):
        client(provider, token).refresh()

    with pytest.raises(TokenExpired):
        client(provider, newer).refresh()
    assert not client(provider, newer).is_alive()


def test_revoked_is_gone_for_good(provider: str) -> None:
    token = connected(provider)

    client(provider, token).revoke()

    assert not client(provider, token).is_alive()
    with pytest.raises(TokenExpired):
        client(provider, token).refresh()
    client(provider, token).revoke()
