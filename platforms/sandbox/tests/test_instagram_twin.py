"""What Instagram's twin refuses, in Instagram's own words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from platforms.content import MediaFile
from platforms.sandbox import graph
from platforms.sandbox.instagram_wire import SCOPES
from platforms.sandbox.models import Entry, Grant, Note, Person, Upload
from platforms.tests.conftest import Shelf, shelf  # noqa: F401  (a fixture)
from platforms.tests.files import film, paper, picture
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
ROOT = "/sandbox/instagram"
API = f"{ROOT}/v26.0"
IG = "17841400000000101"
NOBODY = '[{"username":"nobody","x":0.5,"y":0.5}]'
OUTSIDE = '[{"username":"anneke.w","x":2,"y":0.5}]'
LIKED = f"{IG}/likes"
Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def bakery(db: None) -> Person:
    move_in()
    return Person.objects.get(network="instagram", remote_id=IG)


def granted(person: Person, flavour: str, **facts: str) -> Ask:
    grant = Grant.objects.create(
        network="instagram",
        person=person,
        client_id="sandbox",
        scopes=list(SCOPES[flavour]),
        access=f"token-{flavour}",
        facts={"flavour": flavour, "issued_at": timezone.now().isoformat(), **facts},
    )
    browser = Client(headers={"Authorization": f"Bearer {grant.access}"})

    def ask(method: str, path: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        call = {"GET": browser.get, "POST": browser.post}.get(method)
        answer = call(f"{API}/{path}", fields) if call else browser.delete(f"{API}/{path}")
        return answer.status_code, answer.json()

    return ask


@pytest.fixture
def ask(bakery: Person) -> Ask:
    """A call by Instagram's own log-in."""
    return granted(bakery, "instagram")


@pytest.fixture
def ask_facebook(bakery: Person) -> Ask:
    """A call with the token of the linked Page."""
    return granted(bakery, "facebook", page=bakery.facts["page"])


@pytest.fixture
def url(shelf: Shelf) -> str:  # noqa: F811
    return shelf(picture()).url


def error(answer: tuple[int, dict[str, Any]]) -> tuple[int, int, int | None]:
    """Status, code and subcode of a refusal in Graph's shape."""
    status, body = answer
    said = body["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(said)
    return status, said["code"], said.get("error_subcode")


def published(ask: Ask, url: str, **fields: Any) -> str:
    _, container = ask("POST", f"{IG}/media", image_url=url, **fields)
    status, made = ask("POST", f"{IG}/media_publish", creation_id=container["id"])
    assert status == 200
    return str(made["id"])


# --- who asks ---


def test_call_without_a_token_is_refused(bakery: Person) -> None:
    answer = Client().get(f"{API}/me")

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 190


def test_token_that_ran_out_says_so(ask: Ask) -> None:
    Grant.objects.update(access_expires_at=timezone.now() - timedelta(seconds=1))

    assert error(ask("GET", "me", fields="user_id")) == (401, 190, 463)


def test_missing_scope_is_named_by_code_10(ask: Ask, url: str) -> None:
    Grant.objects.update(scopes=["instagram_business_basic"])

    assert error(ask("POST", f"{IG}/media", image_url=url)) == (403, 10, None)


def test_somebody_elses_account_does_not_exist(ask: Ask, url: str) -> None:
    assert error(ask("POST", "17841400000000102/media", image_url=url)) == (400, 100, 33)


@pytest.mark.parametrize(("method", "path"), [("DELETE", "{media}"), ("POST", LIKED), ("GET", "me/accounts")])
def test_own_login_lacks_what_only_facebook_offers(ask: Ask, url: str, method: str, path: str) -> None:
    media = published(ask, url)

    assert error(ask(method, path.format(media=media))) == (400, 100, 33)


def test_wrong_proof_is_refused(ask: Ask) -> None:
    status, body = ask("GET", "me", fields="user_id", appsecret_proof="0" * 64)

    assert status == 400
    assert body["error"]["message"] == "Invalid appsecret_proof provided in the API argument"


def test_right_proof_is_taken(ask: Ask) -> None:
    proof = graph.hmac_hex("sandbox-secret", b"token-instagram")

    assert ask("GET", "me", fields="user_id,username", appsecret_proof=proof) == (
        200,
        {"user_id": IG, "username": "morgenrot.bakery", "id": "9400000000101"},
    )


def test_used_code_is_refused_in_the_shape_of_the_token_host(bakery: Person) -> None:
    fields = {
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
        "code": "used",
        "redirect_uri": "http://x/",
    }

    answer = Client().post(f"{ROOT}/oauth/access_token", {**fields, "grant_type": "authorization_code"})

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error_type": "OAuthException",
            "code": 400,
            "error_message": "Matching code was not found or was already used",
        },
    )


