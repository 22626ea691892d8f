"""A client that somebody else wrote, `tweepy`, logs in, posts, reads and deletes on X's twin."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
import tweepy
from django.test import Client as Browser
from requests.adapters import HTTPAdapter

from platforms.sandbox.models import Entry, Person
from platforms.x import X

pytestmark = pytest.mark.django_db(transaction=True)


class Rerouted(HTTPAdapter):
    """Takes what is addressed to X to the sandbox; nothing else of the request is touched."""

    def __init__(self, home: str) -> None:
        super().__init__()
        self.home = home

    def send(self, request: requests.PreparedRequest, *args: object, **options: object) -> requests.Response:
        wanted = urlsplit(str(request.url))
        assert wanted.netloc == "api.twitter.com"
        request.url = self.home + urlunsplit(("", "", wanted.path, wanted.query, ""))
        return super().send(request, *args, **options)  # type: ignore[arg-type]


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
def client(sandbox: str, log_in: Callable[[], dict[str, str]]) -> tweepy.Client:
    client = tweepy.Client(log_in()["access_token"])
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
