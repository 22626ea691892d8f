"""What is sent, made from what was written."""

from collections.abc import Callable

import pytest
import time_machine
from PIL import Image

from accounts.models import Account, Membership, Workspace
from publishing.drafts import draft_for
from publishing.factories import PostFactory, picture, upload
from publishing.media import take_in
from publishing.models import Delivery, Media
from publishing.tests.pages.conftest import NOON

pytestmark = pytest.mark.django_db


def test_a_long_text_becomes_numbered_parts_with_the_pictures_on_the_first(
    member: Membership, workspace: Workspace, delivery: Callable[..., Delivery]
) -> None:
    media = take_in(member, upload())
    Media.objects.update(alt_text="A cake")
    post = PostFactory.create(workspace=workspace, text="One sentence of many. " * 4, media=[media])

    draft = draft_for(delivery(post=post))

    assert len(draft.parts) > 1
    assert draft.parts[0].text.endswith(f"1/{len(draft.parts)}")
    assert [part.alt for part in draft.parts[0].media] == ["A cake"]
    assert all(not part.media for part in draft.parts[1:])


def test_options_have_their_defaults(delivery: Callable[..., Delivery], terse: Account) -> None:
    draft = draft_for(delivery(account=terse, options={"audience": "friends"}))

    assert draft.options == {"audience": "friends", "quiet": False, "title": ""}


def test_an_own_text_wins_even_where_it_is_empty(delivery: Callable[..., Delivery], terse: Account) -> None:
    first = delivery("Ours")

    own = delivery(post=first.post, account=terse)
    Delivery.objects.filter(pk=own.pk).update(text="")

    assert draft_for(first).parts[0].text == "Ours"
    assert draft_for(Delivery.objects.get(pk=own.pk)).parts[0].text == ""


def test_pictures_are_made_fit_for_the_network(
    member: Membership, workspace: Workspace, delivery: Callable[..., Delivery], terse: Account
) -> None:
    media = take_in(member, upload(content=picture((400, 200))))
    post = PostFactory.create(workspace=workspace, media=[media])

    [sent] = draft_for(delivery(post=post, account=terse)).parts[0].media

    assert (sent.width, sent.height) == (100, 50)
    assert Image.open(sent.open()).size == (100, 50)


def test_key_and_moment_are_the_same_in_every_try(delivery: Callable[..., Delivery]) -> None:
    row = delivery(publishing=True, started_at=NOON)

    first = draft_for(row)
    with time_machine.travel(NOON.replace(year=2031)):
        again = draft_for(Delivery.objects.get(pk=row.pk))

    assert (first.key, first.created_at) == (again.key, again.created_at) == (first.key, NOON)


def test_two_deliveries_never_share_a_key(delivery: Callable[..., Delivery], terse: Account) -> None:
    first = delivery()
    second = delivery(post=first.post, account=terse)
    third = delivery()

    assert len({draft_for(row).key for row in (first, second, third)}) == 3
