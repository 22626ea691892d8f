"""Webhooks: what leaves is signed, arrives again until it is taken, and never goes inside the network."""

import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from pytest_django.fixtures import Settings
from standardwebhooks.webhooks import WebhookVerificationError

from accounts import connections_ending, webhook_sending, webhooks
from accounts.factories import AccountFactory, client_of
from accounts.models import Account, AuditEvent, Dispatch, Happening, Notification, User, Webhook, Workspace
from accounts.tasks import sweep
from accounts.tests.target import Target, listening
from accounts.webhook_sending import DELAYS, send_due

pytestmark = pytest.mark.django_db
PAGE = "/accounts/settings/webhooks/"
STATES = Dispatch.State


@pytest.fixture
def target(settings: Settings) -> Iterator[Target]:
    with listening() as target:
        settings.OUTBOUND_ALLOW = frozenset({target.netloc})
        yield target


@pytest.fixture
def hook(ada: User, target: Target) -> Webhook:
    return webhooks.create(ada.memberships.get(), target.url, ["post.published", "post.failed"])


def emit(workspace: Workspace, event: str = "post.published", key: str = "1") -> None:
    webhooks.emit(workspace.pk, event, key, {"post": 7, "text": "Grüße ☕"})


class TestSending:
    def test_message_verifies_with_the_package(
        self, workspace: Workspace, hook: Webhook, target: Target
    ) -> None:
        emit(workspace)

        assert send_due() == 1

        told = target.verified(hook.secret)
        dispatch = Dispatch.objects.get()
        assert told["type"] == "post.published"
        assert told["data"] == {"post": 7, "text": "Grüße ☕"}
        assert (dispatch.state, dispatch.http_status, dispatch.answer) == (STATES.DONE, 200, "seen")
        assert dispatch.due_at is None

    def test_another_secret_or_body_does_not_verify(
        self, workspace: Workspace, hook: Webhook, target: Target
    ) -> None:
        emit(workspace)
        send_due()
        headers, body = target.received[0]
        target.received.append((headers, body.replace(b"7", b"8")))

        with pytest.raises(WebhookVerificationError):
            target.verified(webhooks.new_secret(), 0)
        with pytest.raises(WebhookVerificationError):
            target.verified(hook.secret, 1)

    def test_only_what_was_chosen_is_told_and_once_a_key(
        self, workspace: Workspace, hook: Webhook, target: Target
    ) -> None:
        emit(workspace, "post.missed", "1")
        emit(workspace, "post.failed", "2")
        emit(workspace, "post.failed", "2")
        send_due()
        send_due()

        assert [target.verified(hook.secret, n)["type"] for n in range(len(target.received))] == [
            "post.failed"
        ]

    def test_other_workspaces_and_webhooks_that_are_off_hear_nothing(
        self, ada: User, cho: User, hook: Webhook, target: Target
    ) -> None:
        webhooks.change(ada.memberships.get(), hook, url=hook.url, events=hook.events, is_on=False)

        emit(hook.workspace)
        emit(cho.memberships.get().workspace)

        assert send_due() == 0
        assert not Happening.objects.exists()

    def test_old_secret_signs_beside_the_new_for_a_day(
        self, ada: User, workspace: Workspace, hook: Webhook, target: Target
    ) -> None:
        old = hook.secret
        new = webhooks.rotate(ada.memberships.get(), hook)
        emit(workspace, key="1")
        send_due()
        assert target.verified(old) == target.verified(new)

        with time_machine.travel(now() + timedelta(hours=25)):
            emit(workspace, key="2")
            send_due()
            assert target.verified(new)
            with pytest.raises(WebhookVerificationError):
                target.verified(old)

    def test_slow_target_holds_up_no_other(
        self, ada: User, workspace: Workspace, hook: Webhook, target: Target, settings: Settings
    ) -> None:
        with listening() as slow:
            slow.seconds = 0.4
            settings.OUTBOUND_ALLOW = frozenset({target.netloc, slow.netloc})
            webhooks.create(ada.memberships.get(), slow.url, ["post.failed"])
            for number in range(6):
                emit(workspace, "post.failed", str(number))
            Webhook.objects.filter(pk=hook.pk).update(events=["post.published"])
            emit(workspace, "post.published", "last")
            Dispatch.objects.filter(webhook=hook).exclude(happening__key="last").delete()
            begun = time.monotonic()

            send_due()

            taken = Dispatch.objects.get(webhook=hook)
            assert taken.history[0]["milliseconds"] < 300
            assert taken.done_at < Dispatch.objects.exclude(webhook=hook).order_by("done_at")[0].done_at
            assert len(slow.received) == 6
            assert time.monotonic() - begun > 1  # two at once: three rounds


