"""The REST API: deciding about many deliveries at once, and taking it back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.factories import AccountFactory, MembershipFactory
from accounts.models import Account, User
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, State
from snsauto.tests.test_api import API, api

pytestmark = pytest.mark.django_db
BULK = f"{API}/deliveries/bulk/"
Make = Callable[..., Delivery]


@pytest.fixture
def account(ada: User) -> Account:
    return AccountFactory(workspace=ada.memberships.get().workspace)


@pytest.fixture
def late(account: Account) -> Make:
    def make(**fields: object) -> Delivery:
        kind = fields or {"missed": True}
        return DeliveryFactory(post=PostFactory(workspace=account.workspace), account=account, **kind)

    return make


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.parametrize(
    ("action", "becomes"),
    [("send_now", "scheduled"), ("next_free", "scheduled"), ("drop", "cancelled")],
)
def test_each_that_is_named_answers_for_itself(ada: User, late: Make, action: str, becomes: str) -> None:
    missed, out = late(), late(published=True)
    asked = {"action": action, "ids": [out.pk, missed.pk, 999_999]}

    answer = api(ada).post(BULK, asked, format="json")

    told = answer.json()
    assert (answer.status_code, told["done"], told["left"]) == (200, 1, 0)
    lines = [(line["id"], line["code"], line["state"]) for line in told["results"]]
    assert lines == [
        (out.pk, "conflict", "published"),
        (missed.pk, "", becomes),
        (999_999, "not_found", ""),
    ]
    assert states() == [becomes, "published"]


def test_a_free_slot_is_told(ada: User, late: Make) -> None:
    told = api(ada).post(BULK, {"action": "next_free", "ids": [late().pk]}, format="json").json()

    stands = Delivery.objects.get().due_at
    assert stands
    assert stands > now() + timedelta(hours=20)
    assert told["results"][0]["due_at"] == stands.isoformat().replace("+00:00", "Z")


def test_failures_alone_are_retried(ada: User, late: Make) -> None:
    rows = [late(failed=True), late(), late(unknown=True)]

    told = api(ada).post(BULK, {"action": "retry", "ids": [row.pk for row in rows]}, format="json").json()

    assert [line["code"] for line in told["results"]] == ["", "conflict", "conflict"]
    assert states() == ["scheduled", "missed", "unknown"]


@pytest.mark.parametrize(
    ("narrow", "count"),
    [
        ({"state": "missed"}, 2),
        ({"state": "failed"}, 2),
        ({"state": "failed", "reason_code": "token_expired"}, 1),
        ({"state": "failed", "remedy": "reconnected"}, 1),
        ({"state": "failed", "platform": "nothing"}, 0),
    ],
)
def test_a_filter_finds_them(ada: User, late: Make, narrow: dict[str, str], count: int) -> None:
    late()
    late()
    late(failed=True)
    late(failed=True, reason_code="token_expired", due_at=now() - timedelta(hours=1))

    told = api(ada).post(BULK, {"action": "drop", "filter": narrow}, format="json").json()

    assert (told["done"], told["left"], len(told["results"])) == (count, 0, count)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"ids": [1]}, "action", "required"),
        ({"action": "send"}, "action", "invalid_choice"),
        ({"action": "drop"}, "ids", "required"),
        ({"action": "drop", "ids": [1], "filter": {"state": "missed"}}, "ids", "required"),
        ({"action": "drop", "filter": {}}, "filter.state", "required"),
        ({"action": "drop", "filter": {"state": "published"}}, "filter.state", "invalid_choice"),
        ({"action": "drop", "ids": ["x"]}, "ids.0", "invalid"),
        ({"action": "drop", "ids": list(range(1, 1002))}, "ids", "max_length"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_why(
    ada: User, body: dict[str, object], field: str, code: str
) -> None:
    answer = api(ada).post(BULK, body, format="json")

    assert answer.status_code == 400
    assert (field, code) in {(error["field"], error["code"]) for error in answer.json()["errors"]}


def test_the_same_key_decides_once(ada: User, late: Make) -> None:
    asked = {"action": "next_free", "ids": [late().pk]}
    client, key = api(ada), {"Idempotency-Key": "b-1"}

    first = client.post(BULK, asked, format="json", headers=key)
    again = client.post(BULK, asked, format="json", headers=key)

    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"


def test_what_was_decided_is_taken_back_by_the_one_who_did(ada: User, late: Make) -> None:
    late(failed=True)
    told = api(ada).post(BULK, {"action": "drop", "filter": {"state": "failed"}}, format="json").json()
    colleague = MembershipFactory(workspace=ada.memberships.get().workspace).user

    refused = api(colleague).post(f"{API}/deliveries/undo/", {"undo": told["undo"]}, format="json")
    done = api(ada).post(f"{API}/deliveries/undo/", {"undo": told["undo"]}, format="json")

    assert (refused.status_code, done.status_code, done.json()) == (404, 200, {"undone": 1})
    assert states() == ["failed"]


def test_what_is_sent_is_not_taken_back(ada: User, late: Make) -> None:
    told = api(ada).post(BULK, {"action": "send_now", "ids": [late().pk]}, format="json").json()

    assert told["undo"] is None


def test_a_stranger_decides_nothing(cho: User, vic: User, late: Make) -> None:
    row = late()

    told = api(cho).post(BULK, {"action": "drop", "ids": [row.pk]}, format="json").json()
    api(cho).post(BULK, {"action": "drop", "filter": {"state": "missed"}}, format="json")

    assert told["results"] == [{"id": row.pk, "code": "not_found", "state": "", "due_at": None}]
    assert api(vic).post(BULK, {"action": "drop", "ids": [row.pk]}, format="json").status_code == 403
    assert states() == ["missed"]


@pytest.mark.parametrize("count", [1, 40])
def test_many_cost_as_much_as_one(
    ada: User, late: Make, django_assert_num_queries: Callable[..., object], count: int
) -> None:
    ids = [late().pk for _ in range(count)]
    client = api(ada)
    client.get(f"{API}/me/")  # the token's last use is written once a minute

    with django_assert_num_queries(17):
        client.post(BULK, {"action": "next_free", "ids": ids}, format="json")

    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SCHEDULED}
