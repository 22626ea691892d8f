"""The inbox through the API: the same rows, the same presses, the same refusals as on its pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.factories import AccountFactory
from accounts.models import Account, ApiToken, User, Workspace
from inbox.conversations import recount
from inbox.factories import (
    ConversationFactory,
    LabelFactory,
    MessageFactory,
    NoteFactory,
    ReplyFactory,
    ReplyRuleFactory,
    SavedReplyFactory,
)
from inbox.models import Conversation, Kind, Label, Message, Reply, ReplyRule, SavedReply

pytestmark = pytest.mark.django_db
API = "/api/v1"
State = Conversation.State
Talk = Callable[..., Conversation]


def api(user: User) -> APIClient:
    """A program of the person's."""
    _token, key = ApiToken.issue(user.memberships.get(), "a test")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@pytest.fixture
def program(ada: User) -> APIClient:
    return api(ada)


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, platform_name="mastodon", handle="bakery")


@pytest.fixture
def talk(account: Account) -> Talk:
    def make(*said: str, **fields: object) -> Conversation:
        return ConversationFactory.create(**{"account": account, "said": list(said or ["Hello?"]), **fields})

    return make


# --- reading ---


def test_conversations_are_listed_with_the_pages_filters(
    program: APIClient, talk: Talk, account: Account
) -> None:
    rye = talk("Do you bake rye?")
    talk("Thanks", state=State.DONE)
    ConversationFactory.create(said=["Elsewhere"])

    everything = program.get(f"{API}/conversations/").json()["results"]
    found = program.get(f"{API}/conversations/?show=open&q=rye&account={account.pk}&waiting=1").json()[
        "results"
    ]

    assert [row["preview"] for row in everything] == ["Thanks", "Do you bake rye?"]
    assert [row["id"] for row in found] == [rye.pk]
    assert found[0]["person"]["handle"] == rye.person.handle
    assert (found[0]["unread"], found[0]["needs_answer"], found[0]["answer_until"]) == (1, True, None)


@pytest.mark.parametrize(
    "query", ["show=some", "kind=letter", "account=x", "assignee=ben", "label=0", "unread=maybe"]
)
def test_a_filter_that_makes_no_sense_is_refused(program: APIClient, query: str) -> None:
    answer = program.get(f"{API}/conversations/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_pages_follow_each_other_by_cursor(program: APIClient, talk: Talk) -> None:
    rows = [talk(str(n)) for n in range(5)]

    first = program.get(f"{API}/conversations/?page_size=3").json()
    second = program.get(first["next"]).json()

    listed = [row["id"] for row in (*first["results"], *second["results"])]
    assert listed == [row.pk for row in reversed(rows)]


def test_the_list_costs_five_queries_however_much_there_is(
    program: APIClient, talk: Talk, workspace: Workspace, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    label = LabelFactory.create(workspace=workspace)
    for n in range(4):
        talk(str(n)).labels.add(label)
    program.get(f"{API}/conversations/")

    with django_assert_num_queries(5):
        program.get(f"{API}/conversations/")


def test_messages_of_one_come_last_first_with_what_may_be_done(program: APIClient, talk: Talk) -> None:
    row = talk("One", "Two")

    rows = program.get(f"{API}/conversations/{row.pk}/messages/").json()["results"]

    assert [message["text"] for message in rows] == ["Two", "One"]
    assert rows[0]["actions"] == ["like"]


# --- who ---


@pytest.mark.parametrize(
    "path",
    [
        "conversations/{talk}/",
        "conversations/{talk}/messages/",
        "conversations/{talk}/notes/",
        "messages/{message}/",
        "replies/{reply}/",
        "saved-replies/{saved}/",
        "labels/{label}/",
        "reply-rules/{rule}/",
        "reply-rules/{rule}/dry-run/",
    ],
)
def test_a_member_reads_a_stranger_finds_nothing_and_nobody_gets_in_without_a_token(
    vic: User, cho: User, talk: Talk, workspace: Workspace, path: str
) -> None:
    row = talk()
    message = row.messages.get()
    rows = {"talk": row, "message": message, "reply": ReplyFactory.create(message=message)}
    rows |= {"saved": SavedReplyFactory.create(workspace=workspace)}
    rows |= {
        "label": LabelFactory.create(workspace=workspace),
        "rule": ReplyRuleFactory.create(workspace=workspace),
    }
    address = f"{API}/" + path.format(**{name: one.pk for name, one in rows.items()})

    assert api(vic).get(address).status_code == 200
    assert api(cho).get(address).status_code == 404
    assert APIClient().get(address).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("patch", "conversations/{pk}/"),
        ("post", "conversations/{pk}/reply/"),
        ("post", "conversations/{pk}/read/"),
        ("post", "conversations/{pk}/notes/"),
        ("post", "labels/"),
        ("post", "reply-rules/"),
    ],
)
def test_a_viewer_writes_nothing(vic: User, talk: Talk, method: str, path: str) -> None:
    answer = getattr(api(vic), method)(f"{API}/{path.format(pk=talk().pk)}", {"text": "x", "name": "x"})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


