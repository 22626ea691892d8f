"""A client that somebody else wrote, `tweepy`, logs in, posts, reads and deletes on X's twin."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
import tweepy
from django.test import Client as Browser
from requests.adapters import HTTPAdapter

from platforms.sandbox.models import Entry, Note, Person
from platforms.sandbox.x import arrive
from platforms.tests.files import film_bytes
from platforms.x import X

pytestmark = pytest.mark.django_db(transaction=True)


UPLOADS = "https://upload.twitter.com"  # of API v1.1, which X switched off; v2 takes the same commands


class Rerouted(HTTPAdapter):
    """Takes what is addressed to X to the sandbox; nothing else of the request is touched.

    tweepy uploads by API v1.1, whose answers are those of v2 without the `data` around them.
    """

    def __init__(self, home: str) -> None:
        super().__init__()
        self.home = home

    def send(self, request: requests.PreparedRequest, *args: object, **options: object) -> requests.Response:
        wanted = urlsplit(str(request.url))
        assert wanted.netloc in {"api.twitter.com", urlsplit(UPLOADS).netloc}
        path = wanted.path.replace("/1.1/media/upload.json", "/2/media/upload")
        request.url = self.home + urlunsplit(("", "", path, wanted.query, ""))
        response = super().send(request, *args, **options)  # type: ignore[arg-type]
        if path != wanted.path and response.ok:
            told = response.json()["data"]
            response._content = json.dumps({**told, "media_id": int(told.get("id", 0))}).encode()
        return response


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="x", handle="hafenbaecker")


@pytest.fixture
def log_in(sandbox: str, baker: Person) -> Callable[[], dict[str, str]]:
    """The whole way through the consent page; the token that tweepy was given."""

    def run() -> dict[str, str]:
        handler = tweepy.OAuth2UserHandler(
            client_id="sandbox",
            client_secret="sandbox-secret",
            redirect_uri="https://127.0.0.1/callback",
            scope=list(X.scopes),
        )
        handler.mount("https://", Rerouted(f"{sandbox}/sandbox/x"))
        asked = urlsplit(handler.get_authorization_url())
        pressed = Browser().post(
            f"/sandbox/x{asked.path}?{asked.query}", {"person": baker.pk, "answer": "allow"}
        )
        return dict(handler.fetch_token(pressed["Location"]))

    return run


@pytest.fixture
def token(log_in: Callable[[], dict[str, str]]) -> str:
    return log_in()["access_token"]


@pytest.fixture
def client(sandbox: str, token: str) -> tweepy.Client:
    client = tweepy.Client(token)
    client.session.mount("https://", Rerouted(f"{sandbox}/sandbox/x"))
    return client


def test_it_logs_in_and_learns_who_it_is(client: tweepy.Client, baker: Person) -> None:
    me = client.get_me(user_auth=False, user_fields=["profile_image_url", "verified_type"])

    assert (str(me.data.id), me.data.username, me.data.name) == (baker.remote_id, baker.handle, baker.name)


def test_it_refreshes_its_token(sandbox: str, log_in: Callable[[], dict[str, str]]) -> None:
    old = log_in()
    handler = tweepy.OAuth2UserHandler(
        client_id="sandbox", client_secret="sandbox-secret", redirect_uri="", scope=list(X.scopes)
    )
    handler.mount("https://", Rerouted(f"{sandbox}/sandbox/x"))

    new = handler.refresh_token(
        "https://api.twitter.com/2/oauth2/token", refresh_token=old["refresh_token"], auth=handler.auth
    )

    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]


def test_it_posts_a_thread_and_reads_it_back(client: tweepy.Client, baker: Person) -> None:
    first = client.create_tweet(text="Rye & oats https://example.com", user_auth=False)
    second = client.create_tweet(
        text="Two", in_reply_to_tweet_id=first.data["id"], reply_settings="following", user_auth=False
    )

    timeline = client.get_users_tweets(
        baker.remote_id,
        user_auth=False,
        tweet_fields=["created_at", "entities", "referenced_tweets"],
        expansions=["author_id"],
        start_time=datetime.now(UTC) - timedelta(minutes=1),
        max_results=5,
    )

    newer, older = timeline.data
    assert (str(newer.id), str(older.id)) == (second.data["id"], first.data["id"])
    assert str(newer.referenced_tweets[0].id) == first.data["id"]
    assert older.entities["urls"][0]["expanded_url"] == "https://example.com"
    assert older.text.startswith("Rye &amp; oats https://t.co/")
    assert timeline.includes["users"][0].username == "hafenbaecker"
    assert older.created_at <= datetime.now(UTC)


def test_it_looks_up_several_at_once(client: tweepy.Client) -> None:
    post = client.create_tweet(text="One", user_auth=False).data["id"]

    found = client.get_tweets([post, "99"], user_auth=False)

    assert [str(tweet.id) for tweet in found.data] == [post]
    assert found.errors[0]["resource_id"] == "99"


def test_it_deletes(client: tweepy.Client) -> None:
    post = client.create_tweet(text="One", user_auth=False).data["id"]

    assert client.delete_tweet(post, user_auth=False).data == {"deleted": True}
    assert not Entry.objects.filter(deleted_at=None).exists()


def test_it_is_told_of_duplicates_and_limits(client: tweepy.Client, baker: Person) -> None:
    baker.facts = {"limits": {"POST /2/tweets": 2}}
    baker.save()
    client.create_tweet(text="One", user_auth=False)

    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        client.create_tweet(text="One", user_auth=False)
    with pytest.raises(tweepy.TooManyRequests) as error:
        client.create_tweet(text="Two", user_auth=False)

    assert error.value.reset_time


def test_it_uploads_a_video_in_segments_and_posts_it(
    sandbox: str, token: str, client: tweepy.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    old = tweepy.API(tweepy.OAuth2BearerHandler(token))
    old.session.mount("https://", Rerouted(f"{sandbox}/sandbox/x"))

    media = old.chunked_upload(
        "oven.mp4",
        file=io.BytesIO(film_bytes()),
        file_type="video/mp4",
        media_category="tweet_video",
        wait_for_async_finalize=True,
    )
    client.create_tweet(text="The oven", media_ids=[media.media_id], user_auth=False)

    [upload] = Entry.objects.get().pictures
    assert bytes(upload.content) == film_bytes()
    assert upload.content_type == "video/mp4"


def test_it_asks_and_reads_how_people_voted(client: tweepy.Client) -> None:
    post = client.create_tweet(
        text="Which?", poll_options=["Rye", "Spelt"], poll_duration_minutes=60, user_auth=False
    )

    found = client.get_tweet(
        post.data["id"], user_auth=False, expansions="attachments.poll_ids", poll_fields=["voting_status"]
    )

    [poll] = found.includes["polls"]
    assert [option["label"] for option in poll.options] == ["Rye", "Spelt"]
    assert poll.voting_status == "open"


def test_it_quotes(client: tweepy.Client) -> None:
    post = client.create_tweet(text="We are there", quote_tweet_id="1860412340998877185", user_auth=False)

    found = client.get_tweet(post.data["id"], user_auth=False, tweet_fields=["referenced_tweets"])

    assert found.data.referenced_tweets[0].type == "quoted"


def test_it_reads_mentions_answers_hides_and_likes(client: tweepy.Client, baker: Person) -> None:
    mina = Person.objects.get(network="x", handle="minaworks")
    post = client.create_tweet(text="Rye at six", user_auth=False).data["id"]
    note = arrive("comment", baker, mina, "Warm?", Entry.objects.get(remote_id=post))

    found = client.get_users_mentions(
        baker.remote_id,
        user_auth=False,
        expansions=["author_id"],
        tweet_fields=["conversation_id"],
        max_results=5,
    )
    client.create_tweet(text="Still warm", in_reply_to_tweet_id=found.data[0].id, user_auth=False)
    client.hide_reply(found.data[0].id, user_auth=False)
    client.like(found.data[0].id, user_auth=False)

    note.refresh_from_db()
    assert str(found.data[0].conversation_id) == post
    assert found.includes["users"][0].username == "minaworks"
    assert (note.is_hidden, note.likes) == (True, 1)
    assert Entry.objects.get(text="Still warm").body["text"] == "@minaworks Still warm"


def test_it_writes_and_reads_messages(client: tweepy.Client, baker: Person) -> None:
    mina = Person.objects.get(network="x", handle="minaworks")
    arrive("direct", baker, mina, "Hi")

    sent = client.create_direct_message(participant_id=mina.remote_id, text="Good morning", user_auth=False)
    found = client.get_direct_message_events(
        dm_conversation_id=sent.data["dm_conversation_id"], user_auth=False, dm_event_fields=["sender_id"]
    )

    assert [event.text for event in found.data] == ["Good morning", "Hi"]
    assert str(found.data[0].sender_id) == baker.remote_id
    assert Note.objects.filter(author=baker, person=mina).count() == 1


def test_it_reads_the_owners_numbers(client: tweepy.Client) -> None:
    post = client.create_tweet(text="Rye", user_auth=False).data["id"]
    Entry.objects.update(created_at=datetime.now(UTC) - timedelta(days=2))

    found = client.get_tweet(post, user_auth=False, tweet_fields=["public_metrics", "non_public_metrics"])

    assert found.data.public_metrics["like_count"] > 0
    assert found.data.non_public_metrics["url_link_clicks"] > 0
