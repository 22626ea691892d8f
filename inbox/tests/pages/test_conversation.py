"""One conversation: what stands on its page, and what a press does."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from django_q.models import OrmQ

from accounts.factories import AccountFactory, MembershipFactory, client_of
from accounts.models import Account, Notification, User, Workspace
from inbox.conversations import recount
from inbox.factories import (
    ConversationFactory,
    LabelFactory,
    MessageFactory,
    NoteFactory,
    ReplyFactory,
    SavedReplyFactory,
)
from inbox.models import Conversation, Kind, Label, Message, Reply
from publishing.factories import DeliveryFactory

pytestmark = pytest.mark.django_db
Talk = Callable[..., Conversation]
State = Conversation.State
HTMX = {"hx-request": "true"}


def test_the_page_tells_post_person_history_notes_and_labels(
    desk: Client, talk: Talk, account: Account, workspace: Workspace, ben: User
) -> None:
    row = talk("Do you bake rye?", name="Ana Lopes")
    talk("I was here before", person=row.person, state=State.DONE)
    NoteFactory.create(conversation=row, text="She is the mayor.", user=ben)
    row.labels.add(LabelFactory.create(workspace=workspace, name="Order"))
    delivery = DeliveryFactory.create(
        post__workspace=workspace, post__text="Rye is out", account=account, published=True
    )
    Conversation.objects.filter(pk=row.pk).update(delivery=delivery)

    page = desk.get(f"/inbox/{row.pk}/").text

    for words in (
        "Do you bake rye?",
        "Ana Lopes",
        "I was here before",
        "She is the mayor.",
        "Order",
        "Rye is out",
    ):
        assert words in page


def test_a_fragment_is_the_conversation_and_its_row(desk: Client, talk: Talk) -> None:
    row = talk("Hello")

    answer = desk.get(f"/inbox/{row.pk}/", headers=HTMX).text

    assert "<html" not in answer
    assert f'data-talk="{row.pk}"' in answer
    assert f'id="talk-{row.pk}"' in answer


def test_who_may_answer_has_read_it_by_opening_it_and_an_onlooker_has_not(
    talk: Talk, desk: Client, vic: User
) -> None:
    row = talk("One", "Two")

    client_of(vic).get(f"/inbox/{row.pk}/")
    assert Conversation.objects.get().unread == 2

    desk.get(f"/inbox/{row.pk}/")
    assert Conversation.objects.get().unread == 0


def test_an_onlooker_reads_and_presses_nothing(talk: Talk, vic: User) -> None:
    row = talk("Hello")
    browser = client_of(vic)

    page = browser.get(f"/inbox/{row.pk}/").text

    assert "<textarea" not in page
    assert browser.post(f"/inbox/{row.pk}/reply/", {"text": "Hi"}).status_code == 403


@pytest.mark.parametrize("path", ["", "thread/"])
def test_a_stranger_finds_no_conversation(talk: Talk, cho: User, path: str) -> None:
    assert client_of(cho).get(f"/inbox/{talk().pk}/{path}").status_code == 404


# --- answering ---


def test_an_answer_is_queued_once_a_form(desk: Client, talk: Talk) -> None:
    row = talk("Do you bake rye?")
    form = {"text": "Yes, from seven.", "key": str(uuid.uuid4())}

    first = desk.post(f"/inbox/{row.pk}/reply/", form)
    desk.post(f"/inbox/{row.pk}/reply/", form)

    assert first.url == f"/inbox/{row.pk}/?show=open"
    reply = Reply.objects.get()
    assert (reply.text, reply.state, reply.message.text) == (
        "Yes, from seven.",
        "waiting",
        "Do you bake rye?",
    )
    assert reply.user is not None
    assert "Sending soon" in desk.get(f"/inbox/{row.pk}/").text


def test_script_gets_the_thread_and_an_empty_box(desk: Client, talk: Talk) -> None:
    row = talk()

    answer = desk.post(f"/inbox/{row.pk}/reply/", {"text": "Of course."}, headers=HTMX).text

    assert 'id="thread" hx-swap-oob="true" hx-get=' in answer
    assert "Of course." in answer.split('id="answer"')[0]
    assert "Of course." not in answer.split('id="answer"')[1].split('id="talk-')[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write something first."),
        ("   ", "Write something first."),
        ("Hello {name}, see {link}", "{name}, {link} is not filled in"),
        ("a" * 10_001, "at most 10000"),
    ],
)
def test_what_cannot_be_sent_comes_back_with_what_was_typed(
    desk: Client, talk: Talk, text: str, sentence: str
) -> None:
    row = talk()

    for headers in ({}, HTMX):
        answer = desk.post(f"/inbox/{row.pk}/reply/", {"text": text}, headers=headers)

        assert answer.status_code == 422
        assert sentence in answer.text
        assert text.strip()[:40] in answer.text
    assert not Reply.objects.exists()


def test_a_closed_window_is_said_and_refuses(desk: Client, talk: Talk, workspace: Workspace) -> None:
    page = AccountFactory.create(workspace=workspace, platform_name="facebook")
    row = talk("Hello", account=page, kind=Kind.DIRECT)
    open_page = desk.get(f"/inbox/{row.pk}/").text
    Message.objects.update(created_at=now() - timedelta(days=8))
    recount([row.pk])

    shown = desk.get(f"/inbox/{row.pk}/").text
    answer = desk.post(f"/inbox/{row.pk}/reply/", {"text": "Sorry, late."})

    assert "answer__window" in open_page
    assert "of the person&#x27;s last message only" in shown
    assert '<form class="answer__form"' not in shown
    assert answer.status_code == 422
    assert not Reply.objects.exists()


def test_an_answer_may_be_to_an_earlier_message(desk: Client, talk: Talk) -> None:
    row = talk("First", "Second")
    first = row.messages.get(text="First")

    page = desk.get(f"/inbox/{row.pk}/?to={first.pk}").text
    desk.post(f"/inbox/{row.pk}/reply/", {"text": "To the first", "message": first.pk})

    assert f'name="message" value="{first.pk}"' in page
    assert Reply.objects.get().message == first


def test_a_message_of_another_conversation_is_not_answered_from_here(desk: Client, talk: Talk) -> None:
    row, other = talk(), talk("Elsewhere")

    answer = desk.post(f"/inbox/{row.pk}/reply/", {"text": "Hi", "message": other.messages.get().pk})

    assert answer.status_code == 422
    assert "not here any more" in answer.text


def test_what_arrives_while_somebody_writes_does_not_change_whom_they_answer(
    desk: Client, talk: Talk
) -> None:
    row = talk("From Ana")
    seen = row.messages.get()
    page = desk.get(f"/inbox/{row.pk}/").text

    MessageFactory.create(conversation=row, text="From Kenji, meanwhile")
    desk.post(f"/inbox/{row.pk}/reply/", {"text": "Dear Ana", "message": seen.pk})

    assert f'name="message" value="{seen.pk}"' in page
    assert Reply.objects.get().message == seen


def test_a_refused_answer_still_knows_what_it_answers(desk: Client, talk: Talk) -> None:
    row = talk("First", "Second")
    first = row.messages.get(text="First")

    answer = desk.post(f"/inbox/{row.pk}/reply/", {"text": "{link}", "message": first.pk})

    assert f'name="message" value="{first.pk}"' in answer.text


def test_answered_and_done_at_one_press_can_be_taken_back(desk: Client, talk: Talk) -> None:
    row = talk()

    page = desk.post(f"/inbox/{row.pk}/reply/", {"text": "Yes", "then": "done"}, follow=True).text
    assert Conversation.objects.get().state == State.DONE

    undo = page.split('action="/inbox/undo/')[1].split('"')[0]
    desk.post(f"/inbox/undo/{undo}")
    assert Conversation.objects.get().state == State.OPEN
    assert Reply.objects.count() == 1


@pytest.mark.parametrize(
    ("trait", "press", "state"),
    [
        ("failed", "retry", "waiting"),
        ("failed", "cancel", "cancelled"),
        ("unknown", "arrived", "sent"),
        ("unknown", "again", "waiting"),
        ("", "cancel", "cancelled"),
    ],
)
def test_a_person_decides_what_becomes_of_an_answer(
    desk: Client, talk: Talk, trait: str, press: str, state: str
) -> None:
    row = talk()
    reply = ReplyFactory.create(message=row.messages.get(), **({trait: True} if trait else {}))

    page = desk.get(f"/inbox/{row.pk}/").text
    desk.post(f"/inbox/answers/{reply.pk}/", {"press": press})

    assert f'value="{press}"' in page
    reply.refresh_from_db()
    assert reply.state == state


def test_the_reason_of_a_failure_stands_beside_it(desk: Client, talk: Talk) -> None:
    row = talk()
    ReplyFactory.create(message=row.messages.get(), failed=True)

    page = desk.get(f"/inbox/{row.pk}/").text

    assert "The comment is no longer there." in page
    assert "Retry" in page


def test_the_thread_asks_again_only_while_an_answer_is_on_its_way(desk: Client, talk: Talk) -> None:
    row = talk()
    reply = ReplyFactory.create(message=row.messages.get())

    pending = desk.get(f"/inbox/{row.pk}/thread/").text
    Reply.objects.filter(pk=reply.pk).update(state="failed", due_at=None)

    assert 'hx-trigger="every 2s"' in pending
    assert "hx-trigger" not in desk.get(f"/inbox/{row.pk}/thread/").text


def test_a_press_of_another_kind_is_none(desk: Client, talk: Talk, cho: User) -> None:
    reply = ReplyFactory.create(message=talk().messages.get())

    assert desk.post(f"/inbox/answers/{reply.pk}/", {"press": "explode"}).status_code == 404
    assert client_of(cho).post(f"/inbox/answers/{reply.pk}/", {"press": "cancel"}).status_code == 404


# --- a draft by the helper ---


@pytest.mark.parametrize(("kind", "most"), [(Kind.COMMENT, "500"), (Kind.DIRECT, "0")])
def test_the_box_offers_a_draft_made_from_what_is_answered(
    desk: Client, talk: Talk, workspace: Workspace, account: Account, kind: str, most: str
) -> None:
    post = DeliveryFactory.create(
        post__workspace=workspace, post__text="Rye is out", account=account, published=True
    )
    row = talk("Do you bake <rye>?", "And wheat?", name="Ana Lopes", kind=kind, delivery=post)
    first = row.messages.earliest("pk")

    pages = [desk.get(f"/inbox/{row.pk}/{query}").text for query in ("", f"?to={first.pk}")]

    for page, message in zip(pages, ["And wheat?", "Do you bake &lt;rye&gt;?"], strict=True):
        for name, value in {"message": message, "author": "Ana Lopes", "post": "Rye is out"}.items():
            assert f'name="ai-{name}" value="{value}"' in page
        assert f'name="ai-most" value="{most}"' in page
    assert 'formaction="/ai/reply/"' in pages[0]
    assert "js/ai-reply.js" in pages[0]


def test_a_draft_without_script_is_a_page_to_copy_from(desk: Client, talk: Talk) -> None:
    talk("Do you bake rye?")

    form = {"ai-message": "Do you bake rye?", "ai-author": "Ana", "ai-most": "500", "text": "Mine", "key": ""}
    page = desk.post("/ai/reply/", form).text

    assert "Copy it into your answer" in page
    assert not Reply.objects.exists()


# --- saved replies in the box ---


def test_saved_replies_are_filled_in_for_the_person(desk: Client, talk: Talk, workspace: Workspace) -> None:
    row = talk(name="Ana Lopes")
    saved = SavedReplyFactory.create(workspace=workspace, text="Hello {name}, of {account}: {link}")

    page = desk.get(f"/inbox/{row.pk}/").text
    chosen = desk.get(f"/inbox/{row.pk}/?saved={saved.pk}").text

    assert 'data-insert="Hello Ana Lopes, of Bakery: {link}"' in page
    assert "Not known here: link" in " ".join(page.split())
    assert ">Hello Ana Lopes, of Bakery: {link}</textarea>" in chosen


@pytest.mark.parametrize(
    ("text", "said"),
    [("Hello", "5 / 500"), ("a" * 503, "3 too long"), ("{link}", "link is not filled in"), ("  ", "")],
)
def test_the_box_counts_as_the_network_does(desk: Client, talk: Talk, text: str, said: str) -> None:
    answer = desk.post(f"/inbox/{talk().pk}/check/", {"text": text})

    assert said in answer.text
    assert answer.status_code == 200


# --- whose it is, and where it stands ---


@pytest.mark.parametrize(("to", "name"), [("me", "Ada"), ("ben", "Ben"), ("", None)])
def test_it_is_given_to_somebody(
    desk: Client, talk: Talk, ada: User, ben: User, to: str, name: str | None
) -> None:
    row = talk(assignee=None if name else ada)

    desk.post(f"/inbox/{row.pk}/assign/", {"to": ben.pk if to == "ben" else to})

    assignee = Conversation.objects.get().assignee
    assert (assignee.name if assignee else None) == name
    assert Notification.objects.filter(user=ben).count() == (to == "ben")


@pytest.mark.parametrize("who", ["cho", "vic", "nobody"])
def test_it_is_given_to_nobody_who_cannot_answer(
    desk: Client, talk: Talk, cho: User, vic: User, who: str
) -> None:
    row = talk()
    pk = {"cho": cho.pk, "vic": vic.pk, "nobody": 10**9}[who]

    answer = desk.post(f"/inbox/{row.pk}/assign/", {"to": pk}, follow=True)

    assert Conversation.objects.get().assignee is None
    assert 'data-kind="error"' in answer.text.split("<template")[0]


@pytest.mark.parametrize("preset", ["hours", "tomorrow", "monday"])
def test_it_is_put_away_until_a_moment_and_taken_back(desk: Client, talk: Talk, preset: str) -> None:
    row = talk()

    page = desk.post(f"/inbox/{row.pk}/state/", {"to": "snoozed", "preset": preset}, follow=True).text

    stands = Conversation.objects.get()
    assert stands.state == State.SNOOZED
    assert now() < stands.snoozed_until < now() + timedelta(days=8)
    desk.post("/inbox/undo/" + page.split('action="/inbox/undo/')[1].split('"')[0])
    assert Conversation.objects.get().state == State.OPEN


def test_a_typed_moment_is_by_the_workspaces_clock(desk: Client, talk: Talk, workspace: Workspace) -> None:
    row = talk()
    at = (
        (now() + timedelta(days=2))
        .astimezone(workspace.zone)
        .replace(hour=9, minute=30, second=0, microsecond=0)
    )

    desk.post(f"/inbox/{row.pk}/state/", {"to": "snoozed", "until": at.strftime("%Y-%m-%dT%H:%M")})

    assert Conversation.objects.get().snoozed_until == at


@pytest.mark.parametrize("until", ["", "2001-01-01T09:00", "tomorrow"])
def test_a_moment_that_is_none_or_over_is_refused(desk: Client, talk: Talk, until: str) -> None:
    row = talk()

    answer = desk.post(f"/inbox/{row.pk}/state/", {"to": "snoozed", "until": until})

    assert answer.status_code == 422
    assert Conversation.objects.get().state == State.OPEN


def test_it_is_unread_again_for_the_whole_team(desk: Client, talk: Talk) -> None:
    row = talk("One", "Two")
    desk.get(f"/inbox/{row.pk}/")

    answer = desk.post(f"/inbox/{row.pk}/state/", {"to": "unread"})

    assert answer.url == "/inbox/"  # opening it would read it
    assert Conversation.objects.get().unread == 1


def test_undo_is_ones_own_and_fresh_and_leaves_what_moved_on(desk: Client, talk: Talk, ben: User) -> None:
    row = talk()
    page = desk.post(f"/inbox/{row.pk}/state/", {"to": "done"}, follow=True).text
    address = "/inbox/undo/" + page.split('action="/inbox/undo/')[1].split('"')[0]

    assert client_of(ben).post(address).status_code == 404
    Conversation.objects.update(state=State.OPEN)
    assert "Too late" in desk.post(address, follow=True).text


# --- what the team knows ---


def test_labels_are_ticked_and_made(desk: Client, talk: Talk, workspace: Workspace) -> None:
    row = talk()
    order, foreign = LabelFactory.create(workspace=workspace, name="Order"), LabelFactory.create()

    desk.post(f"/inbox/{row.pk}/labels/", {"label": [order.pk, foreign.pk], "new": " Cake  day "})
    assert {label.name for label in row.labels.all()} == {"Order", "Cake day"}

    desk.post(f"/inbox/{row.pk}/labels/", {"new": "ORDER"})
    assert {label.name for label in row.labels.all()} == {"Order"}
    assert Label.objects.filter(workspace=workspace).count() == 2


def test_notes_are_the_teams(desk: Client, talk: Talk) -> None:
    row = talk()

    desk.post(f"/inbox/{row.pk}/note/", {"text": "10 % off"})
    empty = desk.post(f"/inbox/{row.pk}/note/", {"text": " "})

    assert row.notes.get().text == "10 % off"
    assert empty.status_code == 422
    assert "Write something first." in empty.text


def test_what_the_team_knows_of_a_person_is_kept(desk: Client, talk: Talk, cho: User) -> None:
    row = talk()
    address = f"/inbox/people/{row.person_id}/note/?conversation={row.pk}"

    answer = desk.post(address, {"note": "Allergic to nuts"})

    assert answer.url.startswith(f"/inbox/{row.pk}/")
    assert "Allergic to nuts" in desk.get(f"/inbox/{row.pk}/").text
    assert client_of(cho).post(address, {"note": "x"}).status_code == 404


def test_only_what_the_network_offers_is_offered(desk: Client, talk: Talk, workspace: Workspace) -> None:
    hides = talk("Buy pills", account=AccountFactory.create(workspace=workspace, platform_name="facebook"))
    likes = talk("Lovely")

    page, other = (desk.get(f"/inbox/{row.pk}/").text for row in (hides, likes))

    assert 'name="action" value="hide"' in page
    assert 'name="action" value="hide"' not in other
    assert 'name="action" value="like"' in other


def test_an_action_that_is_not_offered_changes_nothing(desk: Client, talk: Talk) -> None:
    row = talk()

    desk.post(f"/inbox/messages/{row.messages.get().pk}/moderate/", {"action": "hide"})

    assert not row.messages.get().is_hidden


# --- many at once ---


@pytest.mark.parametrize("press", ["done", "read", "assign", "label"])
def test_what_is_pressed_is_done_with_all_that_are_ticked(
    desk: Client, talk: Talk, workspace: Workspace, ben: User, press: str
) -> None:
    ticked, left = [talk(), talk()], talk()
    foreign = ConversationFactory.create(said=["Elsewhere"])
    label = LabelFactory.create(workspace=workspace)
    form = {"press": press, "assignee": ben.pk, "label": label.pk}

    answer = desk.post(
        "/inbox/bulk/?kind=comment", {**form, "conversation": [row.pk for row in (*ticked, foreign)]}
    )

    assert answer.url == "/inbox/?show=open&kind=comment"
    changed = {
        "done": Conversation.objects.filter(state=State.DONE),
        "read": Conversation.objects.filter(unread=0),
        "assign": Conversation.objects.filter(assignee=ben),
        "label": label.conversations.all(),
    }[press]
    assert set(changed) == set(ticked)
    assert left not in changed


def test_a_press_for_many_is_taken_back_as_a_whole(desk: Client, talk: Talk) -> None:
    rows = [talk(), talk(state=State.SNOOZED, snoozed_until=now() + timedelta(hours=4))]

    page = desk.post(
        "/inbox/bulk/", {"press": "done", "conversation": [row.pk for row in rows]}, follow=True
    ).text
    desk.post("/inbox/undo/" + page.split('action="/inbox/undo/')[1].split('"')[0])

    assert set(Conversation.objects.values_list("state", flat=True)) == {State.OPEN, State.SNOOZED}


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"press": "done"}, "Tick the conversations first."),
        ({"press": "explode"}, "Choose what shall happen."),
        ({"press": "label", "conversation": ["1"]}, "Choose a label."),
        ({"press": "assign", "conversation": ["1"], "assignee": "x"}, "not in this workspace any more"),
        ({"press": "done", "conversation": ["9" * 30]}, "Tick the conversations first."),
    ],
)
def test_a_press_that_makes_no_sense_is_told(desk: Client, form: dict[str, object], sentence: str) -> None:
    answer = desk.post("/inbox/bulk/", form)

    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_bulk_give_to_an_onlooker_is_refused(desk: Client, talk: Talk, vic: User) -> None:
    row = talk()

    answer = desk.post("/inbox/bulk/", {"press": "assign", "assignee": vic.pk, "conversation": [row.pk]})

    assert answer.status_code == 422
    assert Conversation.objects.get().assignee is None


def test_an_answer_rings_for_a_sender(
    desk: Client, talk: Talk, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        desk.post(f"/inbox/{talk().pk}/reply/", {"text": "Yes"})

    assert "inbox.tasks.send_replies" in {task.func() for task in OrmQ.objects.all()}


def test_a_member_who_left_is_offered_no_more(desk: Client, talk: Talk, workspace: Workspace) -> None:
    gone = MembershipFactory.create(user__name="Zed Gone", user__is_active=False, workspace=workspace)

    assert gone.user.name not in desk.get(f"/inbox/{talk().pk}/").text


def test_an_address_that_others_give_is_followed_on_the_web_alone(desk: Client, talk: Talk) -> None:
    row = talk()
    Message.objects.update(
        attachments=["javascript:alert(1)", "https://example.org/cake.jpg"], permalink="data:x"
    )

    page = desk.get(f"/inbox/{row.pk}/").text

    assert "javascript:" not in page
    assert 'href="data:' not in page
    assert 'href="https://example.org/cake.jpg" rel="noopener noreferrer"' in page
