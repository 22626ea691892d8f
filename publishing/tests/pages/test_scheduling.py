"""Times, and what people decide."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now
from django_q.models import OrmQ

from accounts.models import Account, Workspace
from publishing import engine, scheduling
from publishing.factories import MediaFactory, PostFactory, StepFactory
from publishing.models import Delivery, Post, State, Step
from publishing.preflight import Refusal
from publishing.tests.pages.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
TOMORROW = NOON + timedelta(days=1)


def fresh(delivery: Delivery) -> Delivery:
    return Delivery.objects.get(pk=delivery.pk)


def refused(post: Post, at: object = TOMORROW) -> set[str]:
    with pytest.raises(Refusal) as caught:
        scheduling.schedule(post, at)  # type: ignore[arg-type]
    return caught.value.codes


def test_everything_open_gets_the_time(delivery: Callable[..., Delivery], terse: Account) -> None:
    first = delivery("Hello")
    second = delivery(post=first.post, account=terse, failed=True)

    scheduled = scheduling.schedule(first.post, TOMORROW)

    assert scheduled == [first, second]
    for row in (fresh(first), fresh(second)):
        assert (row.state, row.due_at, row.planned_at) == (State.SCHEDULED, TOMORROW, TOMORROW)
        assert (row.attempts_left, row.reason, row.give_up_at) == (3, "", None)
    assert Post.objects.get().scheduled_at == TOMORROW


@pytest.mark.parametrize("state", ["published", "publishing", "unknown"])
def test_what_is_out_or_on_its_way_is_never_moved(
    delivery: Callable[..., Delivery], terse: Account, state: str
) -> None:
    out = delivery("Hello", **{state: True})
    delivery(post=out.post, account=terse)
    before = Delivery.objects.filter(pk=out.pk).values().get()

    scheduling.schedule(out.post, TOMORROW)

    assert Delivery.objects.filter(pk=out.pk).values().get() == before
    assert out.post.deliveries.get(account=terse).state == State.SCHEDULED


def test_one_finding_stops_all(delivery: Callable[..., Delivery], terse: Account) -> None:
    first = delivery("Longer than twenty characters")
    second = delivery(post=first.post, account=terse)

    assert refused(first.post) == {"text_too_long"}

    assert {fresh(first).state, fresh(second).state} == {State.DRAFT}
    assert Post.objects.get().scheduled_at is None


def test_too_many_pictures_are_refused(
    workspace: Workspace, delivery: Callable[..., Delivery], terse: Account
) -> None:
    post = PostFactory.create(
        workspace=workspace, text="Hello", media=MediaFactory.create_batch(3, workspace=workspace)
    )
    delivery(post=post, account=terse)

    assert refused(post) == {"too_many_images"}


def test_an_empty_post_is_refused(delivery: Callable[..., Delivery]) -> None:
    assert refused(delivery("  \n ").post) == {"empty"}


def test_a_post_without_accounts_is_refused(workspace: Workspace) -> None:
    assert refused(PostFactory.create(workspace=workspace)) == {"no_accounts"}


def test_a_post_that_is_out_is_refused_in_other_words(delivery: Callable[..., Delivery]) -> None:
    assert refused(delivery(published=True).post) == {"nothing_open"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": Account.State.DISCONNECTED}, "account_disconnected"),
        ({"state": Account.State.EXPIRED}, "account_expired"),
    ],
)
def test_an_account_that_is_not_there_any_more_is_refused(
    delivery: Callable[..., Delivery], change: dict[str, object], code: str
) -> None:
    row = delivery()
    Account.objects.update(**change)

    assert refused(row.post) == {code}


def test_a_paused_account_is_no_obstacle(delivery: Callable[..., Delivery]) -> None:
    row = delivery()
    Account.objects.update(is_paused=True)

    scheduling.schedule(row.post, TOMORROW)

    assert fresh(row).state == State.SCHEDULED


def test_past_time_is_refused(delivery: Callable[..., Delivery]) -> None:
    row = delivery()

    assert refused(row.post, NOON - timedelta(minutes=2)) == {"past_time"}
    assert fresh(row).state == State.DRAFT


def test_a_moment_ago_means_now(delivery: Callable[..., Delivery]) -> None:
    row = delivery()

    scheduling.schedule(row.post, NOON - timedelta(seconds=30))

    assert fresh(row).due_at == NOON


def test_what_goes_out_now_rings_the_bell_and_what_waits_does_not(
    delivery: Callable[..., Delivery],
    terse: Account,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    row = delivery("Hello")

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        scheduling.schedule(row.post, TOMORROW)
    waiting = OrmQ.objects.count()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        scheduling.publish_now(row.post)

    assert waiting == 0
    assert [task.func() for task in OrmQ.objects.all()] == ["publishing.tasks.pump"]


def test_pictures_are_made_ready_in_the_background(
    workspace: Workspace,
    delivery: Callable[..., Delivery],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    post = PostFactory.create(workspace=workspace, media=[MediaFactory.create(workspace=workspace)])
    delivery(post=post)

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        scheduling.schedule(post, TOMORROW)

    assert [task.func() for task in OrmQ.objects.all()] == ["publishing.renditions.prepare"]


def test_back_to_drafts(delivery: Callable[..., Delivery], terse: Account) -> None:
    waiting = delivery(scheduled=True)
    out = delivery(post=waiting.post, account=terse, published=True)

    assert scheduling.unschedule(waiting.post) == 1

    assert (fresh(waiting).state, fresh(waiting).due_at) == (State.DRAFT, None)
    assert fresh(out).state == State.PUBLISHED


@pytest.mark.parametrize("state", ["scheduled", "failed", "missed", "unknown"])
def test_cancelling(delivery: Callable[..., Delivery], state: str) -> None:
    row = delivery(**{state: True})

    assert scheduling.cancel(row)
    assert fresh(row).state == State.CANCELLED


@pytest.mark.parametrize("state", ["published", "publishing"])
def test_too_late_to_cancel(delivery: Callable[..., Delivery], state: str) -> None:
    row = delivery(**{state: True}, lease_until=now() + timedelta(seconds=30))

    assert not scheduling.cancel(row)
    assert fresh(row).state == state


def test_what_waits_between_tries_can_be_cancelled_unless_it_may_be_there(
    delivery: Callable[..., Delivery], terse: Account
) -> None:
    waiting = delivery("Hello", publishing=True, due_at=TOMORROW)
    doubtful = delivery(post=waiting.post, account=terse, publishing=True, due_at=TOMORROW)
    StepFactory.create(delivery=doubtful, state=Step.State.SENT)

    assert scheduling.cancel(waiting)
    assert not scheduling.cancel(doubtful)


def test_whoever_was_slower_changes_nothing(delivery: Callable[..., Delivery]) -> None:
    row = delivery(scheduled=True, due_at=NOON)
    seen = fresh(row)
    engine.claim("worker", 1)

    assert not scheduling.cancel(seen)
    assert fresh(row).state == State.PUBLISHING


@pytest.mark.parametrize("state", ["failed", "missed"])
def test_retrying_is_due_at_once_and_keeps_what_is_done(
    delivery: Callable[..., Delivery], state: str
) -> None:
    row = delivery(**{state: True}, give_up_at=NOON - timedelta(hours=1), crashes=5)
    StepFactory.create(delivery=row, name="post 1 of 2", state=Step.State.DONE)

    assert scheduling.retry(row)

    after = fresh(row)
    assert (after.state, after.due_at, after.attempts_left, after.crashes) == (State.SCHEDULED, NOON, 3, 0)
    assert (after.reason, after.give_up_at) == ("", None)
    assert after.steps.get().state == Step.State.DONE


@pytest.mark.parametrize("state", ["published", "publishing", "unknown", "scheduled"])
def test_only_what_failed_is_retried(delivery: Callable[..., Delivery], state: str) -> None:
    row = delivery(**{state: True})

    assert not scheduling.retry(row)
    assert fresh(row).state == state


def test_sending_again_after_a_person_looked(delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True)
    done = StepFactory.create(delivery=row, name="post 1 of 2", state=Step.State.DONE)
    doubtful = StepFactory.create(delivery=row, name="post 2 of 2", state=Step.State.SENT)

    assert scheduling.send_again(row)

    assert (fresh(row).state, fresh(row).due_at) == (State.PUBLISHING, NOON)
    done.refresh_from_db()
    doubtful.refresh_from_db()
    assert (done.state, doubtful.state) == (Step.State.DONE, Step.State.OPEN)


def test_looking_again_keeps_the_doubt(delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True, looks=4)
    doubtful = StepFactory.create(delivery=row, state=Step.State.SENT)

    assert scheduling.look_again(row)

    doubtful.refresh_from_db()
    assert (fresh(row).state, fresh(row).looks) == (State.PUBLISHING, 0)
    assert doubtful.state == Step.State.SENT


def test_it_is_there(delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True)
    doubtful = StepFactory.create(delivery=row, state=Step.State.SENT)

    assert scheduling.confirm_published(row, "https://roomy.example/1")

    after = fresh(row)
    assert (after.state, after.permalink, after.published_at) == (
        State.PUBLISHED,
        "https://roomy.example/1",
        NOON,
    )
    doubtful.refresh_from_db()
    assert doubtful.state == Step.State.DONE


def test_it_is_there_and_nobody_knows_where(delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True)
    StepFactory.create(delivery=row, state=Step.State.SENT)

    assert scheduling.confirm_published(row)

    assert (fresh(row).state, fresh(row).remote_id) == (State.PUBLISHED, scheduling.CONFIRMED)


@pytest.mark.parametrize(
    "decide", [scheduling.send_again, scheduling.confirm_published, scheduling.look_again]
)
@pytest.mark.parametrize("state", ["published", "publishing", "failed", "scheduled"])
def test_only_what_is_unclear_is_decided(
    delivery: Callable[..., Delivery], decide: Callable[[Delivery], bool], state: str
) -> None:
    row = delivery(**{state: True})
    step = StepFactory.create(delivery=row, state=Step.State.SENT)

    assert not decide(row)
    step.refresh_from_db()
    assert (fresh(row).state, step.state) == (state, Step.State.SENT)


def test_the_engine_takes_what_was_scheduled(
    delivery: Callable[..., Delivery], clock: time_machine.Traveller
) -> None:
    row = delivery()
    scheduling.schedule(row.post, TOMORROW)
    early = engine.claim("worker", 1)

    clock.move_to(TOMORROW)

    assert early == []
    assert engine.claim("worker", 1) == [row]


def test_of_an_unfinished_thread_the_address_is_needed(delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True)
    StepFactory.create(
        delivery=row, name="text", kind=Step.Kind.REPEAT, state=Step.State.DONE, result=["1/2", "2/2"]
    )
    StepFactory.create(delivery=row, name="post 1 of 2", state=Step.State.SENT)

    with pytest.raises(Refusal) as caught:
        scheduling.confirm_published(row)

    assert caught.value.codes == {"address_needed"}
    assert fresh(row).state == State.UNKNOWN