# --- changing ---


def test_a_conversation_is_put_away_given_and_labelled(
    program: APIClient, talk: Talk, ben: User, workspace: Workspace
) -> None:
    row, label = talk(), LabelFactory.create(workspace=workspace)
    until = now() + timedelta(hours=3)

    done = program.patch(
        f"{API}/conversations/{row.pk}/", {"state": "done", "assignee": ben.pk, "labels": [label.pk]}
    )
    snoozed = program.patch(
        f"{API}/conversations/{row.pk}/", {"state": "snoozed", "snoozed_until": until.isoformat()}
    )
    back = program.patch(f"{API}/conversations/{row.pk}/", {"state": "open", "assignee": None, "labels": []})

    assert (done.json()["state"], done.json()["assignee"]) == ("done", ben.pk)
    assert [one["name"] for one in done.json()["labels"]] == [label.name]
    assert (snoozed.json()["state"], snoozed.json()["snoozed_until"][:16]) == (
        "snoozed",
        until.isoformat()[:16],
    )
    assert (back.json()["state"], back.json()["assignee"], back.json()["labels"]) == ("open", None, [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"state": "gone"}, "state"),
        ({"state": "snoozed"}, "snoozed_until"),
        ({"state": "snoozed", "snoozed_until": "2001-01-01T00:00:00Z"}, "snoozed_until"),
        ({"snoozed_until": "2101-01-01T00:00:00Z"}, "state"),
        ({"assignee": "stranger"}, "assignee"),
        ({"assignee": "viewer"}, "assignee"),
        ({"labels": "foreign"}, "labels"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    program: APIClient, talk: Talk, cho: User, vic: User, change: dict[str, object], field: str
) -> None:
    row = talk()
    meant = {"stranger": cho.pk, "viewer": vic.pk, "foreign": [LabelFactory.create().pk]}
    body = {name: meant.get(str(value), value) for name, value in change.items()}

    answer = program.patch(f"{API}/conversations/{row.pk}/", body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
    row.refresh_from_db()
    assert (row.state, row.assignee, row.labels.count()) == (State.OPEN, None, 0)


def test_it_is_marked_read_and_unread(program: APIClient, talk: Talk) -> None:
    row = talk("One", "Two")

    assert program.post(f"{API}/conversations/{row.pk}/read/").json()["unread"] == 0
    assert program.post(f"{API}/conversations/{row.pk}/unread/").json()["unread"] == 1


def test_notes_are_written_and_read(program: APIClient, talk: Talk, ada: User) -> None:
    row = talk()
    NoteFactory.create(conversation=row, text="First")

    made = program.post(f"{API}/conversations/{row.pk}/notes/", {"text": "Second", "user": 7})
    empty = program.post(f"{API}/conversations/{row.pk}/notes/", {"text": ""})

    assert (made.status_code, made.json()["user"]) == (201, ada.pk)
    assert empty.status_code == 400
    notes = program.get(f"{API}/conversations/{row.pk}/notes/").json()
    assert [note["text"] for note in notes] == ["First", "Second"]


# --- answering ---


def test_an_answer_is_queued_once_a_key(program: APIClient, talk: Talk) -> None:
    row = talk("First", "Second")
    send = {"path": f"{API}/conversations/{row.pk}/reply/", "data": {"text": "Yes"}}

    first = program.post(**send, HTTP_IDEMPOTENCY_KEY="k1")
    again = program.post(**send, HTTP_IDEMPOTENCY_KEY="k1")
    other = program.post(send["path"], {"text": "No"}, HTTP_IDEMPOTENCY_KEY="k1")

    assert (first.status_code, first.json()["state"]) == (202, "waiting")
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert Reply.objects.get().message.text == "Second"
    assert program.get(f"{API}/replies/?state=waiting").json()["results"][0]["id"] == first.json()["id"]


def test_an_answer_may_name_the_message(program: APIClient, talk: Talk) -> None:
    row, other = talk("First", "Second"), talk()
    first = row.messages.get(text="First")

    good = program.post(f"{API}/conversations/{row.pk}/reply/", {"text": "To you", "message": first.pk})
    bad = program.post(
        f"{API}/conversations/{row.pk}/reply/", {"text": "x", "message": other.messages.get().pk}
    )

    assert good.json()["message"] == first.pk
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (400, "message")


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "  "}, {"text": "a" * 10_001}, {"text": "a", "message": "x"}]
)
def test_a_wrong_answer_is_refused(program: APIClient, talk: Talk, body: dict[str, str]) -> None:
    answer = program.post(f"{API}/conversations/{talk().pk}/reply/", body)

    assert answer.status_code == 400
    assert not Reply.objects.exists()


