"""Writing a post down."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from accounts.factories import AccountFactory
from accounts.models import Account, Membership, User, Workspace
from publishing.drafts import draft_for
from publishing.factories import (
    AttemptFactory,
    CampaignFactory,
    MediaFactory,
    PostFactory,
    StepFactory,
)
from publishing.models import Delivery, Media, Post, State, Step
from publishing.preflight import Refusal
from publishing.writing import PostInput, Target, delete_post, duplicate, save_post

pytestmark = pytest.mark.django_db


def fresh(delivery: Delivery) -> Delivery:
    return Delivery.objects.get(pk=delivery.pk)


def test_a_post_is_written_down_with_all_that_belongs_to_it(
    member: Membership, workspace: Workspace, roomy: Account, terse: Account
) -> None:
    pictures = MediaFactory.create_batch(2, workspace=workspace)
    campaign = CampaignFactory.create(workspace=workspace)
    content = PostInput(
        text="Good morning",
        targets=[Target(roomy), Target(terse, "Morning", {"audience": "friends"})],
        media=[pictures[1], pictures[0]],
        timezone="Asia/Seoul",
        campaign=campaign,
        scheduled_at=now() + timedelta(days=1),
    )

    post = save_post(member, content)

    stored = Post.objects.get()
    assert stored == post
    assert (stored.text, stored.timezone, stored.campaign, stored.author) == (
        "Good morning",
        "Asia/Seoul",
        campaign,
        member.user,
    )
    assert stored.scheduled_at == content.scheduled_at
    assert stored.pictures == [pictures[1], pictures[0]]
    assert [(row.account, row.text, row.options, row.state) for row in stored.deliveries.order_by("pk")] == [
        (roomy, None, {}, State.DRAFT),
        (terse, "Morning", {"audience": "friends"}, State.DRAFT),
    ]


def test_the_same_key_again_is_the_same_post(member: Membership, roomy: Account) -> None:
    key = uuid.uuid4()
    first = save_post(member, PostInput(text="One", targets=[Target(roomy)], key=key))

    again = save_post(member, PostInput(text="Two", targets=[Target(roomy)], key=key))

    assert again == first
    assert Post.objects.get().text == "Two"
    assert Delivery.objects.count() == 1


def test_a_key_of_another_workspace_is_refused(member: Membership, cho: User) -> None:
    key = uuid.uuid4()
    save_post(cho.memberships.get(), PostInput(text="Mine", key=key))

    with pytest.raises(PermissionDenied):
        save_post(member, PostInput(text="Taken", key=key))

    assert Post.objects.get().text == "Mine"


@pytest.mark.parametrize("what", ["account", "media", "campaign"])
def test_nothing_of_another_workspace_is_used(member: Membership, what: str) -> None:
    content = {
        "account": lambda: PostInput(text="x", targets=[Target(AccountFactory.create())]),
        "media": lambda: PostInput(text="x", media=[MediaFactory.create()]),
        "campaign": lambda: PostInput(text="x", campaign=CampaignFactory.create()),
    }[what]()

    with pytest.raises(PermissionDenied):
        save_post(member, content)

    assert not Post.objects.exists()


@pytest.mark.parametrize("state", ["publishing", "published", "unknown"])
def test_what_is_out_keeps_what_it_was_sent_with(
    member: Membership,
    workspace: Workspace,
    delivery: Callable[..., Delivery],
    terse: Account,
    state: str,
) -> None:
    old, new = MediaFactory.create_batch(2, workspace=workspace)
    post = PostFactory.create(workspace=workspace, text="Good morning", media=[old])
    out = delivery(post=post, **{state: True})
    before = draft_for(out)

    save_post(member, PostInput(text="Good night", targets=[Target(terse)], media=[new]), post)

    assert fresh(out).state == state
    assert fresh(out).account == out.account
    after = draft_for(fresh(out))
    assert [part.text for part in after.parts] == ["Good morning"]
    assert [media.name for media in after.parts[0].media] == [media.name for media in before.parts[0].media]
    assert draft_for(fresh(post.deliveries.get(account=terse))).parts[0].text == "Good night"


def test_what_is_partly_out_is_not_changed(member: Membership, delivery: Callable[..., Delivery]) -> None:
    failed = delivery("One. " * 12, failed=True)
    StepFactory.create(delivery=failed, name="post 1 of 2", state=Step.State.DONE)

    save_post(member, PostInput(text="Other", targets=[Target(failed.account, "Other")]), failed.post)

    assert fresh(failed).effective_text == "One. " * 12
    assert fresh(failed).steps.count() == 1


def test_new_content_starts_afresh_and_old_content_goes_on(
    member: Membership, delivery: Callable[..., Delivery]
) -> None:
    failed = delivery("Old", failed=True, started_at=now())
    StepFactory.create(delivery=failed, name="picture 1", kind=Step.Kind.REPEAT, state=Step.State.DONE)
    target = Target(failed.account)

    save_post(member, PostInput(text="Old", targets=[target]), failed.post)
    kept = fresh(failed).steps.count()
    save_post(member, PostInput(text="New", targets=[target]), failed.post)

    assert kept == 1
    assert fresh(failed).steps.count() == 0
    assert fresh(failed).started_at is None


def test_an_account_left_out_is_gone_or_stays_as_history(
    member: Membership, delivery: Callable[..., Delivery], terse: Account
) -> None:
    tried = delivery(failed=True)
    AttemptFactory.create(delivery=tried)
    delivery(post=tried.post, account=terse)

    save_post(member, PostInput(text="Good morning"), tried.post)

    assert Delivery.objects.get().state == State.CANCELLED


def test_a_cancelled_account_that_is_chosen_again_is_a_draft(
    member: Membership, delivery: Callable[..., Delivery]
) -> None:
    row = delivery(state=State.CANCELLED)

    save_post(member, PostInput(text="Good morning", targets=[Target(row.account)]), row.post)

    assert fresh(row).state == State.DRAFT


def test_a_change_that_scheduled_posts_could_not_bear_is_refused_whole(
    member: Membership, delivery: Callable[..., Delivery], terse: Account
) -> None:
    row = delivery("Short", account=terse, scheduled=True)
    content = PostInput(text="Much longer than twenty characters", targets=[Target(terse)])

    with pytest.raises(Refusal, match="14 characters too long"):
        save_post(member, content, row.post)

    assert Post.objects.get().text == "Short"


def test_a_scheduled_post_keeps_its_time_when_its_text_changes(
    member: Membership, delivery: Callable[..., Delivery]
) -> None:
    row = delivery(scheduled=True)
    Post.objects.filter(pk=row.post_id).update(scheduled_at=row.due_at)

    save_post(member, PostInput(text="Other", targets=[Target(row.account)]), row.post)

    assert (fresh(row).state, fresh(row).due_at) == (State.SCHEDULED, row.due_at)
    assert Post.objects.get().scheduled_at == row.due_at


def test_a_copy_is_a_draft_for_the_accounts_that_are_left(
    member: Membership, workspace: Workspace, delivery: Callable[..., Delivery], terse: Account
) -> None:
    media = MediaFactory.create(workspace=workspace)
    post = PostFactory.create(workspace=workspace, text="Again", media=[media])
    delivery(post=post, published=True)
    delivery(post=post, account=terse, text=None, options={"quiet": True})
    gone = AccountFactory.create(workspace=workspace, platform_name="roomy", state=Account.State.DISCONNECTED)
    delivery(post=post, account=gone)

    copy = duplicate(member, post)

    assert copy.pk != post.pk
    assert copy.pictures == [media]
    assert {(row.account_id, row.state) for row in copy.deliveries.all()} == {
        (post.deliveries.first().account_id, State.DRAFT),
        (terse.pk, State.DRAFT),
    }
    assert copy.deliveries.get(account=terse).options == {"quiet": True}


def test_a_post_is_deleted_and_its_pictures_stay(
    workspace: Workspace, delivery: Callable[..., Delivery]
) -> None:
    post = PostFactory.create(workspace=workspace, media=[MediaFactory.create(workspace=workspace)])
    delivery(post=post, scheduled=True)

    delete_post(post)

    assert not Post.objects.exists()
    assert Media.objects.exists()


@pytest.mark.parametrize("state", ["published", "publishing", "unknown"])
def test_what_is_out_is_not_deleted(delivery: Callable[..., Delivery], state: str) -> None:
    row = delivery(**{state: True})

    with pytest.raises(Refusal) as caught:
        delete_post(row.post)

    assert caught.value.codes == {"post_is_out"}
    assert Post.objects.exists()
