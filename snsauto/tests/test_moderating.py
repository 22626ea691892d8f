"""A comment is liked, hidden and deleted from the inbox's page and from a program, at a network over HTTP."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.factories import client_of
from accounts.models import ApiToken, AuditEvent, User, Workspace
from inbox.models import Message
from inbox.tests.engine.desk import Desk
from platforms.sandbox.models import Note
from platforms.tests.conftest import shelf
from platforms.tests.contract.drafts import Shelf

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["shelf"]
Press = Callable[[str], int]


def by_page(user: User, message: Message) -> Press:
    browser = client_of(user)
    return lambda action: (
        browser.post(f"/inbox/messages/{message.pk}/moderate/", {"action": action}).status_code
    )


def by_program(user: User, message: Message) -> Press:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.issue(user.memberships.get(), 'a test')[1]}")
    return lambda action: (
        client.post(f"/api/v1/messages/{message.pk}/moderate/", {"action": action}).status_code
    )


@pytest.mark.parametrize(("way", "answer"), [(by_page, 302), (by_program, 200)])
def test_a_comment_is_liked_hidden_and_deleted(
    sandbox: str, workspace: Workspace, shelf: Shelf, ada: User, way: Callable[..., Press], answer: int
) -> None:
    desk = Desk.of("facebook", sandbox, workspace)
    desk.publish(shelf)
    desk.listen()
    note = desk.write("comment")
    desk.read()
    [message] = desk.messages()
    press = way(ada, message)

    for action in ("like", "hide", "delete"):
        assert press(action) == answer

    note, message = Note.objects.get(pk=note.pk), Message.objects.get(pk=message.pk)
    assert note.deleted_at is not None
    assert (message.is_liked, message.is_hidden, message.text) == (True, True, "")
    assert message.deleted_at is not None
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions)[-3:] == ["message.like", "message.hide", "message.delete"]
