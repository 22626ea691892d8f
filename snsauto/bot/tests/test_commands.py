"""Each command: what it says and does, and to whom it is refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory, MembershipFactory
from accounts.models import Account, NoticePreference, User, Workspace
from accounts.permissions import Permission
from platforms.chatting import Utterance
from publishing.factories import CampaignFactory, DeliveryFactory, PostFactory
from publishing.models import Delivery, Post, State
from snsauto.bot.commands import COMMANDS, pressed
from snsauto.bot.tests.conftest import talk_of

pytestmark = pytest.mark.django_db
Ask = Callable[..., Utterance]
WRITING = sorted(name for name, one in COMMANDS.items() if one.permission != Permission.VIEW)
PROMISED = {
    *(
        "start",
        "help",
        "link",
        "unlink",
        "status",
        "accounts",
        "queue",
        "today",
        "week",
        "stats",
        "top",
        "best",
    ),
    *("campaigns", "inbox", "reply", "draft", "schedule", "retry", "pause", "resume", "mute", "report"),
}


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, handle="harbour")


def planned(workspace: Workspace, account: Account, text: str, **fields: object) -> Delivery:
    at = fields.pop("at", now() + timedelta(hours=1))
    post = PostFactory.create(workspace=workspace, text=text, scheduled_at=at)
    return DeliveryFactory.create(
        post=post, account=account, **{"state": State.SCHEDULED, "due_at": at, **fields}
    )


# --- who may ---


@pytest.mark.parametrize("name", WRITING)
def test_who_only_looks_on_changes_nothing(name: str, ask: Ask, vic: User, workspace: Workspace) -> None:
    said = ask(vic, f"/{name} 1 now").html

    assert said == "Your role in Bakery does not allow that."
    assert not Post.objects.exists()


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_who_writes_may_not_stop_the_workspace(name: str, ask: Ask, ben: User, workspace: Workspace) -> None:
    assert ask(ben, f"/{name}").html == "Your role in Bakery does not allow that."


@pytest.mark.parametrize("name", sorted(name for name in COMMANDS if name not in WRITING))
def test_who_looks_on_may_look(name: str, ask: Ask, vic: User) -> None:
    assert "does not allow" not in ask(vic, f"/{name}").html


def test_help_lists_what_the_role_allows(ask: Ask, ada: User, vic: User) -> None:
    owners, viewers = ask(ada, "/help").html, ask(vic, "/help").html

    assert all(f"/{name} " in owners for name in COMMANDS)
    assert "/pause " not in viewers
    assert "/queue " in viewers


def test_an_unknown_command_is_named_and_escaped(ask: Ask, ada: User) -> None:
    assert ask(ada, "/da<b>nce").html == "I do not know /da&lt;b&gt;nce. /help lists what I can do."


def test_a_command_may_carry_the_bots_name(ask: Ask, ada: User) -> None:
    assert ask(ada, "/Today@sns_auto_desk_bot").html == ask(ada, "/today").html


# --- how things stand ---


def test_status_says_what_needs_somebody(ask: Ask, vic: User, workspace: Workspace, account: Account) -> None:
    AccountFactory.create(workspace=workspace, handle="old", state=Account.State.EXPIRED)
    DeliveryFactory.create(post__workspace=workspace, account=account, failed=True)
    Workspace.objects.update(is_paused=True)

    said = ask(vic, "/status").html

    assert "Paused: nothing goes out." in said
    assert "1 account is connected." in said
    assert "To be connected again: old" in said
    assert "❌ 1 failed" in said


def test_accounts_are_told_with_their_trouble(ask: Ask, vic: User, workspace: Workspace) -> None:
    AccountFactory.create(workspace=workspace, handle="fine")
    AccountFactory.create(
        workspace=workspace, handle="old", state=Account.State.EXPIRED, trouble="It has <ended>."
    )
    AccountFactory.create(handle="of-strangers")

    said = ask(vic, "/accounts").html

    assert "✅ fine" in said
    assert "– It has &lt;ended&gt;." in said
    assert "of-strangers" not in said


@pytest.mark.parametrize(
    ("name", "seen"),
    [("queue", ["soon", "later", "far"]), ("today", ["soon"]), ("week", ["soon", "later"])],
)
def test_what_goes_out_is_told_in_its_order(
    name: str, seen: list[str], ask: Ask, vic: User, workspace: Workspace, account: Account
) -> None:
    Workspace.objects.update(timezone="UTC")
    noon = now().replace(hour=23, minute=59)
    for text, days in (("far", 20), ("later", 3), ("soon", 0)):
        planned(workspace, account, text, at=noon + timedelta(days=days))
    planned(MembershipFactory.create().workspace, AccountFactory.create(), "of strangers", at=noon)

    said = ask(vic, f"/{name}").html

    assert [word for word in ("soon", "later", "far") if word in said] == seen
    assert [said.index(word) for word in seen] == sorted(said.index(word) for word in seen)
    assert "of strangers" not in said


def test_a_long_list_has_pages(ask: Ask, vic: User, workspace: Workspace, account: Account) -> None:
    for n in range(10):
        planned(workspace, account, f"loaf {n}.", at=now() + timedelta(hours=n + 1))

    first = ask(vic, "/queue")
    second = pressed(talk_of(vic, first.buttons[0][0].press)).message

    assert first.buttons[0][0].label == "2 more ›"
    assert second is not None
    assert "loaf 9." in second.html
    assert "loaf 0." not in second.html
    assert [button.label for button in second.buttons[0]] == ["‹ Back"]


@pytest.mark.parametrize("count", [1, 12])
def test_a_list_costs_the_same_however_long(
    ask: Ask, vic: User, workspace: Workspace, account: Account,
    django_assert_num_queries: DjangoAssertNumQueries, count: int,
) -> None:  # fmt: skip
    for _ in range(count):
        planned(workspace, account, "loaf")
    talk = talk_of(vic, "/queue")

    with django_assert_num_queries(2):
        COMMANDS["queue"].run(talk)


def test_campaigns_are_told_with_their_posts(
    ask: Ask, vic: User, workspace: Workspace, account: Account
) -> None:
    campaign = CampaignFactory.create(workspace=workspace, name="Advent & more")
    for state in ({"published": True}, {"scheduled": True}, {"scheduled": True}):
        post = PostFactory.create(workspace=workspace, campaign=campaign)
        DeliveryFactory.create(post=post, account=account, **state)

    assert "Advent &amp; more · … – … · 1 out, 2 planned" in ask(vic, "/campaigns").html


# --- writing and planning ---


def test_a_draft_is_for_all_accounts_and_written_once(ask: Ask, ben: User, account: Account) -> None:
    for _ in range(2):  # handled again after a crash
        said = ask(ben, "/draft Fresh bread\nfrom <six>", number=7).html

    post = Post.objects.get()
    assert (post.text, post.author) == ("Fresh bread\nfrom <six>", ben)
    assert [row.state for row in post.deliveries.all()] == [State.DRAFT]
    assert f"Draft {post.pk} for 1 account." in said
    assert "from &lt;six&gt;" in said


def test_a_draft_without_words_is_explained(ask: Ask, ben: User) -> None:
    assert ask(ben, "/draft").html.startswith("Write the text behind it")
    assert not Post.objects.exists()


def test_a_draft_that_cannot_go_out_says_why(ask: Ask, ben: User, workspace: Workspace) -> None:
    AccountFactory.create(workspace=workspace, handle="harbour", platform_name="instagram")

    said = ask(ben, "/draft Words without a picture").html

    assert "To be mended before it can go out:" in said
    assert "• harbour" in said


def test_a_post_gets_its_time_in_the_workspaces_zone(
    ask: Ask, ben: User, workspace: Workspace, account: Account
) -> None:
    delivery = DeliveryFactory.create(post__workspace=workspace, account=account)

    said = ask(ben, f"/schedule {delivery.post_id} tomorrow 9:30").html

    delivery.refresh_from_db()
    local = delivery.due_at.astimezone(workspace.zone)
    assert (delivery.state, f"{local:%H:%M}") == (State.SCHEDULED, "09:30")
    assert (local.date() - now().astimezone(workspace.zone).date()).days == 1
    assert "09:30 (Europe/Berlin), in " in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("{pk}", "Say a day and a time"),
        ("{pk} whenever", "Say a day and a time"),
        ("{pk} 2020-01-01 9:00", "This time is in the past"),
        ("", "Say which post, and when"),
        ("999999 tomorrow 9:00", "Say which post, and when"),
        ("{strange} tomorrow 9:00", "Say which post, and when"),
    ],
)
def test_a_wrong_time_or_post_is_said_and_changes_nothing(
    words: str, said: str, ask: Ask, ben: User, workspace: Workspace, account: Account
) -> None:
    delivery = DeliveryFactory.create(post__workspace=workspace, account=account)
    strange = DeliveryFactory.create()

    answer = ask(ben, f"/schedule {words.format(pk=delivery.post_id, strange=strange.post_id)}").html

    assert said in answer
    assert not Delivery.objects.exclude(state=State.DRAFT).exists()


def test_what_cannot_go_out_is_refused_with_the_reason(ask: Ask, ben: User, workspace: Workspace) -> None:
    account = AccountFactory.create(workspace=workspace, handle="old", state=Account.State.EXPIRED)
    delivery = DeliveryFactory.create(post__workspace=workspace, account=account)

    said = ask(ben, f"/schedule {delivery.post_id} tomorrow 9:00").html

    assert "The account must be connected again first." in said


# --- mending ---


def failing(workspace: Workspace, account: Account, **state: object) -> Delivery:
    return DeliveryFactory.create(
        post__workspace=workspace, account=account, fence=3, **(state or {"failed": True})
    )


def test_retry_lists_what_failed_with_a_button_each(
    ask: Ask, ben: User, workspace: Workspace, account: Account
) -> None:
    delivery = failing(workspace, account)
    failing(MembershipFactory.create().workspace, AccountFactory.create())

    said = ask(ben, "/retry")

    assert len(said.buttons) == 1
    assert said.buttons[0][0].press == f"retry:{delivery.pk}:3"
    assert "The network refused the text." in said.html


def test_retry_of_a_post_sends_what_failed_of_it(
    ask: Ask, ben: User, workspace: Workspace, account: Account
) -> None:
    delivery = failing(workspace, account)

    first, second = (ask(ben, f"/retry {delivery.post_id}").html for _ in range(2))

    assert (first, second) == ("Trying 1 post again.", "Nothing of this post has failed.")
    assert Delivery.objects.get().state == State.SCHEDULED


@pytest.mark.parametrize(
    ("name", "state", "after"),
    [
        ("retry", {"failed": True}, State.SCHEDULED),
        ("retry", {"missed": True}, State.SCHEDULED),
        ("there", {"unknown": True}, State.PUBLISHED),
        ("again", {"unknown": True}, State.PUBLISHING),
    ],
)
def test_a_button_decides_once(
    name: str, state: dict[str, bool], after: State, ben: User, workspace: Workspace, account: Account
) -> None:
    delivery = failing(workspace, account, **state)
    talk = talk_of(ben, f"{name}:{delivery.pk}:3")

    first, second = pressed(talk), pressed(talk)

    assert Delivery.objects.get().state == after
    assert first.message is not None
    assert "(Ben)" in first.message.html
    assert second.said == "Too late: its state has changed meanwhile."


@pytest.mark.parametrize("name", ["retry", "there", "again"])
def test_a_button_of_an_earlier_try_does_nothing(
    name: str, ben: User, workspace: Workspace, account: Account
) -> None:
    delivery = failing(workspace, account, unknown=True)
    Delivery.objects.update(fence=4)

    said = pressed(talk_of(ben, f"{name}:{delivery.pk}:3")).said

    assert said == "Too late: its state has changed meanwhile."
    assert Delivery.objects.get().state == State.UNKNOWN


@pytest.mark.parametrize(
    "data", ["retry:{pk}:3", "there:{pk}:3", "again:{pk}:3", "retry", "retry:x:y", "page:x:y"]
)
def test_a_button_is_worth_nothing_to_strangers_and_lookers(
    data: str, vic: User, cho: User, workspace: Workspace, account: Account
) -> None:
    delivery = failing(workspace, account)

    for user in (vic, cho):
        pressed(talk_of(user, data.format(pk=delivery.pk)))

    assert Delivery.objects.get().state == State.FAILED


# --- stopping, muting, moving ---


def test_pause_and_resume_stop_and_start_the_workspace(ask: Ask, ada: User, workspace: Workspace) -> None:
    stopped = [ask(ada, "/pause").html, Workspace.objects.get(pk=workspace.pk).is_paused]
    started = [ask(ada, "/resume").html, Workspace.objects.get(pk=workspace.pk).is_paused]

    assert stopped == ["Bakery is paused: nothing goes out. /resume lets it go on.", True]
    assert started == ["Bakery goes on.", False]


def test_mute_keeps_quiet_and_off_ends_it(ask: Ask, ada: User) -> None:
    ask(ada, "/mute 2h")
    until = NoticePreference.objects.get(user=ada).muted_until
    ended = ask(ada, "/mute off").html

    assert until is not None
    assert abs(until - now() - timedelta(hours=2)) < timedelta(minutes=1)
    assert NoticePreference.objects.get(user=ada).muted_until is None
    assert ended.startswith("You are told of everything")


@pytest.mark.parametrize("words", ["some time", "90 days", "2020-01-01 9:00"])
def test_a_mute_that_makes_no_sense_is_refused(words: str, ask: Ask, ada: User) -> None:
    said = ask(ada, f"/mute {words}").html

    assert said.startswith("Say a")
    assert not NoticePreference.objects.exclude(muted_until=None).exists()


def test_one_talks_about_another_workspace_of_ones_own(ask: Ask, ada: User) -> None:
    aviary = MembershipFactory.create(user=ada, workspace__name="Aviary").workspace
    MembershipFactory.create(workspace__name="Abbey")

    said = [ask(ada, "/workspace bak").html, ask(ada, "/workspace av").html, ask(ada, "/workspace ab").html]

    assert said[:2] == ["We talk about Bakery now.", "We talk about Aviary now."]
    assert said[2].startswith("You are in no workspace")
    assert User.objects.get(pk=ada.pk).current_workspace == aviary


def test_a_button_leads_only_to_ones_own_workspaces(ada: User) -> None:
    strange = MembershipFactory.create().workspace

    assert pressed(talk_of(ada, f"workspace:{strange.pk}")).said == "You are not a member there."
