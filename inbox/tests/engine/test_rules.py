"""Rules do what they say with what comes in: once, and never as one half of two machines that talk."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils.timezone import now

from accounts.factories import AccountFactory
from accounts.models import Account, AuditEvent, Notification, User, Workspace
from inbox import arrivals, replying, rules
from inbox.factories import LabelFactory, MessageFactory, ReplyRuleFactory
from inbox.models import Conversation, Message, Reply, ReplyRule, RuleRun
from inbox.tests.engine.test_arrivals import told
from platforms.content import Author

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(
        workspace=workspace, platform_name="mastodon", handle="bakery", name="Bakery"
    )


def rule(account: Account, **fields: Any) -> ReplyRule:
    made: ReplyRule = ReplyRuleFactory.create(workspace=account.workspace, **fields)
    return made


def answers() -> list[str]:
    return list(Reply.objects.order_by("pk").values_list("text", flat=True))


def why() -> list[str]:
    return list(RuleRun.objects.order_by("pk").values_list("skipped", flat=True))


# --- acting ---


def test_a_rule_answers_labels_assigns_and_closes(account: Account, ben: User) -> None:
    label = LabelFactory.create(workspace=account.workspace, name="hours")
    rule(account, reply="Hello {name}, {account} opens at seven.", label=label, assignee=ben, closes=True)

    arrivals.take(account, [told()])

    conversation = Conversation.objects.get()
    assert answers() == ["Hello Mia Sommer, Bakery opens at seven."]
    assert [conversation.state, conversation.assignee, list(conversation.labels.all())] == [
        "done",
        ben,
        [label],
    ]
    assert Notification.objects.filter(user=ben, kind="assigned").count() == 1


def test_a_rule_meets_a_message_once(account: Account) -> None:
    rule(account)
    [message] = arrivals.take(account, [told()])

    arrivals.take(account, [told(text="Rye??")])
    rules.act(account, [message])

    assert (len(answers()), RuleRun.objects.count()) == (1, 1)


def test_the_first_of_several_rules_answers(account: Account) -> None:
    rule(account, position=2, reply="Second")
    rule(account, position=1, reply="First")

    arrivals.take(account, [told()])

    assert (answers(), why()) == (["First"], ["", "answered"])


def test_a_rule_that_is_off_or_another_workspaces_does_nothing(account: Account) -> None:
    rule(account, is_on=False)
    ReplyRuleFactory.create()

    arrivals.take(account, [told()])

    assert RuleRun.objects.count() == 0


def test_what_we_wrote_and_what_is_history_is_met_by_no_rule(account: Account) -> None:
    rule(account)

    arrivals.take(account, [told("c1", is_ours=True)])
    arrivals.take(account, [told("c2", created_at=now() - timedelta(days=3))], heard_from=now())
    arrivals.take(account, [told("c3", created_at=now() - timedelta(minutes=61))])

    assert RuleRun.objects.count() == 0


def test_a_workspace_that_answers_nobody_by_itself_still_sorts(account: Account) -> None:
    Workspace.objects.update(auto_reply=False)
    account = Account.objects.select_related("workspace").get(pk=account.pk)
    label = LabelFactory.create(workspace=account.workspace)
    rule(account, label=label)

    arrivals.take(account, [told()])

    assert (answers(), why(), label.conversations.count()) == ([], ["off"], 1)


# --- guards against loops and storms ---


def test_a_person_is_answered_once_in_a_while(account: Account) -> None:
    rule(account, pause=timedelta(hours=2))

    arrivals.take(account, [told("c1"), told("c2")])
    with time_machine.travel(now() + timedelta(hours=3)):
        arrivals.take(account, [told("c3")])

    assert (len(answers()), why()) == (2, ["", "pause", ""])


def test_a_pause_counts_by_person_and_by_rule(account: Account) -> None:
    rule(account, words=["rye"], reply="Rye!")
    rule(account, words=["hours"], reply="Seven!")

    arrivals.take(
        account, [told("c1", "rye"), told("c2", "hours"), told("c3", "rye", Author("25", "tom", "Tom"))]
    )

    assert answers() == ["Rye!", "Seven!", "Rye!"]


def test_an_account_gives_so_many_automatic_answers_an_hour(account: Account) -> None:
    rule(account)
    crowd = [told(f"c{n}", author=Author(f"p{n}", f"p{n}")) for n in range(rules.MOST_AN_HOUR + 5)]

    arrivals.take(account, crowd)

    assert len(answers()) == rules.MOST_AN_HOUR
    assert why()[-5:] == ["account_hour"] * 5


def test_two_machines_that_talk_stop_after_two_answers_until_a_person_writes(
    account: Account, ada: User
) -> None:
    rule(account, pause=timedelta(0))

    def they_write(n: int) -> None:
        arrivals.take(account, [told(f"m{n}", kind="direct", thread_id="t")])

    for n in range(4):
        they_write(n)
    in_a_row = why()
    conversation = Conversation.objects.get()
    MessageFactory.create(conversation=conversation, ours=True, user=ada, created_at=now())
    they_write(5)

    assert in_a_row == ["", "", "in_a_row", "in_a_row"]
    assert len(answers()) == 3


def test_an_automatic_answer_that_came_in_is_no_persons_word(account: Account) -> None:
    rule(account, pause=timedelta(0))
    for n in range(2):
        arrivals.take(account, [told(f"m{n}", kind="direct", thread_id="t")])
        reply = Reply.objects.latest("pk")
        reply.answer = MessageFactory.create(conversation=reply.conversation, ours=True)
        reply.save()

    arrivals.take(account, [told("m3", kind="direct", thread_id="t")])

    assert why() == ["", "", "in_a_row"]


def test_a_name_that_nobody_knows_is_said_and_nothing_is_sent(account: Account) -> None:
    rule(account, reply="Hello {name}!")

    arrivals.take(account, [told(author=Author())])

    assert (answers(), why()) == ([], ["variable"])


def test_braces_that_are_no_variable_stay(account: Account) -> None:
    rule(account, reply="{name}, see {menu} {")

    arrivals.take(account, [told()])

    assert answers() == ["Mia Sommer, see {menu} {"]


def test_who_has_left_the_workspace_is_given_nothing(account: Account, cho: User) -> None:
    rule(account, assignee=cho, reply="")

    arrivals.take(account, [told()])

    assert Conversation.objects.get().assignee is None


def test_a_new_word_opens_a_window_that_had_closed(workspace: Workspace) -> None:
    account = AccountFactory.create(workspace=workspace, platform_name="facebook")
    old = told("m1", kind="direct", thread_id="24", created_at=now() - timedelta(days=3))
    arrivals.take(account, [old], heard_from=now())
    rule(account)

    arrivals.take(account, [told("m2", kind="direct", thread_id="24")])

    assert (len(answers()), why()) == (1, [""])


# --- conditions ---


@pytest.mark.parametrize(
    ("fields", "text", "means"),
    [
        ({}, "anything", True),
        ({"words": ["hours", "open"]}, "When do you OPEN?", True),
        ({"words": ["open"]}, "An opening", False),
        ({"words": ["öffnung"]}, "Eure Öffnung?", True),
        ({"words": ["c++"]}, "Do you bake in C++?", True),
        ({"words": ["营业"]}, "几点营业时间", True),
        ({"words": [" "]}, "anything", True),
        ({"kinds": ["direct"]}, "a comment", False),
        ({"kinds": ["comment", "direct"]}, "a comment", True),
        ({"platforms": ["mastodon"]}, "a toot", True),
        ({"platforms": ["bluesky"]}, "a toot", False),
        ({"most_stars": 2}, "no stars", False),
    ],
)
def test_a_rule_means_what_all_its_conditions_mean(
    fields: dict[str, Any], text: str, means: bool, account: Account
) -> None:
    rule(account, **fields)

    arrivals.take(account, [told(text=text)])

    assert RuleRun.objects.exists() is means


@pytest.mark.parametrize(("stars", "means"), [(1, True), (2, True), (3, False)])
def test_a_rule_for_bad_reviews_counts_stars(stars: int, means: bool, account: Account) -> None:
    rule(account, most_stars=2, reply="")

    arrivals.take(account, [told("r", kind="review", rating=stars)])

    assert RuleRun.objects.exists() is means


def test_a_rule_for_one_account_leaves_the_others(account: Account) -> None:
    other = AccountFactory.create(workspace=account.workspace, platform_name="mastodon")
    rule(account).accounts.add(other)

    arrivals.take(account, [told()])
    arrivals.take(other, [told()])

    assert [run.message.account for run in RuleRun.objects.all()] == [other]


NIGHT = {"from_time": time(22), "until_time": time(6)}
SHOP = {"from_time": time(7), "until_time": time(18), "is_outside_hours": True, "days": [0, 1, 2, 3, 4, 5]}
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2030, 7, 1, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "day", "clock", "means"),
    [
        (NIGHT, 0, time(23), True),
        (NIGHT, 0, time(5, 59), True),
        (NIGHT, 0, time(6), False),
        (NIGHT, 0, time(12), False),
        ({**NIGHT, "days": [0]}, 1, time(3), True),  # Tuesday at three is Monday's night
        ({**NIGHT, "days": [0]}, 0, time(3), False),
        (SHOP, 0, time(12), False),
        (SHOP, 0, time(18), True),
        (SHOP, 6, time(12), True),  # closed on Sundays
        ({"days": [6]}, 6, time(12), True),
        ({"days": [6]}, 5, time(12), False),
    ],
)
def test_hours_are_the_workspaces_own(
    hours: dict[str, Any], day: int, clock: time, means: bool, account: Account
) -> None:
    made = rule(account, **hours)
    moment = datetime.combine(MONDAY.date() + timedelta(days=day), clock, BERLIN)
    message = MessageFactory.create(conversation__account=account, created_at=moment)

    assert rules.conditions_of(made).mean(message) is means


# --- trying out ---


def test_a_dry_run_says_what_each_would_have_done_and_does_nothing(account: Account) -> None:
    moment = now()
    arrivals.take(
        account,
        [
            told("old", "rye", created_at=moment - timedelta(days=8)),
            told("c1", "rye", created_at=moment - timedelta(days=3)),
            told("c2", "rye again", created_at=moment - timedelta(days=3) + timedelta(hours=1)),
            told("c3", "wheat", created_at=moment - timedelta(days=1)),
            told("c4", "rye", Author(), created_at=moment - timedelta(hours=2)),
        ],
    )
    made = rule(account, words=["rye"], is_on=False, closes=True)

    matches = rules.dry_run(made)

    assert [(match.message.remote_id, match.answer, match.skipped) for match in matches] == [
        ("c1", "Thank you, Mia Sommer!", ""),
        ("c2", "", "pause"),
        ("c4", "", "variable"),
    ]
    assert matches[1].why.startswith("The person had an answer")
    assert (RuleRun.objects.count(), Reply.objects.count(), AuditEvent.objects.count()) == (0, 0, 0)
    assert set(Conversation.objects.values_list("state", flat=True)) == {"open"}


def test_an_answer_of_a_rule_into_a_closed_window_is_left_out(account: Account) -> None:
    closed = AccountFactory.create(workspace=account.workspace, platform_name="facebook", state="expired")
    rule(account)

    arrivals.take(closed, [told()])

    assert (answers(), why()) == ([], ["cannot_reply"])
    with pytest.raises(replying.Refused):
        replying.check(Message.objects.get())
