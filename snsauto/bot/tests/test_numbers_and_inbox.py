"""Numbers, reports and the inbox in the chat."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now
from django_q.models import OrmQ

from accounts.factories import AccountFactory
from accounts.models import Account, ChatMessage, User, Workspace
from analytics.models import AccountDay, Latest
from analytics.report_models import Report
from inbox.factories import ConversationFactory
from inbox.models import Conversation, Reply
from platforms.chatting import Utterance
from publishing.factories import DeliveryFactory
from snsauto.bot import inbox
from snsauto.bot.commands import COMMANDS
from snsauto.bot.tests.conftest import talk_of
from snsauto.bot.tests.test_commands import PROMISED

pytestmark = pytest.mark.django_db
Ask = Callable[..., Utterance]


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, handle="harbour", platform_name="mastodon")


def test_every_command_that_was_promised_is_there() -> None:
    assert set(COMMANDS) >= PROMISED


# --- numbers ---


def test_stats_tell_the_days_and_how_they_changed(
    ask: Ask, vic: User, workspace: Workspace, account: Account
) -> None:
    yesterday = now().astimezone(workspace.zone).date() - timedelta(days=1)
    for days, views in ((0, 1200), (7, 1000)):
        day = yesterday - timedelta(days=days)
        AccountDay.objects.create(account=account, day=day, posts=1, followers=50, views=views)
    AccountDay.objects.create(account=AccountFactory.create(), day=yesterday, posts=1, views=9_000)

    said = ask(vic, "/stats 7").html

    assert "The last 7 days" in said
    assert "Views: 1,200 (+20%)" in said
    assert "Likes" not in said


@pytest.mark.parametrize("name", ["stats", "top", "report"])
@pytest.mark.parametrize("words", ["0", "400", "some", "-7"])
def test_a_range_that_makes_no_sense_is_said(name: str, words: str, ask: Ask, ben: User) -> None:
    assert ask(ben, f"/{name} {words}").html.startswith("Say for how many days")


def test_without_numbers_that_is_said(ask: Ask, vic: User) -> None:
    assert "have told no numbers" in ask(vic, "/stats").html
    assert "No numbers of these days yet." in ask(vic, "/top week").html
    assert "too few posts" in ask(vic, "/best").html


def out(account: Account, text: str, done: float, days: int = 5) -> None:
    at = now() - timedelta(days=days)
    delivery = DeliveryFactory.create(
        post__workspace=account.workspace, post__text=text, account=account, published=True, published_at=at
    )
    Latest.objects.create(
        workspace=account.workspace, delivery=delivery, account=account, published_at=at, engagements=done,
        views=done * 10, taken_at=now(),
    )  # fmt: skip


def test_the_best_posts_come_first(ask: Ask, vic: User, account: Account) -> None:
    out(account, "Rye & spelt", 5)
    out(account, "Sourdough", 50)
    out(AccountFactory.create(platform_name="mastodon"), "Of strangers", 500)

    said = ask(vic, "/top").html

    assert said.index("1. Sourdough") < said.index("2. Rye &amp; spelt")
    assert "50 engagements, 500 views" in said
    assert "Of strangers" not in said


def test_a_report_is_ordered_once(
    ask: Ask, ben: User, workspace: Workspace, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        for _ in range(2):  # handled again after a crash
            said = ask(ben, "/report month", number=9).html

    report = Report.objects.get()
    assert (report.created_by, (report.last_day - report.first_day).days) == (ben, 29)
    assert "is being made" in said
    assert OrmQ.objects.exists()


# --- inbox ---


@pytest.fixture
def asked(account: Account) -> Conversation:
    """Somebody asks, and nobody has answered."""
    conversation = ConversationFactory.create(
        account=account, workspace=account.workspace, said=["Open on <Sunday>?"]
    )
    Conversation.objects.filter(pk=conversation.pk).update(needs_answer=True, preview="Open on <Sunday>?")
    return conversation


def test_what_waits_is_listed_with_its_number(ask: Ask, vic: User, ben: User, asked: Conversation) -> None:
    Conversation.objects.filter(pk=ConversationFactory.create(said=["Of strangers"]).pk).update(
        needs_answer=True
    )

    looker, writer = ask(vic, "/inbox").html, ask(ben, "/inbox").html

    assert f"{asked.pk} · " in looker
    assert "Open on &lt;Sunday&gt;?" in looker
    assert "strangers" not in looker
    assert "/reply" in writer
    assert "/reply" not in looker


def test_an_answer_goes_out_once(ask: Ask, ben: User, asked: Conversation) -> None:
    for _ in range(2):
        said = ask(ben, f"/reply {asked.pk} Yes,\nuntil six.", number=3).html

    reply = Reply.objects.get()
    assert (reply.text, reply.user, reply.conversation) == ("Yes,\nuntil six.", ben, asked)
    assert said.endswith("goes out now.")


@pytest.mark.parametrize("words", ["", "{pk}", "x Yes", "{strange} Yes", "999999 Yes"])
def test_an_answer_to_nobody_is_explained(words: str, ask: Ask, ben: User, asked: Conversation) -> None:
    strange = ConversationFactory.create(said=["Hello?"])

    said = ask(ben, f"/reply {words.format(pk=asked.pk, strange=strange.pk)}").html

    assert said.startswith("Say whom you answer")
    assert not Reply.objects.exists()


def test_what_cannot_be_answered_is_refused_with_the_reason(ask: Ask, ben: User, asked: Conversation) -> None:
    Account.objects.update(state=Account.State.EXPIRED)

    said = ask(ben, f"/reply {asked.pk} Yes").html

    assert said == "The account is not connected. Connect it again, then answer."


def told(user: User, *messages: int) -> ChatMessage:
    return ChatMessage.objects.create(
        chat=str(user.pk), key="k", kind="message_received", text="Somebody wrote.", remote_id="77",
        about={"messages": list(messages)}, due_at=None,
    )  # fmt: skip


def answer(user: User, text: str, answers: str = "77") -> str:
    talk = talk_of(user, text)
    object.__setattr__(talk.heard, "answers", answers)
    return inbox.answered(talk).html


def test_answering_the_alert_answers_whoever_wrote(ben: User, asked: Conversation) -> None:
    told(ben, asked.messages.get().pk)

    said = [answer(ben, "Yes, until six."), answer(ben, "Yes, until six.")]

    assert Reply.objects.get().text == "Yes, until six."
    assert said[0].endswith("goes out now.")


def test_answering_an_alert_of_several_people_asks_whom(
    ben: User, account: Account, asked: Conversation
) -> None:
    other = ConversationFactory.create(account=account, workspace=account.workspace, said=["And Monday?"])
    told(ben, asked.messages.get().pk, other.messages.get().pk)

    said = answer(ben, "Yes")

    assert f"/reply {asked.pk} – " in said
    assert f"/reply {other.pk} – " in said
    assert not Reply.objects.exists()


def test_answering_a_message_that_tells_of_several_alerts_asks_whom(
    ben: User, account: Account, asked: Conversation
) -> None:
    other = ConversationFactory.create(account=account, workspace=account.workspace, said=["And Monday?"])
    told(ben, asked.messages.get().pk)
    ChatMessage.objects.create(
        chat=str(ben.pk), key="k2", kind="message_received", text="Somebody else wrote.", remote_id="77",
        about={"messages": [other.messages.get().pk]}, due_at=None,
    )  # fmt: skip

    said = answer(ben, "Yes")

    assert f"/reply {other.pk} – " in said
    assert not Reply.objects.exists()


def test_answers_of_lookers_and_strangers_go_nowhere(vic: User, cho: User, asked: Conversation) -> None:
    for user in (vic, cho):
        ChatMessage.objects.all().delete()
        told(user, asked.messages.get().pk)
        answer(user, "Yes")

    assert not Reply.objects.exists()


def test_words_that_answer_nothing_are_pointed_the_way(ben: User, asked: Conversation) -> None:
    told(ben, asked.messages.get().pk)

    assert "/help" in answer(ben, "Good morning", answers="")
    assert "/help" in answer(ben, "Good morning", answers="78")