class TestTryingAgain:
    def test_it_is_tried_nine_times_within_a_day_under_one_id(
        self, workspace: Workspace, hook: Webhook, target: Target
    ) -> None:
        target.answers = [500] * 20
        emit(workspace)
        begun = now()

        with time_machine.travel(begun, tick=False) as clock:
            for delay in (*DELAYS, timedelta(days=2)):
                assert send_due() == 1
                assert send_due() == 0  # not before its time
                clock.shift(delay)
            assert send_due() == 0

        dispatch = Dispatch.objects.get()
        assert (dispatch.state, dispatch.tries, len(target.received)) == (STATES.FAILED, 9, 9)
        assert len({headers["webhook-id"] for headers, _body in target.received}) == 1
        assert timedelta(hours=23) < sum(DELAYS, timedelta()) < timedelta(hours=25)
        assert [one["status"] for one in dispatch.history] == [500] * 9

    @pytest.mark.parametrize("answer", [301, 400, 404, 429, 503])
    def test_what_is_not_taken_waits_and_is_then_taken(
        self, workspace: Workspace, hook: Webhook, target: Target, answer: int
    ) -> None:
        target.answers = [answer]
        emit(workspace)
        send_due()
        hook.refresh_from_db()
        assert hook.failing_since is not None
        assert Dispatch.objects.get().state == STATES.WAITING

        with time_machine.travel(now() + timedelta(seconds=6)):
            send_due()

        hook.refresh_from_db()
        assert Dispatch.objects.get().state == STATES.DONE
        assert (hook.failing_since, hook.problem) == (None, "")

    def test_target_that_is_away_is_an_answer_in_words(self, ada: User, settings: Settings) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            netloc = f"127.0.0.1:{closed.getsockname()[1]}"
        settings.OUTBOUND_ALLOW = frozenset({netloc})
        hook = webhooks.create(ada.memberships.get(), f"http://{netloc}/", ["post.published"])
        emit(hook.workspace)

        send_due()

        dispatch = Dispatch.objects.get()
        assert (dispatch.state, dispatch.http_status) == (STATES.WAITING, None)
        assert dispatch.answer == "The network could not be reached."

    def test_worker_that_dies_has_its_turn_taken_over(
        self, workspace: Workspace, hook: Webhook, target: Target
    ) -> None:
        emit(workspace)
        dead = Dispatch.objects.select_related("webhook", "happening").get()
        assert webhook_sending.claim(dead, now())
        assert send_due() == 0  # somebody has it

        with time_machine.travel(now() + timedelta(minutes=4)):
            assert send_due() == 1

        late = webhook_sending.Outcome(500, "too late", 1)
        assert webhook_sending.settle(dead, late) is False
        assert Dispatch.objects.get().state == STATES.DONE

    def test_two_workers_send_it_once(self, workspace: Workspace, hook: Webhook) -> None:
        emit(workspace)
        first, second = (Dispatch.objects.get() for _worker in range(2))

        assert [webhook_sending.claim(row, now()) for row in (first, second)] == [True, False]


