"""Mastodon.py, a client that somebody else wrote, against the twin: what it can do, ours can, and back."""

import io
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from mastodon import Mastodon as MastodonPy
from mastodon.errors import (
    MastodonAPIError,
    MastodonIllegalArgumentError,
    MastodonNotFoundError,
    MastodonUnauthorizedError,
)
from PIL import Image

from platforms.base import Connection
from platforms.content import App, Published, Token
from platforms.ledger import MemoryLedger
from platforms.mastodon import Mastodon
from platforms.sandbox.models import Entry, Person
from platforms.tests.files import film_bytes
from platforms.tests.mastodon_world import publish, speaking_for
from platforms.transport import Transport

CALLBACK = "http://127.0.0.1:9/callback"
pytestmark = pytest.mark.django_db(transaction=True)


def logged_in(home: str) -> tuple[MastodonPy, str]:
    """Registered, allowed on the consent page, and with its token."""
    client_id, secret = MastodonPy.create_app(
        "Somebody else's", scopes=["read", "write"], redirect_uris=CALLBACK, api_base_url=home
    )
    client = MastodonPy(client_id=client_id, client_secret=secret, api_base_url=home)
    url = client.auth_request_url(
        redirect_uris=CALLBACK, scopes=["read", "write"], state="s-1", allow_http=True
    )
    person = Person.objects.get(network="mastodon", handle="tomas")
    pressed = Browser().post(url[url.index("/sandbox") :], {"person": person.pk, "answer": "allow"})
    code = parse_qs(urlsplit(pressed["Location"]).query)["code"][0]
    token = client.log_in(code=code, redirect_uri=CALLBACK, scopes=["read", "write"], allow_http=True)
    return client, str(token)


@pytest.fixture
def home(sandbox: str) -> str:
    return f"{sandbox}/sandbox/mastodon"


@pytest.fixture
def other(home: str) -> MastodonPy:
    return logged_in(home)[0]


def picture(colour: str = "#b4552d") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(content, "PNG")
    return content.getvalue()


def test_it_learns_who_it_is_and_where(other: MastodonPy, home: str) -> None:
    me = other.account_verify_credentials()
    server = other.instance()

    assert (me.username, me.display_name) == ("tomas", "Tomás Rivera")
    assert server.configuration.statuses.max_characters == 500
    assert other.app_verify_credentials().name == "Somebody else's"


def test_it_posts_with_pictures(other: MastodonPy, tmp_path: Path) -> None:
    file = tmp_path / "lamp.png"
    file.write_bytes(picture())
    first = other.media_post(str(file), description="A lamp")
    second = other.media_post(picture("#2d7fb4"), mime_type="image/png", description="Another")

    status = other.status_post(
        "Lamps #upcycling https://example.org/lamps", media_ids=[first, second], language="en"
    )

    assert [medium.description for medium in status.media_attachments] == ["A lamp", "Another"]
    assert [tag.name for tag in status.tags] == ["upcycling"]
    assert other.status(status.id).content == status.content
    entry = Entry.objects.get(remote_id=status.id)
    assert entry.text == "Lamps #upcycling https://example.org/lamps"
    assert [upload.alt for upload in entry.pictures] == ["A lamp", "Another"]


def test_it_threads_reads_and_deletes(other: MastodonPy) -> None:
    first = other.status_post("One", visibility="public", spoiler_text="Counting")
    second = other.status_post("Two", in_reply_to_id=first, visibility="unlisted")

    context = other.status_context(first)
    own = other.account_statuses(other.me(), limit=5)

    assert [status.id for status in context.descendants] == [second.id]
    assert [status.id for status in own] == [second.id, first.id]
    assert (own[1].spoiler_text, own[1].sensitive, own[0].in_reply_to_id) == ("Counting", True, first.id)
    assert other.status_source(first).text == "One"
    other.status_delete(second)
    with pytest.raises(MastodonNotFoundError):
        other.status(second)


def test_it_posts_a_video_once_it_is_processed(other: MastodonPy) -> None:
    video = other.media_post(film_bytes(), mime_type="video/mp4", description="Loaves in an oven")
    with pytest.raises(MastodonAPIError, match="not finished processing"):
        other.status_post("Too early", media_ids=[video])
    while video.url is None:
        video = other.media(video)

    [shown] = other.status_post("It rises", media_ids=[video]).media_attachments

    assert (video.type, shown.description) == ("video", "Loaves in an oven")
    assert (shown.meta.original.width, shown.meta.original.height) == (540, 960)
    assert round(shown.meta.original.duration) == 3