def test_a_closed_window_and_a_message_that_is_gone_have_codes(
    program: APIClient, talk: Talk, workspace: Workspace
) -> None:
    page = AccountFactory.create(workspace=workspace, platform_name="facebook")
    late, gone = talk(account=page, kind=Kind.DIRECT), talk()
    Message.objects.filter(conversation=late).update(created_at=now() - timedelta(days=8))
    recount([late.pk])
    deleted = gone.messages.get()
    Message.objects.filter(pk=deleted.pk).update(deleted_at=now())

    closed = program.post(f"{API}/conversations/{late.pk}/reply/", {"text": "Sorry"})
    nothing = program.post(f"{API}/conversations/{gone.pk}/reply/", {"text": "Sorry"})
    named = program.post(f"{API}/conversations/{gone.pk}/reply/", {"text": "Sorry", "message": deleted.pk})

    assert (closed.status_code, closed.json()["code"]) == (409, "window_closed")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "message_gone")
    assert (named.status_code, named.json()["code"]) == (409, "message_gone")
    assert not Reply.objects.exists()


def test_an_account_that_is_not_connected_answers_nothing(
    program: APIClient, talk: Talk, account: Account
) -> None:
    row = talk()
    Account.objects.update(state=Account.State.EXPIRED)

    answer = program.post(f"{API}/conversations/{row.pk}/reply/", {"text": "Hi"})

    assert (answer.status_code, answer.json()["code"]) == (422, "not_connected")


@pytest.mark.parametrize(
    ("trait", "press", "body", "state"),
    [
        ("failed", "retry", None, "waiting"),
        ("failed", "cancel", None, "cancelled"),
        ("unknown", "confirm", {"arrived": True}, "sent"),
        ("unknown", "confirm", {"arrived": False}, "waiting"),
    ],
)
def test_a_person_decides_about_an_answer(
    program: APIClient, talk: Talk, trait: str, press: str, body: dict[str, bool] | None, state: str
) -> None:
    reply = ReplyFactory.create(message=talk().messages.get(), **{trait: True})

    answer = program.post(f"{API}/replies/{reply.pk}/{press}/", body)
    again = program.post(f"{API}/replies/{reply.pk}/{press}/", body)

    assert answer.json()["state"] == state
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_what_the_network_does_not_offer_is_told(program: APIClient, talk: Talk) -> None:
    message = talk().messages.get()

    hidden = program.post(f"{API}/messages/{message.pk}/moderate/", {"action": "hide"})
    wrong = program.post(f"{API}/messages/{message.pk}/moderate/", {"action": "burn"})

    assert (hidden.status_code, hidden.json()["code"]) == (422, "cannot_moderate")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "action")


# --- what an inbox is set up with ---


@pytest.mark.parametrize(
    ("kind", "body", "model"),
    [
        ("saved-replies", {"name": "Hours", "text": "Hello {name}"}, SavedReply),
        ("labels", {"name": "Order", "colour": "red"}, Label),
        ("reply-rules", {"name": "Thanks", "words": ["thanks"], "reply": "You are welcome"}, ReplyRule),
    ],
)
def test_rows_are_made_changed_and_deleted(
    program: APIClient, workspace: Workspace, kind: str, body: dict[str, object], model: type
) -> None:
    made = program.post(f"{API}/{kind}/", body)
    twice = program.post(f"{API}/{kind}/", body)
    changed = program.patch(f"{API}/{kind}/{made.json()['id']}/", {"name": "Another name"})

    assert made.status_code == 201
    assert model.objects.get().workspace == workspace
    assert twice.json()["errors"][0]["code"] == "taken"
    assert changed.json()["name"] == "Another name"
    assert program.delete(f"{API}/{kind}/{made.json()['id']}/").status_code == 204


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("saved-replies", {"name": "Hours"}, "text"),
        ("saved-replies", {"name": "Hours", "text": "Hello {friend}"}, "text"),
        ("labels", {"name": "Order", "colour": "#ff0000"}, "colour"),
        ("reply-rules", {"name": "Nothing"}, "reply"),
        ("reply-rules", {"name": "Link", "reply": "See {friend}"}, "reply"),
        ("reply-rules", {"name": "Days", "reply": "x", "days": [7]}, "days.0"),
        ("reply-rules", {"name": "Hours", "reply": "x", "from_time": "09:00"}, "until_time"),
        ("reply-rules", {"name": "Net", "reply": "x", "platforms": ["myspace"]}, "platforms.0"),
    ],
)
def test_a_wrong_row_is_refused_beside_its_field(
    program: APIClient, kind: str, body: dict[str, object], field: str
) -> None:
    answer = program.post(f"{API}/{kind}/", body)

    assert answer.status_code == 400
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_a_rule_is_tried_on_last_week(program: APIClient, talk: Talk, workspace: Workspace) -> None:
    talk("When do you open?")
    talk("Lovely bread")
    old = MessageFactory.create(conversation=talk(), text="open?", created_at=now() - timedelta(days=8))
    rule = ReplyRuleFactory.create(workspace=workspace, words=["open"], reply="From seven.", is_on=False)

    matches = program.get(f"{API}/reply-rules/{rule.pk}/dry-run/").json()

    assert [(match["text"], match["answer"]) for match in matches] == [("When do you open?", "From seven.")]
    assert old.pk not in {match["message"] for match in matches}
    assert not Reply.objects.exists()