class TestSwitchingOff:
    def test_gone_is_switched_off_and_told(self, workspace: Workspace, hook: Webhook, target: Target) -> None:
        target.answers = [410]
        emit(workspace, key="1")
        emit(workspace, key="2")
        Dispatch.objects.filter(happening__key="2").update(due_at=now() + timedelta(hours=1))

        send_due()

        hook.refresh_from_db()
        assert hook.is_on is False
        assert {row.state for row in Dispatch.objects.all()} == {STATES.FAILED}
        assert "gone for good" in Notification.objects.get(kind="webhook_failing").text

    def test_failing_for_five_days_is_switched_off_and_told(
        self, workspace: Workspace, hook: Webhook, target: Target
    ) -> None:
        target.answers = [500] * 9
        emit(workspace, key="1")
        send_due()

        for days, is_on in ((4, True), (6, False)):
            with time_machine.travel(now() + timedelta(days=days)):
                emit(workspace, key=f"day {days}")
                send_due()
                hook.refresh_from_db()
                assert hook.is_on is is_on

        assert "nothing has arrived for five days" in Notification.objects.latest("pk").text

    def test_message_that_was_given_up_is_told_once(
        self, workspace: Workspace, hook: Webhook, target: Target, ada: User, ben: User
    ) -> None:
        target.answers = [500] * 4
        for key in ("1", "2"):
            emit(workspace, key=key)
        Dispatch.objects.update(tries=len(DELAYS))

        send_due()

        assert [notice.user for notice in Notification.objects.all()] == [ada]

    def test_switched_on_again_it_begins_anew(self, ada: User, hook: Webhook, target: Target) -> None:
        Webhook.objects.update(
            is_on=False, failing_since=now() - timedelta(days=9), problem="It answered 500."
        )

        client_of(ada).post(f"{PAGE}{hook.pk}/switch/", {"on": "yes"})

        hook.refresh_from_db()
        assert (hook.is_on, hook.failing_since, hook.problem) == (True, None, "")


PRIVATE = [
    "http://127.0.0.1/",
    "http://localhost:8000/",
    "http://10.1.2.3/hook",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[fd00::1]:9000/",
    "http://desk.internal/",
    "http://printer/",
    "https://ada:secret@example.org/",
    "ftp://example.org/",
    "http://[oops/",
    "javascript:alert(1)",
]
# names and spellings that only the way out sees through
SEEN_BY_THE_WAY_OUT = ["http://2130706433/", "http://0x7f.0.0.1/", "http://inside.example/"]


