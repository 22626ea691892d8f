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
from platforms.mastodon import Mastodon
from platforms.sandbox.models import Entry, Person
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
