"""A post's page, and what people press there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory
from accounts.models import Account, User, Workspace
from publishing.engine_rows import Switch
from publishing.factories import AttemptFactory, MediaFactory, PostFactory, StepFactory
from publishing.models import Attempt, Delivery, Post, State, Step

pytestmark = pytest.mark.django_db


def url_of(delivery: Delivery, page: str = "") -> str:
    return f"/posts/{delivery.post_id}/{page}"


def press(browser: Client, delivery: Delivery, button: str, **fields: str) -> str:
    return browser.post(f"/deliveries/{delivery.pk}/{button}/", fields, follow=True).text


def state_of(delivery: Delivery) -> str:
    return Delivery.objects.get(pk=delivery.pk).state


def test_the_page_tells_each_delivery_s_story(
    ada_browser: Client, delivery: Callable[..., Delivery], terse: Account
) -> None:
    failed = delivery("Good morning", failed=True)
    StepFactory.create(delivery=failed, name="picture 1", state=Step.State.DONE, done_at=now())
    AttemptFactory.create(
        delivery=failed,
        number=1,
        outcome=Attempt.Outcome.REFUSED,
        message="No <b>such</b> words",
        detail='{"error": "no"}',
        http_status=422,
        finished_at=now(),
    )
    delivery(post=failed.post, account=terse, published=True, permalink="https://terse.example/1")

    page = ada_browser.get(url_of(failed)).text

    assert "Picture 1" in page
    assert "The network refused the text." in page
    assert "Change the text or the options" in page
    assert "No &lt;b&gt;such" in page
    assert "HTTP 422" in page
    assert "&quot;error&quot;" in page
    assert 'href="https://terse.example/1"' in page


def test_a_page_that_may_change_looks_again_and_a_settled_one_does_not(
    ada_browser: Client, delivery: Callable[..., Delivery]
) -> None:
    live = ada_browser.get(url_of(delivery(publishing=True))).text
    soon = ada_browser.get(url_of(delivery(scheduled=True, due_at=now() + timedelta(seconds=30)))).text
    later = ada_browser.get(url_of(delivery(scheduled=True, due_at=now() + timedelta(days=3)))).text
    settled = ada_browser.get(url_of(delivery(published=True))).text

    assert 'hx-trigger="every 2s"' in live
    assert 'hx-trigger="every 2s"' in soon
    assert 'hx-trigger="every 30s"' in later
    assert 'hx-trigger="every' not in settled


def test_a_look_without_news_changes_nothing_in_the_page(
    ada_browser: Client, delivery: Callable[..., Delivery]
) -> None:
    row = delivery(publishing=True)
    page = ada_browser.get(url_of(row)).text
    seen = page.partition("?seen=")[2].partition('"')[0]

    quiet = ada_browser.get(url_of(row, "timeline/"), {"seen": seen})
    StepFactory.create(delivery=row, name="post 1 of 3", state=Step.State.SENT)
    news = ada_browser.get(url_of(row, "timeline/"), {"seen": seen})

    assert quiet.status_code == 204
    assert "Post 1 of 3" in news.text
    assert "<html" not in news.text


def test_retrying(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(failed=True)

    page = press(ada_browser, row, "retry")

    assert "Trying again." in page
    assert state_of(row) == State.SCHEDULED


def test_a_second_press_says_that_it_was_too_late(
    ada_browser: Client, delivery: Callable[..., Delivery]
) -> None:
    row = delivery(failed=True)
    press(ada_browser, row, "retry")

    assert "Too late" in press(ada_browser, row, "retry")


def test_cancelling(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(scheduled=True)

    press(ada_browser, row, "cancel")

    assert state_of(row) == State.CANCELLED


def test_an_unclear_one_offers_both_answers(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True)
    StepFactory.create(delivery=row, state=Step.State.SENT)

    page = ada_browser.get(url_of(row)).text

    assert "It is there" in page
    assert "send it again" in page
    assert "Retry" not in page


def test_it_is_there(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True)
    StepFactory.create(delivery=row, state=Step.State.SENT)

    page = press(ada_browser, row, "confirm", permalink="https://roomy.example/7")

    assert state_of(row) == State.PUBLISHED
    assert "https://roomy.example/7" in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "not an address", "ftp://x.example/1"])
def test_an_address_that_is_none_is_refused(
    ada_browser: Client, delivery: Callable[..., Delivery], address: str
) -> None:
    row = delivery(unknown=True)
    StepFactory.create(delivery=row, state=Step.State.SENT)

    page = press(ada_browser, row, "confirm", permalink=address)

    assert "That is not an address." in page
    assert state_of(row) == State.UNKNOWN


def test_send_it_again(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True)
    step = StepFactory.create(delivery=row, state=Step.State.SENT)

    press(ada_browser, row, "send-again")

    step.refresh_from_db()
    assert (state_of(row), step.state) == (State.PUBLISHING, Step.State.OPEN)


def test_look_once_more(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(unknown=True)

    press(ada_browser, row, "look-again")

    assert state_of(row) == State.PUBLISHING


def test_the_way_back_never_leads_to_another_host(
    ada_browser: Client, delivery: Callable[..., Delivery]
) -> None:
    row = delivery(failed=True)

    response = ada_browser.post(f"/deliveries/{row.pk}/retry/", {"next": "https://evil.example/"})

    assert response.headers["Location"] == f"/posts/{row.post_id}/"


@pytest.mark.parametrize("button", ["retry", "cancel", "confirm", "send-again", "look-again"])
def test_others_press_nothing(
    stranger: Client, onlooker: Client, delivery: Callable[..., Delivery], button: str
) -> None:
    row = delivery(unknown=True)
    url = f"/deliveries/{row.pk}/{button}/"

    assert stranger.post(url).status_code == 404
    assert onlooker.post(url).status_code == 403
    assert onlooker.get(url).status_code == 405
    assert state_of(row) == State.UNKNOWN


def test_an_onlooker_sees_the_story_and_no_buttons(
    onlooker: Client, delivery: Callable[..., Delivery]
) -> None:
    page = onlooker.get(url_of(delivery(failed=True))).text

    assert "The network refused the text." in page
    assert "/retry/" not in page
    assert "/edit/" not in page


@pytest.mark.parametrize("page", ["", "timeline/"])
def test_a_stranger_finds_no_post(stranger: Client, delivery: Callable[..., Delivery], page: str) -> None:
    assert stranger.get(url_of(delivery(), page)).status_code == 404
    assert stranger.get("/posts/99999999/").status_code == 404


def test_publishing_from_the_page(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery()

    page = ada_browser.post(url_of(row, "publish/"), follow=True).text

    assert "1 post is going out." in page
    assert state_of(row) == State.SCHEDULED


def test_publishing_says_what_it_waits_for(
    ada_browser: Client, delivery: Callable[..., Delivery], workspace: Workspace, ada: User
) -> None:
    row, other = delivery(), delivery()
    Workspace.objects.filter(pk=workspace.pk).update(is_paused=True)

    paused = ada_browser.post(url_of(row, "publish/"), follow=True).text
    Switch.stop(ada)
    stopped = ada_browser.post(url_of(other, "publish/"), follow=True).text

    assert "Bakery is paused: 1 post waits." in paused
    assert "The desk is stopped: 1 post waits." in stopped


def test_what_cannot_go_out_is_said_on_the_page(
    ada_browser: Client, delivery: Callable[..., Delivery], terse: Account
) -> None:
    row = delivery("Longer than twenty characters", account=terse)

    response = ada_browser.post(url_of(row, "publish/"))

    assert response.status_code == 422
    assert "9 characters too long" in response.text
    assert state_of(row) == State.DRAFT


def test_back_to_drafts_and_cancelling_all(
    ada_browser: Client, delivery: Callable[..., Delivery], terse: Account
) -> None:
    first, second = delivery(scheduled=True), delivery(scheduled=True)
    failed = delivery(post=second.post, account=terse, failed=True)

    ada_browser.post(url_of(first, "unschedule/"))
    ada_browser.post(url_of(second, "cancel/"))

    assert (state_of(first), state_of(second), state_of(failed)) == (
        State.DRAFT,
        State.CANCELLED,
        State.CANCELLED,
    )


def test_a_copy_opens_in_the_composer(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(published=True)

    response = ada_browser.post(url_of(row, "duplicate/"))

    copy = Post.objects.exclude(pk=row.post_id).get()
    assert response.headers["Location"] == f"/posts/{copy.pk}/edit/"


def test_deleting_asks_first(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery()

    asked = ada_browser.get(url_of(row, "delete/"))
    still_there = Post.objects.exists()
    ada_browser.post(url_of(row, "delete/"))

    assert "Delete this post?" in asked.text
    assert still_there
    assert not Post.objects.exists()


def test_what_is_out_stays(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(published=True)

    response = ada_browser.post(url_of(row, "delete/"))

    assert response.status_code == 422
    assert "stays as history" in response.text
    assert Post.objects.exists()


@pytest.mark.parametrize("page", ["publish/", "unschedule/", "cancel/", "duplicate/", "delete/"])
def test_others_change_nothing(
    stranger: Client, onlooker: Client, delivery: Callable[..., Delivery], page: str
) -> None:
    row = delivery(scheduled=True)

    assert stranger.post(url_of(row, page)).status_code == 404
    assert onlooker.post(url_of(row, page)).status_code == 403
    assert state_of(row) == State.SCHEDULED


@pytest.mark.parametrize("count", [1, 20])
def test_the_page_costs_the_same_however_many_accounts(
    ada_browser: Client,
    workspace: Workspace,
    delivery: Callable[..., Delivery],
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    post = PostFactory.create(workspace=workspace, media=[MediaFactory.create(workspace=workspace)])
    for account in AccountFactory.create_batch(count, workspace=workspace, platform_name="roomy"):
        row = delivery(post=post, account=account, unknown=True)
        StepFactory.create(delivery=row, state=Step.State.SENT)
        AttemptFactory.create(delivery=row, number=1)
    ada_browser.get(f"/posts/{post.pk}/")

    with django_assert_num_queries(10):
        ada_browser.get(f"/posts/{post.pk}/")


# --- one part alone ---


def test_what_is_short_of_a_comment_offers_the_rest(
    ada_browser: Client, delivery: Callable[..., Delivery]
) -> None:
    row = delivery(published=True, reason_code="refused", reason="Comments are switched off.")

    page = ada_browser.get(row.post.get_absolute_url()).text
    ada_browser.post(f"/deliveries/{row.pk}/continue/")

    assert "Try the rest again" in page
    row.refresh_from_db()
    assert (row.state, row.reason, row.attempts_left) == (State.PUBLISHING, "", 3)


def test_what_is_whole_has_no_rest(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(published=True)

    page = ada_browser.get(row.post.get_absolute_url()).text
    answer = ada_browser.post(f"/deliveries/{row.pk}/continue/", follow=True).text

    assert "Try the rest again" not in page
    assert "Too late" in answer
    row.refresh_from_db()
    assert row.state == State.PUBLISHED


def broken_thread(row: Delivery, doubtful: bool = False) -> Delivery:
    """Two of four parts stand, and perhaps a third."""
    StepFactory.create(
        delivery=row, name="text", kind=Step.Kind.REPEAT, state=Step.State.DONE, result=["a", "b", "c", "d"]
    )
    for n in (1, 2):
        StepFactory.create(delivery=row, name=f"post {n}", state=Step.State.DONE, result=n)
    StepFactory.create(delivery=row, name="post 3", state=Step.State.SENT if doubtful else Step.State.OPEN)
    return row


def test_a_broken_thread_says_with_which_part_it_goes_on(
    ada_browser: Client, delivery: Callable[..., Delivery]
) -> None:
    row = broken_thread(delivery(failed=True))

    assert "Continue with part 3 of 4" in ada_browser.get(row.post.get_absolute_url()).text


def test_an_unclear_thread_goes_on_behind_the_part_in_doubt(
    ada_browser: Client, delivery: Callable[..., Delivery]
) -> None:
    row = broken_thread(delivery(unknown=True), doubtful=True)

    assert "It is there: go on with part 4 of 4" in ada_browser.get(row.post.get_absolute_url()).text


def test_a_single_post_speaks_of_no_parts(ada_browser: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(failed=True)
    StepFactory.create(delivery=row, name="text", kind=Step.Kind.REPEAT, state=Step.State.DONE, result=["a"])
    StepFactory.create(delivery=row, name="post 1", state=Step.State.OPEN)

    page = ada_browser.get(row.post.get_absolute_url()).text

    assert "Retry" in page
    assert "Continue with part" not in page