def test_unknown_scope_is_refused_on_the_page_itself(bakery: Person) -> None:
    query = {"client_id": "sandbox", "redirect_uri": "http://127.0.0.1/x", "response_type": "code"}

    answer = Client().get(f"{ROOT}/oauth/authorize", {**query, "scope": "business_basic"})

    assert answer.status_code == 400
    assert b"Invalid Scopes: business_basic" in answer.content


def test_young_token_is_not_renewed(ask: Ask) -> None:
    query = {"grant_type": "ig_refresh_token", "access_token": "token-instagram"}

    young = Client().get(f"{ROOT}/refresh_access_token", query)
    Grant.objects.update(facts={"flavour": "instagram", "issued_at": "2026-01-01T00:00:00+00:00"})
    old = Client().get(f"{ROOT}/refresh_access_token", query)

    assert young.status_code == 400
    assert old.json()["access_token"].startswith("IGAA")
    assert old.json()["expires_in"] == 60 * 86_400


# --- containers ---


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, (400, 100, None)),
        ({"media_type": "VIDEO", "video_url": "http://x/"}, (400, 100, 2207023)),
        ({"media_type": "POLL"}, (400, 100, 2207023)),
        ({"image_url": "http://127.0.0.1:9/none.jpg"}, (400, 9004, 2207052)),
        ({"image_url": "{url}", "caption": "x" * 2201}, (400, 36004, 2207010)),
        ({"image_url": "{url}", "caption": " ".join(f"#t{n}" for n in range(31))}, (400, 36004, 2207010)),
        ({"image_url": "{url}", "colour": "red"}, (400, 100, None)),
        ({"image_url": "{url}", "thumb_offset": 5}, (400, 100, None)),
        ({"image_url": "{url}", "collaborators": '["nobody.here"]'}, (400, 100, None)),
        ({"image_url": "{url}", "location_id": "1"}, (400, 100, None)),
        ({"image_url": "{url}", "user_tags": '[{"username":"anneke.w"}]'}, (400, 100, 2207036)),
        ({"image_url": "{url}", "user_tags": NOBODY}, (400, 100, None)),
        ({"image_url": "{url}", "user_tags": OUTSIDE}, (400, 100, None)),
        ({"image_url": "{url}", "is_carousel_item": "true", "is_ai_generated": "true"}, (400, 100, None)),
        ({"image_url": "{url}", "is_carousel_item": "maybe"}, (400, 100, None)),
        ({"image_url": "{url}", "is_paid_partnership": "true"}, (400, 100, None)),
        ({"media_type": "REELS", "upload_type": "resumable"}, (400, 100, None)),
        ({"media_type": "REELS", "image_url": "{url}"}, (400, 100, None)),
        ({"media_type": "STORIES", "image_url": "{url}", "location_id": "7640348500"}, (400, 100, None)),
        ({"media_type": "CAROUSEL", "children": "1"}, (400, 100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1,2"}, (400, 24, 2207008)),
    ],
)
def test_container_is_refused(
    ask: Ask, url: str, fields: dict[str, str], wanted: tuple[int, int, int | None]
) -> None:
    given = {
        name: value.replace("{url}", url) if isinstance(value, str) else value
        for name, value in fields.items()
    }

    assert error(ask("POST", f"{IG}/media", **given)) == wanted
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (picture(kind="PNG"), (400, 36001, 2207005)),
        (picture(size=(1000, 400)), (400, 36003, 2207009)),
        (paper(), (400, 9004, 2207052)),
    ],
    ids=["png", "wide", "pdf"],
)
def test_picture_is_refused(ask: Ask, shelf: Shelf, file: MediaFile, wanted: tuple[int, int, int]) -> None:  # noqa: F811
    assert error(ask("POST", f"{IG}/media", image_url=shelf(file).url)) == wanted


