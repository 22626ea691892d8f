"""Accounts are connected through the API: by consent, by typed credentials, again, and by choosing."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test.utils import override_settings
from rest_framework.test import APIClient

from accounts.factories import AccountFactory
from accounts.models import Account, ApiToken, OAuthState, User
from platforms.sandbox.models import Person
from platforms.sandbox.visitor import allow

API = "/api/v1"


def api(user: User) -> APIClient:
    _token, key = ApiToken.issue(user.memberships.get(), "a test")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def person(network: str) -> Person:
    return Person.objects.filter(network=network).order_by("pk")[0]


def test_a_program_asks_is_allowed_and_comes_back(sandbox: str, ada: User) -> None:
    client = api(ada)
    url = client.post(f"{API}/oauth/x/authorize/", {}).json()["authorize_url"]
    back = allow(url, person("x"))

    answer = client.post(f"{API}/oauth/x/callback/", back)

    assert answer.status_code == 201, answer.json()
    [account] = answer.json()["accounts"]
    assert account["handle"] == person("x").handle
    assert client.post(f"{API}/oauth/x/callback/", back).json()["code"] == "connection_lost"
    assert Account.objects.count() == 1


def test_of_several_profiles_a_program_chooses(sandbox: str, ada: User) -> None:
    client, owner = api(ada), Person.objects.get(network="facebook", handle="lena.vogt")
    url = client.post(f"{API}/oauth/facebook/authorize/", {}).json()["authorize_url"]
    granted = client.post(f"{API}/oauth/facebook/callback/", allow(url, owner))
    assert granted.status_code == 202, granted.json()
    key, profiles = granted.json()["choose"], granted.json()["profiles"]
    assert len(profiles) > 1

    wrong = client.post(f"{API}/oauth/choose/", {"choose": key, "profiles": ["nobody"]})
    right = client.post(f"{API}/oauth/choose/", {"choose": key, "profiles": [profiles[1]["remote_id"]]})

    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "does_not_exist")
    assert [account["remote_id"] for account in right.json()["accounts"]] == [profiles[1]["remote_id"]]
    assert client.post(f"{API}/oauth/choose/", {"choose": key, "profiles": ["1"]}).status_code == 409


def test_in_the_sandbox_all_of_it_is_one_call(sandbox: str, ada: User) -> None:
    client = api(ada)

    answer = client.post(f"{API}/oauth/mastodon/simulate-callback/", {})

    assert answer.status_code == 201, answer.json()
    account = Account.objects.get()
    assert (account.platform_name, account.can_publish) == ("mastodon", True)
    account.disconnect()
    again = client.post(f"{API}/accounts/{account.pk}/reconnect/", {"fields": {}})
    state = dict(parse_qsl(urlsplit(again.json()["authorize_url"]).query))["state"]
    assert state
    assert OAuthState.objects.get().kept["again"] == account.pk


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("accounts", {"platform": "nowhere"}, 400, "invalid"),
        ("accounts", {"platform": "mastodon", "fields": {"server": ""}}, 400, "invalid"),
        ("oauth/nowhere/authorize", {}, 404, "not_found"),
        ("oauth/x/callback", {"state": "made up", "code": "1"}, 409, "connection_lost"),
        ("oauth/x/callback", {"code": "1"}, 400, "invalid"),
        ("oauth/choose", {"choose": "made up", "profiles": ["1"]}, 409, "connection_lost"),
        ("oauth/x/simulate-callback", {"person": "nobody"}, 400, "invalid"),
    ],
)
def test_what_leads_nowhere_is_said_in_words(
    ada: User, path: str, body: dict[str, object], status: int, code: str
) -> None:
    answer = api(ada).post(f"{API}/{path}/", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()


@pytest.mark.django_db
def test_on_a_real_desk_nothing_is_simulated(ada: User) -> None:
    with override_settings(SANDBOX=False):
        assert api(ada).post(f"{API}/oauth/x/simulate-callback/", {}).status_code == 404


@pytest.mark.django_db
def test_only_what_is_connected_is_paused(ada: User) -> None:
    account = AccountFactory(workspace=ada.memberships.get().workspace, state=Account.State.DISCONNECTED)

    answer = api(ada).patch(f"{API}/accounts/{account.pk}/", {"is_paused": True})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
