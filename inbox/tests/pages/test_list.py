"""The list of conversations: what is shown, what narrows it, what it costs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, User, Workspace
from inbox.factories import ConversationFactory, LabelFactory, MessageFactory
from inbox.models import Conversation, Kind, Label, Message, Person

pytestmark = pytest.mark.django_db
Talk = Callable[..., Conversation]
State = Conversation.State


def shown(desk: Client, query: str = "") -> list[int]:
    """The numbers of the conversations on the page, from the top down."""
    return [row.pk for row in desk.get(f"/inbox/{query}").context["rows"]]


def test_open_conversations_stand_newest_first(desk: Client, talk: Talk) -> None:
    first, second = talk("Do you bake rye?"), talk("Is it vegan?")
    talk("Thanks!", state=State.DONE)

    page = desk.get("/inbox/")

    assert [row.pk for row in page.context["rows"]] == [second.pk, first.pk]
    assert "Do you bake rye?" in page.text
    assert "Thanks!" not in page.text


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("open", ["mine", "bens", "free"]),
        ("mine", ["mine"]),
        ("unassigned", ["free"]),
        ("snoozed", ["snoozed"]),
        ("done", ["done"]),
        ("all", ["mine", "bens", "free", "snoozed", "done"]),
        ("nonsense", ["mine", "bens", "free"]),
    ],
)
def test_a_tab_shows_its_own(
    desk: Client, talk: Talk, ada: User, ben: User, show: str, expected: list[str]
) -> None:
    talk("mine", assignee=ada)
    talk("bens", assignee=ben)
    talk("free")
    talk("snoozed", state=State.SNOOZED, snoozed_until=now() + timedelta(hours=1))
    talk("done", state=State.DONE)

    rows = desk.get(f"/inbox/?show={show}").context["rows"]

    assert sorted(row.preview for row in rows) == sorted(expected)


def test_tabs_count_what_is_open_mine_nobodys_and_snoozed(
    desk: Client, talk: Talk, ada: User, ben: User
) -> None:
    talk(assignee=ada)
    talk(assignee=ben)
    talk()
    talk(state=State.SNOOZED, snoozed_until=now() + timedelta(hours=1))
    ConversationFactory.create(said=["Of another workspace"])

    tabs = {tab["query"]: tab["count"] for tab in desk.get("/inbox/").context["tabs"]}

    assert tabs == {
        "show=open": 3,
        "show=mine": 1,
        "show=unassigned": 1,
        "show=snoozed": 1,
        "show=done": 0,
        "show=all": 0,
    }


@pytest.mark.parametrize("name", ["network", "account", "kind", "label", "assignee", "unread", "waiting"])
def test_each_filter_narrows(desk: Client, talk: Talk, workspace: Workspace, ben: User, name: str) -> None:
    other = AccountFactory.create(workspace=workspace, platform_name="bluesky", handle="bakery.test")
    label = LabelFactory.create(workspace=workspace)
    meant = talk("Meant", account=other, kind=Kind.DIRECT, assignee=ben)
    meant.labels.add(label)
    talk("Another", unread=0)
    Conversation.objects.exclude(pk=meant.pk).update(unread=0, needs_answer=False)
    values = {
        "network": "bluesky",
        "account": other.pk,
        "kind": "direct",
        "label": label.pk,
        "assignee": ben.pk,
        "unread": 1,
        "waiting": 1,
    }

    assert shown(desk, f"?{name}={values[name]}") == [meant.pk]


@pytest.mark.parametrize(
    "query",
    [
        "?account=x",
        "?account=99999999999999999999",
        "?kind=letter",
        "?label=-1",
        "?assignee=%00",
        "?after=x~y",
        "?after=2030-13-45T00:00:00Z~1",
        "?network=nowhere",
    ],
)
def test_a_filter_that_makes_no_sense_narrows_nothing(desk: Client, talk: Talk, query: str) -> None:
    row = talk()

    assert shown(desk, query) == [row.pk]


def test_filters_stay_in_every_address_of_the_page(desk: Client, talk: Talk, account: Account) -> None:
    row = talk()

    page = desk.get(f"/inbox/?show=open&account={account.pk}&waiting=1").text

    assert f'href="/inbox/{row.pk}/?show=open&amp;account={account.pk}&amp;waiting=1"' in page
    assert f'href="/inbox/?show=done&amp;account={account.pk}&amp;waiting=1"' in page
    assert f'<option value="{account.pk}" selected>' in page


def test_the_list_goes_on_to_its_very_end(desk: Client, account: Account) -> None:
    moment = now()
    Conversation.objects.bulk_create(
        Conversation(
            workspace=account.workspace,
            account=account,
            kind="comment",
            key=str(n),
            last_at=moment - timedelta(minutes=n // 3),
        )
        for n in range(95)
    )

    seen, query = [], ""
    while True:
        page = desk.get(f"/inbox/{query}")
        seen += [row.pk for row in page.context["rows"]]
        if not page.context["next"]:
            break
        query = "?after=" + page.context["next"].replace("+", "%2B")

    assert len(seen) == 95
    assert seen == list(Conversation.objects.order_by("-last_at", "-pk").values_list("pk", flat=True))


def test_script_fetches_the_next_rows_alone(desk: Client, talk: Talk) -> None:
    talk("Hello")

    answer = desk.get("/inbox/", headers={"hx-request": "true"})

    assert answer.text.strip().startswith('<li class="talk"')
    assert "<html" not in answer.text


def test_others_see_nothing_of_it(talk: Talk, cho: User) -> None:
    row = talk("A secret order")
    desk = client_of(cho)

    assert "A secret order" not in desk.get("/inbox/?show=all").text
    assert desk.get(f"/inbox/{row.pk}/").status_code == 404


def test_an_empty_inbox_says_what_comes_and_what_to_do(desk: Client) -> None:
    assert "Connect an account" in desk.get("/inbox/").text
    assert "Nothing fits these filters" in desk.get("/inbox/?kind=review").text


def test_the_rail_counts_what_waits_here(desk: Client, talk: Talk) -> None:
    talk()
    talk(state=State.DONE)
    ConversationFactory.create(said=["Elsewhere"])

    page = desk.get("/calendar/").text

    assert page.count('data-inbox-count>1<span class="visually-hidden"> wait for an answer</span>') == 2


def test_names_and_texts_are_never_markup(desk: Client, talk: Talk) -> None:
    row = talk("<script>alert(1)</script>", name="<b>Eve</b>")

    page = desk.get(f"/inbox/{row.pk}/").text

    assert "<script>alert" not in page
    assert "<b>Eve" not in page


def full(workspace: Workspace, account: Account, count: int) -> None:
    """Conversations with all that a row can show."""
    people = Person.objects.bulk_create(
        Person(
            workspace=workspace,
            platform_name="mastodon",
            remote_id=str(n),
            name=f"Somebody With A Long Name {n}",
        )
        for n in range(50)
    )
    rows = Conversation.objects.bulk_create(
        Conversation(
            workspace=workspace, account=account, kind="comment", key=str(n), person=people[n % 50],
            unread=3, needs_answer=True, last_at=now() - timedelta(minutes=n), last_in_at=now(),
            preview="What people write in a comment under a picture of bread, " * 3,
        )
        for n in range(count)
    )  # fmt: skip
    labels = [LabelFactory.create(workspace=workspace) for _ in range(3)]
    through = Conversation.labels.through
    through.objects.bulk_create(
        through(conversation=row, label=label) for row in rows[:40] for label in labels
    )
    assert Label.objects.count() == 3


@pytest.mark.parametrize("count", [1, 5000])
def test_the_list_costs_five_queries_and_little_weight_however_much_there_is(
    desk: Client,
    workspace: Workspace,
    account: Account,
    ben: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    full(workspace, account, count)
    desk.get("/inbox/")

    with django_assert_num_queries(5):
        page = desk.get("/inbox/?waiting=1")

    assert len(page.content) < 100_000
    assert len(page.context["rows"]) == min(count, 25)


def test_a_page_with_an_open_conversation_costs_the_same_however_much_was_written(
    desk: Client, talk: Talk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row = talk("One", "Two")
    desk.get(f"/inbox/{row.pk}/")
    with django_assert_num_queries(12):
        desk.get(f"/inbox/{row.pk}/")
    Message.objects.bulk_create(
        MessageFactory.build_batch(150, conversation=row, account=row.account, person=row.person)
    )

    with django_assert_num_queries(12):
        page = desk.get(f"/inbox/{row.pk}/")

    assert len(page.content) < 300_000