def test_wide_picture_may_be_a_story(ask: Ask, shelf: Shelf) -> None:  # noqa: F811
    address = shelf(picture(size=(1000, 400))).url

    assert ask("POST", f"{IG}/media", image_url=address, media_type="STORIES")[0] == 200


@pytest.mark.parametrize("made", [{"seconds": 2}, {"fps": 12}], ids=["short", "slow"])
def test_video_fails_while_it_is_processed(ask: Ask, shelf: Shelf, made: dict[str, Any]) -> None:  # noqa: F811
    address = shelf(film(**made)).url
    _, container = ask("POST", f"{IG}/media", media_type="REELS", video_url=address)

    looks = [ask("GET", container["id"], fields="status_code,status")[1] for _ in range(2)]

    assert [look["status_code"] for look in looks] == ["IN_PROGRESS", "ERROR"]
    assert looks[1]["status"] == "Error: Media upload has failed with error code 2207026"


def test_trial_reels_need_an_account_that_may(ask: Ask, bakery: Person, shelf: Shelf) -> None:  # noqa: F811
    bakery.facts["trials"] = False
    bakery.save()
    fields = {"video_url": shelf(film()).url, "trial_params": '{"graduation_strategy":"MANUAL"}'}

    assert error(ask("POST", f"{IG}/media", media_type="REELS", **fields)) == (400, 100, 2207081)


def test_container_is_published_once(ask: Ask, url: str) -> None:
    _, container = ask("POST", f"{IG}/media", image_url=url)
    ask("POST", f"{IG}/media_publish", creation_id=container["id"])

    again = ask("POST", f"{IG}/media_publish", creation_id=container["id"])

    assert again[1]["error"]["message"] == "(#100) The media has already been published"
    assert ask("GET", container["id"], fields="status_code") == (
        200,
        {"id": container["id"], "status_code": "PUBLISHED"},
    )
    assert Entry.objects.count() == 1


def test_container_that_is_not_ready_is_not_published(ask: Ask, shelf: Shelf) -> None:  # noqa: F811
    _, container = ask("POST", f"{IG}/media", media_type="REELS", video_url=shelf(film()).url)

    assert error(ask("POST", f"{IG}/media_publish", creation_id=container["id"])) == (400, 9007, 2207027)


def test_container_is_forgotten_after_a_day(ask: Ask, url: str) -> None:
    _, container = ask("POST", f"{IG}/media", image_url=url)

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert ask("GET", container["id"], fields="status_code")[1]["status_code"] == "EXPIRED"
        assert error(ask("POST", f"{IG}/media_publish", creation_id=container["id"])) == (400, 24, 2207008)


def test_daily_limit_holds_and_is_told(ask: Ask, bakery: Person, url: str) -> None:
    bakery.facts["posts_a_day"] = 1
    bakery.save()
    published(ask, url)
    _, container = ask("POST", f"{IG}/media", image_url=url)

    assert error(ask("POST", f"{IG}/media_publish", creation_id=container["id"])) == (400, 9, 2207042)
    assert ask("GET", f"{IG}/content_publishing_limit", fields="quota_usage,config")[1] == {
        "data": [{"quota_usage": 1, "config": {"quota_total": 1, "quota_duration": 86_400}}]
    }


# --- what stands ---


def test_caption_cannot_be_changed(ask: Ask, url: str) -> None:
    media = published(ask, url, caption="Rye")

    assert error(ask("POST", media, caption="Wheat")) == (400, 100, None)


@pytest.mark.parametrize("metric", ["impressions", "ig_reels_avg_watch_time", "views,plays"])
def test_metric_that_does_not_fit_is_refused(ask: Ask, url: str, metric: str) -> None:
    media = published(ask, url)

    status, body = ask("GET", f"{media}/insights", metric=metric)

    assert (status, body["error"]["code"]) == (400, 100)
    assert "must be one of the following values" in body["error"]["message"]


