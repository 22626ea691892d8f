"""Numbers through the API: the same answers as the pages, and problems with codes of their own."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.factories import AccountFactory
from accounts.models import Account, ApiToken, User
from analytics.factories import count, published, told, told_account
from analytics.tests.conftest import NOON
from publishing.models import Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
API = "/api/v1/analytics"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def api(user: User) -> APIClient:
    """A program of the person's."""
    _token, key = ApiToken.issue(user.memberships.get(), "a test")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@pytest.fixture
def post(account: Account) -> Delivery:
    """A post of yesterday, told twice, on an account with followers."""
    post = published(account, NOON - DAY, text="Rye")
    told(post, NOON - 23 * HOUR, views=100, likes=6)
    told(post, NOON - HOUR, views=140, likes=7)
    told_account(account, NOON - HOUR, followers=41)
    count()
    return post


def test_the_overview_is_aggregated(ada: User, post: Delivery) -> None:
    body = api(ada).get(f"{API}/").json()

    assert body["range"] == {"first": "2030-04-09", "last": "2030-05-06"}
    assert body["before"] == {"first": "2030-03-12", "last": "2030-04-08"}
    assert (body["totals"]["views"], body["totals"]["shares"]) == (140, None)
    assert body["totals"]["engagement_rate"] == 7 / 140
    assert body["totals_before"]["views"] is None
    assert body["platforms"][0]["values"]["likes"] == 7
    assert [(line["post"], line["score"]) for line in body["best"]] == [(post.post_id, 7)]


def test_an_account_has_its_own_numbers(ada: User, post: Delivery) -> None:
    body = api(ada).get(f"{API}/accounts/{post.account_id}/").json()

    assert (body["account"], body["totals"]["posts"]) == (post.account_id, 1)
    assert body["newest"]["followers"] == 41
    assert body["newest_of_days"] == 0


def test_a_post_has_all_that_was_ever_told(ada: User, post: Delivery) -> None:
    body = api(ada).get(f"{API}/posts/{post.post_id}/").json()

    numbers = body["deliveries"][0]
    assert body["totals"]["views"] == 140
    assert [shot["values"]["views"] for shot in numbers["snapshots"]] == [100, 140]
    assert numbers["snapshots"][0]["raw"] == {"views": 100, "likes": 6}
    assert (numbers["problem"], numbers["platform"]) == ("", "meter")


def test_a_series_has_a_point_for_each_day(ada: User, post: Delivery) -> None:
    body = api(ada).get(f"{API}/series/?metric=views&from=2030-05-04&to=2030-05-06").json()

    assert body["points"] == [
        {"day": "2030-05-04", "value": None},
        {"day": "2030-05-05", "value": 100},
        {"day": "2030-05-06", "value": 40},
    ]


def test_the_best_times_say_when_there_is_not_enough(ada: User, post: Delivery) -> None:
    body = api(ada).get(f"{API}/optimal-time/").json()

    assert (body["is_enough"], body["posts"], body["least_posts"]) == (False, 0, 10)
    assert (body["best"], body["slots"], body["timezone"]) == ([], [], "Europe/Berlin")


def test_the_best_times_are_hours_of_the_week(ada: User, account: Account) -> None:
    for week in range(1, 6):
        told(published(account, NOON - week * 7 * DAY), NOON - HOUR, likes=30)
        for hours in (3, 5):
            told(published(account, NOON - week * 7 * DAY + hours * HOUR), NOON - HOUR, likes=10)

    body = api(ada).get(f"{API}/optimal-time/").json()

    assert body["best"] == [{"weekday": 0, "hour": 12, "score": (5 * 3 + 3) / 8, "count": 5}]
    assert {(slot["weekday"], slot["hour"]) for slot in body["slots"]} == {(0, 12), (0, 15), (0, 17)}


@pytest.mark.parametrize(("kind", "start"), [("csv", b"\xef\xbb\xbfDay,"), ("xlsx", b"PK")])
def test_a_range_comes_as_a_file(kind: str, start: bytes, ada: User, post: Delivery) -> None:
    answer = api(ada).get(f"{API}/export/?as={kind}")

    assert answer.status_code == 200
    assert answer.getvalue().startswith(start)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2030-05-02&to=2030-05-01", "range_ends_before_it_starts"),
        ("from=2031-01-01", "range_in_the_future"),
        ("from=2010-01-01", "range_too_long"),
        ("from=soon", "invalid"),
        ("days=-1", "min_value"),
        ("accounts=424242", "unknown_account"),
        ("networks=friendster", "unknown_network"),
    ],
)
@pytest.mark.parametrize("path", ["", "series/", "optimal-time/", "export/"])
def test_a_bad_query_is_a_problem_with_its_own_code(path: str, query: str, code: str, ada: User) -> None:
    answer = api(ada).get(f"{API}/{path}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "code"), [("series/?metric=happiness", "unknown_metric"), ("export/?as=pdf", "unknown_format")]
)
def test_what_there_is_not_is_said(path: str, code: str, ada: User) -> None:
    answer = api(ada).get(f"{API}/{path}")

    assert (answer.status_code, answer.json()["code"]) == (400, code)


PATHS = ["", "accounts/{account}/", "posts/{post}/", "series/", "optimal-time/", "export/"]


def _path(path: str, post: Delivery) -> str:
    return f"{API}/{path.format(account=post.account_id, post=post.post_id)}"


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_nothing_is_told(path: str, post: Delivery) -> None:
    assert APIClient().get(_path(path, post)).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_written_here(path: str, ada: User, post: Delivery) -> None:
    client = api(ada)

    assert {client.post(_path(path, post), {}).status_code, client.delete(_path(path, post)).status_code} == {
        405
    }


@pytest.mark.parametrize("path", PATHS[1:3])
def test_a_stranger_finds_nothing(path: str, cho: User, post: Delivery) -> None:
    assert api(cho).get(_path(path, post)).status_code == 404


@pytest.mark.parametrize("pk", ["0", "me", "9" * 30])
def test_what_is_no_number_is_not_found(pk: str, ada: User) -> None:
    answers: list[Any] = [api(ada).get(f"{API}/{kind}/{pk}/") for kind in ("accounts", "posts")]

    assert {answer.status_code for answer in answers} == {404}


def test_a_strangers_overview_holds_nothing_of_ours(cho: User, post: Delivery) -> None:
    AccountFactory(workspace=cho.current_workspace)

    body = api(cho).get(f"{API}/").json()

    assert (body["totals"]["views"], body["best"]) == (None, [])
