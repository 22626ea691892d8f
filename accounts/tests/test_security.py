"""The second factor, recovery codes, and log-ins elsewhere."""

import base64
import hmac
import re
import struct
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from accounts.factories import PASSWORD, client_of
from accounts.models import User

pytestmark = pytest.mark.django_db
SECURITY = "/accounts/settings/security/"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def logged_in(user: User, agent: str = "Firefox") -> Client:
    """Logged in with the password, as people do it."""
    client = Client(headers={"User-Agent": agent})
    client.post("/auth/login/", {"login": user.email, "password": PASSWORD})
    return client


def code_of(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def set_up(client: Client) -> tuple[str, list[str]]:
    """The app's secret and the recovery codes of somebody who turns the second factor on."""
    client.post("/auth/reauthenticate/", {"password": PASSWORD})
    page = client.get("/auth/2fa/totp/activate/").content.decode()
    found = re.search(r'id="secret" value="(\w+)"', page)
    assert found
    client.post("/auth/2fa/totp/activate/", {"code": code_of(found[1])})
    codes = client.get("/auth/2fa/recovery-codes/").content.decode()
    return found[1], re.findall(r"<li><code>(\d+)</code>", codes)


class TestSecondFactor:
    def test_log_in_asks_for_the_code_of_the_app(self, ada: User) -> None:
        EmailAddress.objects.create(user=ada, email=ada.email, primary=True)  # never confirmed
        secret, codes = set_up(logged_in(ada))
        cache.clear()  # each code works once
        client = logged_in(ada)
        before = client.get("/accounts/settings/").status_code

        client.post("/auth/2fa/authenticate/", {"code": code_of(secret)})

        assert len(codes) == 10
        assert (before, client.get("/accounts/settings/").status_code) == (302, 200)

    def test_recovery_code_opens_it_once(self, ada: User) -> None:
        _secret, codes = set_up(logged_in(ada))

        opened = []
        for _time in range(2):
            client = logged_in(ada)
            client.post("/auth/2fa/authenticate/", {"code": codes[0]})
            opened.append(client.get("/accounts/settings/").status_code)

        assert opened == [200, 302]

    def test_wrong_code_is_said(self, ada: User) -> None:
        set_up(logged_in(ada))
        client = logged_in(ada)

        answer = client.post("/auth/2fa/authenticate/", {"code": "000000"})

        assert answer.context["form"].errors
        assert client.get("/accounts/settings/").status_code == 302

    def test_it_is_turned_off_again(self, ada: User) -> None:
        client = logged_in(ada)
        set_up(client)

        client.post("/auth/2fa/totp/deactivate/")

        assert not Authenticator.objects.exists()
        assert "With it, a stolen password alone opens nothing." in client.get(SECURITY).content.decode()

    def test_page_counts_the_codes_that_are_left(self, ada: User) -> None:
        client = logged_in(ada)
        _secret, codes = set_up(client)
        logged_in(ada).post("/auth/2fa/authenticate/", {"code": codes[0]})

        assert "9 codes are left." in client.get(SECURITY).content.decode()

    @pytest.mark.parametrize("path", ["/auth/2fa/", "/auth/2fa/webauthn/"])
    def test_old_addresses_lead_to_the_page(self, ada: User, path: str) -> None:
        assert client_of(ada).get(path)["Location"] == SECURITY

    @pytest.mark.parametrize("path", ["totp/activate/", "webauthn/add/", "recovery-codes/generate/"])
    def test_what_protects_the_account_asks_who_it_is(self, ada: User, path: str) -> None:
        answer = client_of(ada).get(f"/auth/2fa/{path}")  # a session that never typed a password

        assert answer.status_code == 302
        assert "reauthenticate" in answer["Location"] or answer["Location"] == SECURITY


class TestLogIns:
    def test_they_are_listed(self, ada: User) -> None:
        logged_in(ada, "Safari on a phone")
        page = logged_in(ada, "Firefox at work").get(SECURITY).content.decode()

        assert "Safari on a phone" in page
        assert page.index("Firefox at work") < page.index("Safari on a phone")  # this one first

    def test_all_others_are_ended(self, ada: User, ben: User) -> None:
        here, there, bens = logged_in(ada), logged_in(ada), logged_in(ben)

        here.post(f"{SECURITY}sessions/")

        assert [client.get(SECURITY).status_code for client in (here, there, bens)] == [200, 302, 200]
        assert UserSession.objects.filter(user=ada).count() == 1
