"""Meta's own SDK, `facebook-business`, publishes, reads, comments and deletes on Instagram's twin."""

from typing import Any

import pytest
from facebook_business.adobjects.igcomment import IGComment
from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.iguser import IGUser
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from platforms.instagram import Instagram
from platforms.sandbox.models import Entry, Note, Person
from platforms.sandbox.visitor import allow
from platforms.tests.conftest import Shelf
from platforms.tests.connected import connected
from platforms.tests.files import film, picture
from platforms.tests.instagram_world import stranger

SECRET = "sandbox-secret"
LINKED = "instagram_business_account"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bakery(sandbox: str) -> Person:
    return Person.objects.get(network="instagram", handle="morgenrot.bakery")


@pytest.fixture
def ours(sandbox: str, bakery: Person) -> Instagram:
    return connected("instagram", sandbox, bakery)  # type: ignore[return-value]


def api(sandbox: str, token: str, secret: str = SECRET) -> FacebookAdsApi:
    session = FacebookSession("sandbox", secret, token)
    session.GRAPH = f"{sandbox}/sandbox/instagram"
    session.requests.verify = True
    return FacebookAdsApi(session)


@pytest.fixture
def theirs(sandbox: str, ours: Instagram) -> FacebookAdsApi:
    """Their client with the token that ours was given."""
    assert ours.token
    return api(sandbox, ours.token.access)


@pytest.fixture
def account(theirs: FacebookAdsApi, bakery: Person) -> IGUser:
    return IGUser(bakery.remote_id, api=theirs)


def publish(account: IGUser, **fields: Any) -> str:
    container = account.create_media(params=fields)
    while "IN_PROGRESS" in str(status := status_of(account, container["id"])):
        continue
    assert status == "FINISHED"
    return str(account.create_media_publish(params={"creation_id": container["id"]})["id"])


def status_of(account: IGUser, container: str) -> str:
    answer = account.get_api_assured().call("GET", (container,), params={"fields": "status_code"})
    return str(answer.json()["status_code"])


def test_it_learns_who_it_is(account: IGUser, bakery: Person) -> None:
    me = account.api_get(fields=["username", "followers_count", "media_count"])

    assert (me["username"], me["followers_count"], me["media_count"]) == (bakery.handle, 1840, 0)


def test_it_lists_the_pages_of_a_person(sandbox: str, bakery: Person) -> None:
    asked = stranger(sandbox).authorize("s", {"flavour": "facebook"})
    token = stranger(sandbox).exchange(allow(asked.url, bakery), asked.kept)

    pages = list(
        User("me", api=api(sandbox, token.access)).get_accounts(fields=["id", "instagram_business_account"])
    )

    assert [page.get("instagram_business_account", {}).get("id") for page in pages] == [
        bakery.remote_id,
        None,
    ]


def test_it_publishes_a_picture_with_everything(account: IGUser, shelf: Shelf) -> None:
    media = publish(
        account,
        image_url=shelf(picture()).url,
        caption="Rye #sourdough",
        alt_text="A loaf",
        user_tags=[{"username": "anneke.w", "x": 0.5, "y": 0.5}],
        collaborators=["kilnandclay"],
        location_id="7640348500",
    )

    seen = IGMedia(media, api=account.get_api_assured()).api_get(
        fields=["caption", "media_type", "permalink"]
    )
    assert (seen["caption"], seen["media_type"]) == ("Rye #sourdough", "IMAGE")
    assert Entry.objects.get().body["tagged"] == ["anneke.w"]


def test_it_publishes_a_carousel_and_a_reel(account: IGUser, shelf: Shelf) -> None:
    children = [
        account.create_media(params={"image_url": shelf(picture()).url, "is_carousel_item": True})["id"]
        for _ in range(2)
    ]

    publish(account, media_type="CAROUSEL", children=children, caption="Two")
    publish(account, media_type="REELS", video_url=shelf(film()).url, share_to_feed=True, thumb_offset="500")

    posts = account.get_media(fields=["media_type", "media_product_type"], params={"limit": 1})
    assert [(post["media_type"], post["media_product_type"]) for post in posts] == [
        ("VIDEO", "REELS"),
        ("CAROUSEL_ALBUM", "FEED"),
    ]


def test_it_reads_the_daily_limit_stories_and_numbers(account: IGUser, shelf: Shelf) -> None:
    publish(account, media_type="STORIES", image_url=shelf(picture()).url)

    [limit] = account.get_content_publishing_limit(fields=["quota_usage", "config"])
    stories = account.get_stories(fields=["media_product_type"])
    numbers = account.get_insights(
        params={"metric": ["reach"], "period": "day", "metric_type": "total_value"}
    )

    assert (limit["quota_usage"], limit["config"]["quota_total"]) == (1, 100)
    assert [story["media_product_type"] for story in stories] == ["STORY"]
    assert [number["name"] for number in numbers] == ["reach"]


def test_it_comments_replies_hides_and_deletes(account: IGUser, shelf: Shelf) -> None:
    media = IGMedia(publish(account, image_url=shelf(picture()).url), api=account.get_api_assured())

    comment = IGComment(media.create_comment(params={"message": "Warm"})["id"], api=account.get_api_assured())
    comment.create_reply(params={"message": "Very"})
    comment.api_update(params={"hide": True})

    assert [one["text"] for one in media.get_comments(fields=["text"])] == ["Warm"]
    assert [one["text"] for one in comment.get_replies(fields=["text"])] == ["Very"]
    assert Note.objects.get(text="Warm").is_hidden
    comment.api_delete()
    media.api_delete()
    assert not Entry.objects.filter(deleted_at=None).exists()


def test_it_reads_a_refusal_as_meta_words_it(account: IGUser, shelf: Shelf) -> None:
    with pytest.raises(FacebookRequestError) as error:
        account.create_media(params={"image_url": shelf(picture(kind="PNG")).url})

    assert (error.value.api_error_code(), error.value.api_error_subcode()) == (36001, 2207005)


def test_a_wrong_secret_shows_in_the_proof(sandbox: str, ours: Instagram, bakery: Person) -> None:
    assert ours.token
    with pytest.raises(FacebookRequestError, match="appsecret_proof"):
        IGUser(bakery.remote_id, api=api(sandbox, ours.token.access, "wrong")).api_get(fields=["username"])
