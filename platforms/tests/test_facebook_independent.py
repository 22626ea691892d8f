"""A client that somebody else wrote, Meta's `facebook-business`, posts to and reads from the twin."""

import io

import pytest
from facebook_business.adobjects.advideo import AdVideo
from facebook_business.adobjects.comment import Comment
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from platforms.facebook import Facebook
from platforms.sandbox import facebook as twin
from platforms.sandbox.models import Entry, Note, Person
from platforms.tests.connected import token_of
from platforms.tests.files import film_bytes, picture_bytes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bakery(sandbox: str) -> Person:
    return Person.objects.get(network="facebook", handle="morgenrotbakery")


@pytest.fixture
def user(sandbox: str, bakery: Person, monkeypatch: pytest.MonkeyPatch) -> FacebookAdsApi:
    """Meta's client with a person's token, its base address turned to the sandbox."""
    monkeypatch.setattr(FacebookSession, "GRAPH", f"{sandbox}/sandbox/facebook")
    token = token_of(Facebook, sandbox, bakery).access
    return FacebookAdsApi(FacebookSession("sandbox", "sandbox-secret", token))


@pytest.fixture
def baker(user: FacebookAdsApi) -> Page:
    """The Page, with the token that Meta's client read from the person's list."""
    [found] = User("me", api=user).get_accounts(fields=["name", "access_token"])
    session = FacebookSession("sandbox", "sandbox-secret", found["access_token"])
    return Page(found["id"], api=FacebookAdsApi(session))


def test_it_learns_what_was_allowed_and_which_pages_there_are(user: FacebookAdsApi, bakery: Person) -> None:
    permissions = User("me", api=user).get_permissions()
    [found] = User("me", api=user).get_accounts(fields=["name", "username", "followers_count"])

    assert {row["permission"] for row in permissions} == set(Facebook.scopes)
    assert (found["id"], found["name"], found["username"]) == (bakery.remote_id, bakery.name, bakery.handle)


def test_it_posts_reads_changes_and_deletes(baker: Page) -> None:
    made = baker.create_feed(params={"message": "Rye today", "link": "https://morgenrot.example/"})
    [read] = baker.get_published_posts(fields=["message", "permalink_url", "attachments"])
    assert (read["id"], read["message"]) == (made["id"], "Rye today")

    post = PagePost(made["id"], api=baker.get_api())
    post.api_update(params={"message": "Spelt today"})
    assert post.api_get(fields=["message"])["message"] == "Spelt today"

    post.api_delete()
    assert list(baker.get_published_posts(fields=["message"])) == []


def upload(baker: Page, edge: str, content: bytes, **params: object) -> str:
    files = {"source": io.BytesIO(content)}
    return str(baker.get_api().call("POST", (baker["id"], edge), params=params, files=files).json()["id"])


def test_it_posts_several_photos(baker: Page) -> None:
    staged = [
        upload(baker, "photos", picture_bytes(colour=colour), published=False, alt_text_custom=colour)
        for colour in ("peru", "olive")
    ]

    media = [{"media_fbid": photo} for photo in staged]
    baker.create_feed(params={"message": "Two", "attached_media": media})

    assert [photo.alt for photo in Entry.objects.get().pictures] == ["peru", "olive"]


def test_it_uploads_a_video(baker: Page) -> None:
    video = AdVideo(upload(baker, "videos", film_bytes(), description="Baking"), api=baker.get_api())

    looks = [video.api_get(fields=["status"])["status"]["video_status"] for _ in range(2)]

    assert looks == ["processing", "ready"]
    assert Entry.objects.get().text == "Baking"


def test_it_answers_likes_and_hides_comments(baker: Page, bakery: Person) -> None:
    made = baker.create_feed(params={"message": "Rye today"})
    jonas = Person.objects.get(handle="jonas.feld")
    note = twin.arrive("comment", bakery, jonas, "Open on Monday?")

    [read] = PagePost(made["id"], api=baker.get_api()).get_comments(fields=["message", "from"])
    Comment(read["id"], api=baker.get_api()).create_comment(params={"message": "From six"})
    Comment(read["id"], api=baker.get_api()).create_like()
    Comment(read["id"], api=baker.get_api()).api_update(params={"is_hidden": True})

    note.refresh_from_db()
    assert (read["from"]["name"], note.likes, note.is_hidden) == ("Jonas Feld", 1, True)
    assert Note.objects.get(author=bakery).parent_id == note.remote_id


def test_it_reads_insights_conversations_and_ratings(baker: Page, bakery: Person) -> None:
    amira = Person.objects.get(handle="amira.haddad")
    twin.arrive("direct", bakery, amira, "A table for two?")
    twin.arrive("review", bakery, amira, "The best rye in town")

    [views] = baker.get_insights(params={"metric": ["page_media_view"], "period": "day"})
    [talk] = baker.get_conversations(params={"platform": "messenger"}, fields=["participants", "snippet"])
    [review] = baker.get_ratings(fields=["review_text", "recommendation_type"])

    assert views["values"][-1]["value"] >= 0
    assert talk["snippet"] == "A table for two?"
    assert (review["review_text"], review["recommendation_type"]) == ("The best rye in town", "positive")


def test_it_understands_a_refusal(baker: Page) -> None:
    with pytest.raises(FacebookRequestError) as caught:
        baker.create_feed(params={"message": ""})

    assert caught.value.api_error_code() == 197