class TestInsideTheNetwork:
    @pytest.mark.parametrize("url", PRIVATE)
    def test_is_refused_when_it_is_typed(self, ada: User, url: str) -> None:
        answer = client_of(ada).post(PAGE, {"hook-url": url, "hook-events": ["post.failed"]})

        with pytest.raises(ValidationError):
            webhooks.validate_target(url)
        assert answer.status_code == 422
        assert answer.context["form"].errors.keys() == {"url"}
        assert not Webhook.objects.exists()

    @pytest.mark.parametrize("url", [*PRIVATE[:7], *SEEN_BY_THE_WAY_OUT])
    def test_is_refused_at_each_sending(
        self, ada: User, workspace: Workspace, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        resolve = socket.getaddrinfo

        def rebound(host: str, *rest: object, **more: object) -> object:
            return resolve("127.0.0.1" if host == "inside.example" else host, *rest, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", rebound)
        hook = Webhook.objects.create(
            workspace=workspace, url=url, events=["post.failed"], secret=webhooks.new_secret()
        )
        emit(workspace, "post.failed")

        send_due()

        dispatch = Dispatch.objects.get(webhook=hook)
        assert dispatch.http_status is None
        assert dispatch.answer == "This address is inside a private network and may not be reached."

    def test_redirect_is_not_followed(self, workspace: Workspace, hook: Webhook, target: Target) -> None:
        with listening() as inside:
            target.answers = [307]
            target.headers = {"Location": inside.url}
            emit(workspace)

            send_due()

            hook.refresh_from_db()
            assert inside.received == []
            assert hook.problem == "It answered with a redirect (307), which is not followed."


class TestThePage:
    def test_owner_makes_one_and_sees_its_secret_once(self, ada: User) -> None:
        client = client_of(ada)

        made = client.post(PAGE, {"hook-url": "https://example.org/h", "hook-events": ["post.failed"]})

        hook = Webhook.objects.get()
        assert hook.secret in made.content.decode()
        assert hook.secret not in client.get(f"{PAGE}{hook.pk}/").content.decode()
        assert AuditEvent.objects.get().action == "webhook.created"

    def test_test_is_sent_and_its_answer_shown(self, ada: User, hook: Webhook, target: Target) -> None:
        client = client_of(ada)

        client.post(f"{PAGE}{hook.pk}/test/")
        send_due()

        page = client.get(f"{PAGE}{hook.pk}/").content.decode()
        assert target.verified(hook.secret)["type"] == "webhook.test"
        assert "webhook.test" in page
        assert "Delivered" in page

    def test_message_is_sent_again_under_the_same_id(
        self, ada: User, workspace: Workspace, hook: Webhook, target: Target
    ) -> None:
        emit(workspace)
        send_due()

        client_of(ada).post(f"/accounts/settings/dispatches/{Dispatch.objects.get().pk}/redeliver/")
        send_due()

        first, second = target.received
        assert first[0]["webhook-id"] == second[0]["webhook-id"]
        assert first[1] == second[1]

    def test_it_is_changed_and_deleted(self, ada: User, hook: Webhook) -> None:
        client = client_of(ada)
        client.post(
            f"{PAGE}{hook.pk}/", {"hook-url": "https://example.org/new", "hook-events": ["post.missed"]}
        )
        hook.refresh_from_db()
        assert (hook.url, hook.events) == ("https://example.org/new", ["post.missed"])

        client.post(f"{PAGE}{hook.pk}/delete/")
        assert not Webhook.objects.exists()

    def test_new_secret_is_shown_once(self, ada: User, hook: Webhook) -> None:
        client, old = client_of(ada), hook.secret

        page = client.post(f"{PAGE}{hook.pk}/secret/").content.decode()

        hook.refresh_from_db()
        assert hook.secret != old == hook.old_secret
        assert hook.secret in page

    @pytest.mark.parametrize("person", ["ben", "vic"])
    def test_editor_and_viewer_see_none(
        self, request: pytest.FixtureRequest, hook: Webhook, person: str
    ) -> None:
        client = client_of(request.getfixturevalue(person))

        paths = (PAGE, f"{PAGE}{hook.pk}/")
        assert {client.get(path).status_code for path in paths} == {403}

    def test_a_workspace_has_no_more_than_it_may(
        self, ada: User, hook: Webhook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webhooks, "MOST", 1)

        answer = client_of(ada).post(
            PAGE, {"hook-url": "https://example.org/h", "hook-events": ["post.failed"]}
        )

        assert answer.status_code == 422
        assert "at most 1 webhooks" in answer.content.decode()


def test_ending_connection_is_told_to_webhooks_once(workspace: Workspace, hook: Webhook) -> None:
    Webhook.objects.update(events=["account.expired", "account.expiring"])
    AccountFactory.create(workspace=workspace, state=Account.State.EXPIRED)
    AccountFactory.create(workspace=workspace, refresh_at=None, expires_at=now() + timedelta(days=3))

    for _minute in range(2):
        connections_ending.tell(now())

    events = Happening.objects.order_by("event").values_list("event", flat=True)
    assert list(events) == ["account.expired", "account.expiring"]


def test_ending_connection_is_told_to_webhooks_though_the_first_to_tell_died(
    workspace: Workspace, hook: Webhook, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Webhook.objects.update(events=["account.expired"])
    AccountFactory.create(workspace=workspace, state=Account.State.EXPIRED)

    def dies(*_told: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(webhooks, "emit", dies)
        with pytest.raises(KeyboardInterrupt):
            connections_ending.tell(now())
    connections_ending.tell(now())

    assert Happening.objects.get().event == "account.expired"


def test_old_news_and_secrets_are_forgotten(ada: User, workspace: Workspace, hook: Webhook) -> None:
    emit(workspace)
    webhooks.rotate(ada.memberships.get(), hook)

    with time_machine.travel(now() + timedelta(days=31)):
        sweep()

    hook.refresh_from_db()
    assert not Dispatch.objects.exists()
    assert (hook.old_secret, hook.old_secret_until) == (None, None)
