"""What a network's call to our webhook may do, and what a stranger's may not."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory
from accounts.models import Account, Workspace
from inbox import receipts
from inbox.factories import FeedFactory
from inbox.hooks import MOST_BYTES
from inbox.models import Feed, Message, Receipt
from platforms.registry import PLATFORMS
from publishing.factories import DeliveryFactory
from publishing.models import State

pytestmark = pytest.mark.django_db

PAGE = "61550000000001"
SECRET = "sandbox-secret"  # of the app, as the sandbox has it


def comment(
    number: int = 1, text: str = "Is the rye gluten free?", verb: str = "add", **rest: Any
) -> dict[str, Any]:
    return {
        "field": "feed",
        "value": {
            "item": "comment",
            "verb": verb,
            "comment_id": f"122_{number}",
            "post_id": f"{PAGE}_122",
            "parent_id": f"{PAGE}_122",
            "from": {"id": "24", "name": "Mia Sommer"},
            "message": text,
            "created_time": int(time.time()),
            **rest,
        },
    }


def body_of(*changes: dict[str, Any]) -> bytes:
    entry = {"id": PAGE, "time": int(time.time()), "changes": list(changes)}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def call(body: bytes, secret: str = SECRET, name: str = "facebook") -> HttpResponse:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    return Client().post(f"/hooks/{name}/", body, content_type="application/json", headers=headers)  # type: ignore[return-value]


def work_off() -> None:
    while receipts.work_off():
        pass


@pytest.fixture
def page(workspace: Workspace) -> Account:
    account = AccountFactory.create(workspace=workspace, platform_name="facebook", remote_id=PAGE)
    FeedFactory.create(account=account)
    return account


def test_a_call_is_kept_and_worked_off_later(page: Account) -> None:
    answer = call(body_of(comment()))

    assert answer.status_code == 200
    assert Message.objects.count() == 0
    assert OrmQ.objects.count() == 1

    work_off()

    message = Message.objects.get()
    assert (message.text, message.account, message.conversation.unread) == (
        "Is the rye gluten free?",
        page,
        1,
    )
    assert Receipt.objects.get().due_at is None
    assert Feed.objects.get().hooked_at is not None


@pytest.mark.parametrize("secret", ["another-secret", ""])
def test_a_forged_call_is_turned_away_and_leaves_nothing(secret: str, page: Account) -> None:
    answer = call(body_of(comment()), secret)

    assert answer.status_code == 403
    assert (Receipt.objects.count(), OrmQ.objects.count()) == (0, 0)


@pytest.mark.parametrize("name", [name for name, one in PLATFORMS.items() if one.can("verify_webhook")])
def test_without_a_secret_of_ours_nobody_is_believed(name: str, settings: Settings) -> None:
    unset = {"client_secret": "", "webhook_secret": ""}
    settings.NETWORKS = {**settings.NETWORKS, name: {**settings.NETWORKS[name], **unset}}
    body = b'{"notifications": []}'
    empty = [hmac.new(b"", signed, hashlib.sha256).hexdigest() for signed in (body, b"hmacsha256=" + body)]

    answers = [
        Client()
        .post(
            f"/hooks/{name}/",
            body,
            content_type="application/json",
            headers={
                "x-hub-signature-256": f"sha256={digest}",
                "x-li-signature": digest,
                "x-telegram-bot-api-secret-token": "",
                "tiktok-signature": f"t={int(time.time())},s={digest}",
            },
        )
        .status_code
        for digest in empty
    ]

    assert answers == [403, 403]


def test_the_same_call_again_tells_nothing_new(page: Account) -> None:
    body = body_of(comment())

    answers = [call(body).status_code for _ in range(3)]
    work_off()

    assert answers == [200, 200, 200]
    assert (Receipt.objects.count(), Message.objects.count()) == (1, 1)


def test_one_bell_rings_for_all_that_wait(page: Account) -> None:
    for number in range(5):
        call(body_of(comment(number)))

    assert OrmQ.objects.count() == 1


def test_a_call_costs_few_statements_however_many_wait(
    page: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        receipts.keep(PLATFORMS["facebook"], "{}", str(number))

    with django_assert_num_queries(5):  # our registration, a savepoint around the row, who waits
        call(body_of(comment(99)))


def test_what_one_call_tells_may_be_much_and_is_one_answer(page: Account) -> None:
    call(body_of(*(comment(number) for number in range(300))))

    work_off()

    assert Message.objects.count() == 300


def test_a_hundred_calls_are_worked_off_in_a_constant_number_of_statements(
    page: Account, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(100):
        receipts.keep(PLATFORMS["facebook"], body_of(comment(number)).decode(), str(number))

    with django_assert_max_num_queries(45):
        receipts.work_off()

    assert Message.objects.count() == 100


def test_what_is_too_long_is_not_read(page: Account) -> None:
    answer = Client().post(
        "/hooks/facebook/",
        b"{}",
        content_type="application/json",
        headers={"content-length": str(MOST_BYTES + 1)},
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["nowhere", "mastodon", "bluesky"])
def test_networks_without_webhooks_have_no_address(name: str) -> None:
    assert Client().post(f"/hooks/{name}/", b"{}", content_type="application/json").status_code == 404


# --- greetings ---


def greet(name: str, **query: str) -> HttpResponse:
    return Client().get(f"/hooks/{name}/", query)  # type: ignore[return-value]


def test_a_network_that_asks_whether_the_address_is_ours_is_answered() -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "hook-secret"}

    answer = greet("facebook", **asked)

    assert (answer.status_code, answer.content) == (200, b"1158201444")
    assert answer["Content-Type"].startswith("text/plain")
    assert greet("facebook", **{**asked, "hub.verify_token": "guessed"}).status_code == 403


def test_a_challenge_is_signed() -> None:
    answer = greet("x", crc_token="MzE2")

    assert answer.status_code == 200
    assert json.loads(answer.content)["response_token"].startswith("sha256=")


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("x", {"crc_token": '{"data":{"event_type":"dm.received"}}'}),
        ("linkedin", {"challengeCode": 'hmacsha256={"notifications":[]}'}),
        (
            "facebook",
            {"hub.mode": "subscribe", "hub.verify_token": "hook-secret", "hub.challenge": "<script>"},
        ),
    ],
)
def test_a_greeting_signs_nothing_that_could_be_a_call(name: str, query: dict[str, str]) -> None:
    assert greet(name, **query).status_code == 403


# --- following ---


def test_an_edit_is_followed_and_the_words_before_are_kept(page: Account) -> None:
    call(body_of(comment(text="Is the rye gluten fre?")))
    call(body_of(comment(text="Is the rye gluten free?", verb="edited")))
    work_off()

    message = Message.objects.get()

    assert (message.text, message.earlier) == ("Is the rye gluten free?", ["Is the rye gluten fre?"])
    assert message.edited_at is not None


def test_a_deletion_takes_the_words_and_closes_the_question(page: Account) -> None:
    call(body_of(comment()))
    work_off()
    call(body_of(comment(verb="remove")))
    work_off()

    message = Message.objects.get()

    assert message.deleted_at is not None
    assert (message.text, message.conversation.unread, message.conversation.needs_answer) == ("", 0, False)


def test_a_deletion_that_tells_the_words_brings_them_to_nobody(workspace: Workspace) -> None:
    page = "urn:li:organization:2414183"
    AccountFactory.create(workspace=workspace, platform_name="linkedin", remote_id=page)
    urn = "urn:li:comment:(urn:li:activity:6,7)"
    told = {
        "organizationalEntity": page,
        "action": "COMMENT_DELETE",
        "sourcePost": "urn:li:share:6",
        "generatedActivity": urn,
        "decoratedGeneratedActivity": {"comment": {"text": "Oops", "owner": "urn:li:person:A"}},
        "lastModifiedAt": int(time.time() * 1000),
        "notificationId": 1,
    }

    receipts.keep(PLATFORMS["linkedin"], json.dumps({"notifications": [told]}), "a digest")
    work_off()

    assert Receipt.objects.get().problem == ""
    assert Message.objects.count() == 0


def test_script_in_a_comment_is_text(page: Account) -> None:
    call(body_of(comment(text="<script>alert(1)</script>")))
    work_off()

    assert Message.objects.get().text == "<script>alert(1)</script>"


def test_an_account_in_two_workspaces_is_told_in_both(page: Account) -> None:
    other = AccountFactory.create(platform_name="facebook", remote_id=PAGE)

    call(body_of(comment()))
    work_off()

    assert set(Message.objects.values_list("account", flat=True)) == {page.pk, other.pk}


def test_what_is_about_nobody_here_is_worked_off_all_the_same() -> None:
    call(body_of(comment()))

    work_off()

    assert Receipt.objects.get().due_at is None
    assert Message.objects.count() == 0


def test_a_call_that_cannot_be_read_is_put_aside_in_words(workspace: Workspace) -> None:
    secret = "sandbox-secret"
    body = b'{"notifications": 7}'
    digest = hmac.new(secret.encode(), b"hmacsha256=" + body, hashlib.sha256).hexdigest()

    answer = Client().post(
        "/hooks/linkedin/", body, content_type="application/json", headers={"x-li-signature": digest}
    )
    work_off()

    receipt = Receipt.objects.get()
    assert answer.status_code == 200
    assert receipt.due_at is None
    assert "cannot be read" in receipt.problem


def test_a_receipt_that_stops_workers_stops_no_other_and_is_put_aside(page: Account) -> None:
    call(body_of(comment(1)))
    call(body_of(comment(2)))
    first, _second = Receipt.objects.order_by("pk")
    Receipt.objects.filter(pk=first.pk).update(tries=receipts.MOST_TRIES)

    receipts.work_off()
    receipts.work_off()

    first.refresh_from_db()
    assert first.due_at is None
    assert "five times" in first.problem
    assert Message.objects.get().remote_id == "122_2"


def test_a_permission_that_was_taken_back_asks_for_a_new_connection(workspace: Workspace) -> None:
    account = AccountFactory.create(workspace=workspace, platform_name="x", remote_id="77")
    told = {"data": {"event_type": "oauth.revoke", "filter": {"user_id": "77"}, "payload": {}}}

    receipts.keep(PLATFORMS["x"], json.dumps(told), "a digest")
    work_off()

    account.refresh_from_db()
    assert account.state == Account.State.EXPIRED
    assert "taken back" in account.trouble


def test_a_post_that_the_network_is_done_with_is_looked_at_now(workspace: Workspace) -> None:
    account = AccountFactory.create(workspace=workspace, platform_name="tiktok", remote_id="open-1")
    later = time.time() + 600
    delivery = DeliveryFactory.create(
        post__workspace=workspace, account=account, publishing=True, reason_code="processing"
    )
    type(delivery).objects.filter(pk=delivery.pk).update(due_at=datetime.fromtimestamp(later, UTC))
    told = {"event": "post.publish.complete", "user_openid": "open-1", "content": '{"publish_id": "v1"}'}

    receipts.keep(PLATFORMS["tiktok"], json.dumps(told), "a digest")
    work_off()

    delivery.refresh_from_db()
    assert delivery.state == State.PUBLISHING
    assert delivery.due_at is not None
    assert delivery.due_at.timestamp() < later - 300


def test_what_names_no_account_goes_to_the_only_one_or_to_the_one_in_the_address(
    workspace: Workspace,
) -> None:
    told = {
        "update_id": 5,
        "message": {
            "message_id": 9,
            "date": int(time.time()),
            "text": "Rye?",
            "chat": {"id": 42, "type": "private"},
            "from": {"id": 42, "first_name": "Mia"},
        },
    }
    first, second = AccountFactory.create_batch(
        2,
        workspace=workspace,
        platform_name="telegram",
        credentials={"access": "123:AAE-bot", "refresh": "", "extra": {"bot": "rye_bot"}},
    )
    Account.objects.filter(pk=first.pk).update(remote_id="-1001")
    Account.objects.filter(pk=second.pk).update(remote_id="-1002")
    telegram = {
        "content_type": "application/json",
        "headers": {"x-telegram-bot-api-secret-token": "hook-secret"},
    }

    Client().post("/hooks/telegram/", json.dumps(told), **telegram)
    work_off()
    between_two = Message.objects.count()
    told["update_id"] = 6
    Client().post(f"/hooks/telegram/?account={second.pk}", json.dumps(told), **telegram)
    work_off()

    assert between_two == 0
    assert Message.objects.get().account == second