def test_totals_of_an_account_want_their_type(ask: Ask) -> None:
    assert error(ask("GET", f"{IG}/insights", metric="views", period="day")) == (400, 100, None)
    assert ask("GET", f"{IG}/insights", metric="views", period="day", metric_type="total_value")[0] == 200


def test_story_with_few_viewers_has_no_numbers(ask: Ask, url: str) -> None:
    story = published(ask, url, media_type="STORIES")

    status, body = ask("GET", f"{story}/insights", metric="views")

    assert (status, body["error"]["code"]) == (400, 10)
    assert "Not enough viewers" in body["error"]["message"]


# --- what people write ---


def test_comment_that_asks_for_fields_is_made_and_fails(ask: Ask, url: str) -> None:
    media = published(ask, url)

    assert error(ask("POST", f"{media}/comments?fields=id", message="Hello")) == (400, 20, 1772107)
    assert Note.objects.get().text == "Hello"


def test_closed_comments_and_stories_take_none(ask: Ask, url: str) -> None:
    media = published(ask, url)
    story = published(ask, url, media_type="STORIES")
    ask("POST", media, comment_enabled="false")

    assert error(ask("POST", f"{media}/comments", message="Hello")) == (400, 100, None)
    assert error(ask("POST", f"{story}/comments", message="Hello")) == (400, 100, None)


def test_replies_have_two_levels(ask: Ask, url: str) -> None:
    media = published(ask, url)
    comment = ask("POST", f"{media}/comments", message="One")[1]["id"]
    reply = ask("POST", f"{comment}/replies", message="Two")[1]["id"]

    assert error(ask("POST", f"{reply}/replies", message="Three")) == (400, 100, None)


def test_nobody_is_written_to_who_did_not_write_first(ask: Ask) -> None:
    anneke = '{"id":"17841400000000103"}'

    assert error(ask("POST", "me/messages", recipient=anneke, message='{"text":"Hi"}')) == (400, 10, 2534022)
    assert error(ask("POST", "me/messages", recipient='{"id":"5"}', message='{"text":"Hi"}')) == (
        400,
        100,
        2534014,
    )
    assert error(ask("POST", "me/messages", recipient=anneke, message='{"text":""}')) == (400, 100, 2534029)


def test_messages_are_closed_until_the_owner_allows_them(ask: Ask, bakery: Person) -> None:
    bakery.facts["messages_off"] = True
    bakery.save()

    assert error(ask("GET", "me/conversations", platform="instagram")) == (400, 200, 2534041)


def test_pages_tell_their_linked_account_and_others_lack_it(bakery: Person) -> None:
    ask = granted(bakery, "facebook")

    _, body = ask("GET", "me/accounts", fields="id,instagram_business_account{id,username}")

    linked, unlinked = body["data"]
    assert linked["instagram_business_account"]["id"] == IG
    assert "instagram_business_account" not in unlinked


def test_page_takes_page_fields_only_for_webhooks(ask_facebook: Ask, bakery: Person) -> None:
    page = bakery.facts["page"]

    assert error(ask_facebook("POST", f"{page}/subscribed_apps", subscribed_fields="comments")) == (
        400,
        100,
        None,
    )
    assert ask_facebook("POST", f"{page}/subscribed_apps", subscribed_fields="feed") == (
        200,
        {"success": True},
    )


def test_upload_wants_its_own_kind_of_token(ask_facebook: Ask) -> None:
    _, container = ask_facebook("POST", f"{IG}/media", media_type="REELS", upload_type="resumable")
    path = f"{ROOT}/ig-api-upload/v26.0/{container['id']}"

    answer = Client(headers={"Authorization": "Bearer token-facebook"}).post(
        path, b"x", content_type="video/mp4"
    )

    assert container["uri"].startswith("https://rupload.facebook.com/ig-api-upload/v26.0/")
    assert answer.status_code == 400
    assert "unauthorized user request" in answer.json()["debug_info"]["message"]
