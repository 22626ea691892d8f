"""How the token's owner is told, through the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import ApiToken, ChatLink, NoticePreference, User

pytestmark = pytest.mark.django_db
URL = "/api/v1/settings/notifications/"


def api(user: User) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.issue(user.memberships.get(), 'a test')[1]}")
    return client


def channels(body: dict[str, Any], name: str) -> list[str]:
    return next(event["channels"] for event in body["events"] if event["name"] == name)


def test_what_the_list_says_counts_until_it_is_changed(vic: User) -> None:
    ChatLink.objects.create(user=vic, person="1", chat="1")

    body = api(vic).get(URL).json()

    assert channels(body, "failed") == ["desk", "mail", "chat"]
    assert channels(body, "published") == ["desk", "chat"]
    assert (body["digest"], body["quiet_from"], body["is_chat_linked"]) == ("off", None, True)
    assert not NoticePreference.objects.exists()


def test_a_change_changes_what_it_names(vic: User, ada: User) -> None:
    client = api(vic)
    client.patch(URL, {"events": {"failed": ["chat"], "assigned": []}, "timezone": "Asia/Seoul"})

    body = client.patch(URL, {"quiet_from": "22:00", "quiet_until": "07:00", "digest": "daily"}).json()

    assert (channels(body, "failed"), channels(body, "assigned")) == (["chat"], [])
    assert (body["timezone"], body["quiet_from"], body["digest"]) == ("Asia/Seoul", "22:00:00", "daily")
    assert channels(api(ada).get(URL).json(), "failed") == ["desk", "mail", "chat"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"events": {"dance": ["mail"]}}, "events"),
        ({"events": {"failed": ["pigeon"]}}, "events"),
        ({"timezone": "Mars/Phobos"}, "timezone"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "quiet_until"),
        ({"digest": "hourly"}, "digest"),
    ],
)
def test_what_makes_no_sense_is_refused(vic: User, change: dict[str, Any], field: str) -> None:
    answer = api(vic).patch(URL, change)

    assert answer.status_code == 400
    assert field in str(answer.json()["errors"])
    assert not NoticePreference.objects.exclude(choices={}, quiet_from=None).exists()


def test_without_a_token_nothing_is_said(db: None) -> None:
    assert APIClient().get(URL).status_code == 401
