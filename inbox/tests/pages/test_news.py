"""What changed since a page was drawn: told once, and cheap where nothing did."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import client_of
from accounts.models import Membership, User
from inbox.conversations import close, recount
from inbox.factories import ConversationFactory, MessageFactory
from inbox.models import Conversation
from inbox.news import Stamp

pytestmark = pytest.mark.django_db
Talk = Callable[..., Conversation]


def stamp_in(page: HttpResponse) -> str:
    found = re.search(r'data-since="([^"]+)"', page.text)
    assert found
    return found[1]


def news(desk: Client, since: str, **query: object) -> HttpResponse:
    return desk.get("/inbox/news/?" + urlencode({"since": since, **query}))


def settled(desk: Client) -> str:
    """A stamp after which nothing has changed."""
    return stamp_in(news(desk, stamp_in(desk.get("/inbox/"))))


def test_nothing_new_is_two_queries_and_no_body(
    desk: Client, talk: Talk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    talk()
    since = settled(desk)

    with django_assert_num_queries(2):
        answer = news(desk, since)

    assert (answer.status_code, answer.content) == (204, b"")


def test_an_empty_inbox_is_quiet_too(desk: Client) -> None:
    assert news(desk, settled(desk)).status_code == 204


def test_what_arrived_is_told_with_its_row(desk: Client, talk: Talk) -> None:
    row = talk("Hello")
    since = settled(desk)

    MessageFactory.create(conversation=row, text="Anybody there?")
    recount([row.pk])
    answer = news(desk, since)

    assert 'data-arrived="1"' in answer.text
    assert "1 new message" in answer.text
    assert "Anybody there?" in answer.text
    assert f'data-changed="{row.pk}"' in answer.text
    assert news(desk, stamp_in(answer)).status_code == 204


def test_what_fits_no_longer_is_told_as_gone(desk: Client, talk: Talk) -> None:
    row = talk()
    since = settled(desk)

    close(row)

    assert f'data-gone="{row.pk}"' in news(desk, since).text
    assert 'data-gone=""' in news(desk, since, show="all").text


def test_a_change_that_was_stamped_earlier_and_seen_later_is_not_missed(desk: Client, talk: Talk) -> None:
    late, early = talk("Late"), talk("Early")
    since = settled(desk)

    # its transaction began before the newest change and ended after it was told
    Conversation.objects.filter(pk=late.pk).update(changed_at=now() - timedelta(minutes=5))
    quiet = stamp_in(news(desk, since))
    Conversation.objects.filter(pk=late.pk).update(
        state="done", changed_at=Conversation.objects.get(pk=early.pk).changed_at - timedelta(seconds=3)
    )

    assert f'data-gone="{late.pk}"' in news(desk, quiet).text


def test_others_changes_are_no_news(desk: Client, talk: Talk) -> None:
    talk()
    since = settled(desk)

    ConversationFactory.create(said=["Elsewhere"])

    assert news(desk, since).status_code == 204


@pytest.mark.parametrize("since", ["", "x", "2030-01-01~x", "2030-13-01T00:00:00+00:00~1", "~"])
def test_a_stamp_that_is_none_is_answered_afresh(desk: Client, since: str) -> None:
    assert Stamp.read(since) is None
    assert news(desk, since).status_code == 200


def test_a_visitor_and_who_was_shut_out_learn_nothing(client: Client, ada: User, talk: Talk) -> None:
    talk()
    browser = client_of(ada)
    since = settled(browser)

    assert news(client, since).status_code == 302
    User.objects.filter(pk=ada.pk).update(password="another")
    assert news(browser, since).status_code == 302


def test_who_left_the_workspace_hears_nothing_of_it(ada: User, talk: Talk) -> None:
    row = talk("Confidential")
    browser = client_of(ada)
    since = settled(browser)

    Membership.objects.filter(user=ada).delete()
    recount([row.pk])

    assert "Confidential" not in news(browser, since).text