def test_it_asks_and_others_vote(other: MastodonPy, sandbox: str) -> None:
    asked = publish(speaking_for(sandbox), "Which?", poll_options=["Rye", "Spelt"], poll_multiple=True)

    poll = other.poll_vote(other.status(asked.remote_id).poll, [0, 1])
    own = other.status_post(
        "Yes?", poll=other.make_poll(["Yes", "No"], expires_in=3600, hide_totals=True)
    ).poll

    assert [option.votes_count for option in poll.options] == [1, 1]
    assert (poll.voted, poll.own_votes, poll.multiple) == (True, [0, 1], True)
    assert ([option.title for option in own.options], own.options[0].votes_count) == (["Yes", "No"], None)
    with pytest.raises(MastodonAPIError, match="already voted"):
        other.poll_vote(poll, [0])


def test_it_changes_a_post(other: MastodonPy) -> None:
    first = other.status_post("Lapms", media_ids=[other.media_post(picture(), mime_type="image/png")])

    changed = other.status_update(first, "Lamps", media_ids=first.media_attachments)

    assert (changed.content, changed.edited_at is not None) == ("<p>Lamps</p>", True)
    assert [medium.id for medium in changed.media_attachments] == [first.media_attachments[0].id]


def test_it_finds_and_quotes(other: MastodonPy, sandbox: str) -> None:
    theirs = publish(speaking_for(sandbox), "We open at seven")
    [found] = other.search_v2(theirs.permalink, result_type="statuses", resolve=True).statuses

    quote = other.status_post("Early birds!", quoted_status_id=found)

    assert (quote.quote.state, quote.quote.quoted_status.id) == ("accepted", theirs.remote_id)
    assert quote.quote_approval.automatic == ["public"]


def test_the_two_talk_with_each_other(other: MastodonPy, sandbox: str) -> None:
    ours = speaking_for(sandbox)
    post = publish(ours, "We open at seven")
    other.status_reply(other.status(post.remote_id), "On Sundays too?")
    [question] = ours.messages({}, [post]).messages

    ours.reply(question, "At eight", MemoryLedger())
    ours.moderate(question, "like")

    told = other.notifications(types=["mention", "favourite"])
    assert question.text == "On Sundays too?"
    assert [notification.type for notification in told] == ["favourite", "mention"]
    assert "At eight" in told[1].status.content
    assert other.notifications(types=["mention"], min_id=told[1]) == []


def test_it_sees_numbers_as_ours_does(other: MastodonPy, sandbox: str) -> None:
    ours = speaking_for(sandbox)
    post = publish(ours, "We open at seven")

    status = other.status_favourite(post.remote_id)

    assert (status.favourited, status.favourites_count) == (True, 1)
    assert ours.post_metrics(post).values["likes"] == 1
    assert other.status_unfavourite(post.remote_id).favourites_count == 0


def test_it_pages_through_its_posts(other: MastodonPy) -> None:
    ids = [other.status_post(f"Post {number}").id for number in range(5)]

    first = other.account_statuses(other.me(), limit=2)
    second = other.fetch_next(first)

    assert [status.id for status in [*first, *second]] == ids[:0:-1]


def test_the_same_key_is_the_same_post(other: MastodonPy) -> None:
    once = other.status_post("Once", idempotency_key="k-1")
    again = other.status_post("Once, again", idempotency_key="k-1")

    assert once.id == again.id
    assert Entry.objects.count() == 1


def test_it_is_refused_as_it_knows_it(other: MastodonPy) -> None:
    with pytest.raises(MastodonAPIError, match="character limit of 500"):
        other.status_post("x" * 501)
    with pytest.raises(MastodonAPIError, match="content type is invalid"):
        other.media_post(b"MZ", mime_type="image/png")
    other.revoke_access_token(allow_http=True)
    with pytest.raises((MastodonUnauthorizedError, MastodonIllegalArgumentError)):
        other.account_verify_credentials()


def test_what_one_client_posts_the_other_deletes(home: str, sandbox: str) -> None:
    other, token = logged_in(home)
    transport = Transport(allow=frozenset({urlsplit(sandbox).netloc}))
    ours = Mastodon(Connection(App("", "", api_url=home, auth_url=home), transport, Token(token)))
    status = other.status_post("From elsewhere")

    ours.delete(Published(status.id, status.url))

    assert other.account_statuses(other.me()) == []
    assert ours.profiles()[0].handle.startswith("@tomas@")
