"""Saved replies, labels and rules: made, changed, refused, tried on last week."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import client_of
from accounts.models import Account, User, Workspace
from inbox.factories import (
    LabelFactory,
    MessageFactory,
    ReplyRuleFactory,
    SavedReplyFactory,
)
from inbox.models import Conversation, Label, Reply, ReplyRule, SavedReply

pytestmark = pytest.mark.django_db
Talk = Callable[..., Conversation]
RULE = {"name": "Hours", "words": "open, opening hours, open", "reply": "From seven, {name}.", "pause": "24"}


# --- saved replies ---


def test_a_saved_reply_is_made_changed_and_deleted(desk: Client, workspace: Workspace) -> None:
    desk.post("/inbox/replies/new/", {"name": "Hours", "text": "Hello {name}"})
    row = SavedReply.objects.get()
    desk.post(f"/inbox/replies/{row.pk}/", {"name": "Opening hours", "text": "Hi {handle}"})

    row.refresh_from_db()
    assert (row.name, row.text, row.workspace) == ("Opening hours", "Hi {handle}", workspace)
    assert "Hi {handle}" in desk.get("/inbox/replies/").text
    desk.post(f"/inbox/replies/{row.pk}/delete/")
    assert "No saved reply yet" in desk.get("/inbox/replies/").text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": "", "text": "x"}, "This field is required."),
        ({"name": "hours", "text": "x"}, "There is one of this name already."),
        ({"name": "New", "text": "Hello {friend}"}, "{friend} is no variable."),
    ],
)
def test_a_wrong_saved_reply_comes_back(
    desk: Client, workspace: Workspace, form: dict[str, str], sentence: str
) -> None:
    SavedReplyFactory.create(workspace=workspace, name="Hours")
    SavedReplyFactory.create(name="New")  # of another workspace: no obstacle

    answer = desk.post("/inbox/replies/new/", form)

    assert answer.status_code == 422
    assert sentence in answer.text


# --- labels ---


def test_a_label_is_made_counted_and_deleted(desk: Client, talk: Talk) -> None:
    desk.post("/inbox/labels/new/", {"name": "Order", "colour": "violet"})
    label = Label.objects.get()
    talk().labels.add(label)
    talk(state="done").labels.add(label)

    assert "1 open of 2" in desk.get("/inbox/labels/").text
    assert "2 conversations lose this label" in desk.get(f"/inbox/labels/{label.pk}/delete/").text
    desk.post(f"/inbox/labels/{label.pk}/delete/")
    assert not Label.objects.exists()
    assert Conversation.objects.count() == 2


def test_a_label_has_one_of_our_colours(desk: Client) -> None:
    assert desk.post("/inbox/labels/new/", {"name": "Order", "colour": "#f00"}).status_code == 422


# --- rules ---


def test_a_rule_is_made_off_and_switched_on(desk: Client, account: Account, workspace: Workspace) -> None:
    desk.post(
        "/inbox/rules/new/", {**RULE, "accounts": [account.pk], "kinds": ["comment"], "days": ["0", "6"]}
    )

    rule = ReplyRule.objects.get()
    assert (rule.words, rule.kinds, rule.days, rule.is_on) == (
        ["open", "opening hours"],
        ["comment"],
        [0, 6],
        False,
    )
    assert (rule.pause, list(rule.accounts.all())) == (timedelta(days=1), [account])
    page = desk.get("/inbox/rules/").text
    assert "with “open”, “opening hours”" in page
    desk.post(f"/inbox/rules/{rule.pk}/switch/", {"is_on": "1"})
    assert ReplyRule.objects.get().is_on
    assert 'value="open, opening hours"' in desk.get(f"/inbox/rules/{rule.pk}/").text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"reply": ""}, "Say what the rule does"),
        ({"reply": "See {friend}"}, "{friend} is no variable."),
        ({"from_time": "09:00"}, "Give both times, or none."),
        ({"is_outside_hours": "on"}, "Say which hours are meant."),
        ({"most_stars": "9"}, "Select a valid choice."),
        ({"name": "hours"}, "There is one of this name already."),
    ],
)
def test_a_wrong_rule_comes_back(
    desk: Client, workspace: Workspace, form: dict[str, str], sentence: str
) -> None:
    ReplyRuleFactory.create(workspace=workspace, name="Hours")

    answer = desk.post("/inbox/rules/new/", {**RULE, "name": "Another", **form})

    assert answer.status_code == 422
    assert sentence in answer.text
    assert ReplyRule.objects.count() == 1


def test_the_list_says_whether_rules_answer_and_leads_to_the_switch(
    desk: Client, workspace: Workspace, ben: User
) -> None:
    ReplyRuleFactory.create(workspace=workspace)

    running = desk.get("/inbox/rules/").text
    Workspace.objects.update(auto_reply=False)
    stopped, of_editor = desk.get("/inbox/rules/").text, client_of(ben).get("/inbox/rules/").text

    switch = "/accounts/settings/workspace/#id_workspace-auto_reply"
    assert "Stop all answers by rules" in running
    assert "Switch it on" in stopped
    assert [switch in page for page in (running, stopped, of_editor)] == [True, True, False]
    assert "switched off for this workspace" in of_editor
    assert 'id="id_workspace-auto_reply"' in desk.get(switch).text


def test_a_rule_takes_nothing_of_another_workspace(desk: Client, vic: User, cho: User) -> None:
    foreign = LabelFactory.create()

    for field in ({"label": foreign.pk}, {"assignee": cho.pk}, {"assignee": vic.pk}, {"accounts": [10**9]}):
        assert desk.post("/inbox/rules/new/", {**RULE, **field}).status_code == 422


def test_rules_are_put_in_order(desk: Client, workspace: Workspace) -> None:
    rows = [ReplyRuleFactory.create(workspace=workspace, name=name) for name in "ABC"]

    desk.post(f"/inbox/rules/{rows[2].pk}/move/", {"to": "up"})
    desk.post(f"/inbox/rules/{rows[0].pk}/move/", {"to": "down"})
    desk.post(f"/inbox/rules/{rows[2].pk}/move/", {"to": "up"})

    assert [rule.name for rule in ReplyRule.objects.all()] == ["C", "A", "B"]


def test_a_rule_is_tried_on_last_week_and_sends_nothing(
    desk: Client, talk: Talk, workspace: Workspace
) -> None:
    talk("When do you open?", name="Ana Lopes")
    talk("Lovely bread")
    MessageFactory.create(conversation=talk(), text="open long ago", created_at=now() - timedelta(days=9))
    rule = ReplyRuleFactory.create(
        workspace=workspace, words=["open"], reply="From seven, {name}.", is_on=False
    )

    page = desk.get(f"/inbox/rules/{rule.pk}/try/").text

    assert "It would have met 1 message" in page
    assert "From seven, Ana Lopes." in page
    assert "open long ago" not in page
    assert not Reply.objects.exists()


def test_a_rule_that_met_nothing_says_so(desk: Client, workspace: Workspace) -> None:
    rule = ReplyRuleFactory.create(workspace=workspace)

    assert "It would have met nothing" in desk.get(f"/inbox/rules/{rule.pk}/try/").text


@pytest.mark.parametrize("path", ["replies", "labels", "rules"])
def test_an_onlooker_reads_and_changes_nothing(vic: User, workspace: Workspace, path: str) -> None:
    SavedReplyFactory.create(workspace=workspace)
    LabelFactory.create(workspace=workspace)
    ReplyRuleFactory.create(workspace=workspace)
    browser = client_of(vic)

    assert "Edit" not in browser.get(f"/inbox/{path}/").text
    assert browser.get(f"/inbox/{path}/new/").status_code == 403


@pytest.mark.parametrize("path", ["replies", "labels", "rules"])
def test_lists_cost_the_same_however_much_there_is(
    desk: Client, workspace: Workspace, django_assert_num_queries: DjangoAssertNumQueries, path: str
) -> None:
    for n in range(12):
        SavedReplyFactory.create(workspace=workspace)
        LabelFactory.create(workspace=workspace)
        ReplyRuleFactory.create(workspace=workspace, name=str(n))
    desk.get(f"/inbox/{path}/")

    with django_assert_num_queries(5 if path == "rules" else 4):
        page = desk.get(f"/inbox/{path}/")

    assert len(page.content) < 100_000
