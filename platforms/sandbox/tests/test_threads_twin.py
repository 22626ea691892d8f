"""The twin refuses what Threads refuses, in Threads' words, and answers as Threads answers."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from platforms.sandbox import threads_containers
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.threads import arrive, face
from platforms.sandbox.threads_wire import SCOPES
from platforms.tests.files import film_bytes, picture_bytes
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
HOME = "/sandbox/threads"
SHELF = {
    "https://desk.example/loaf.jpg": picture_bytes(),
    "https://desk.example/loaf.webp": picture_bytes(kind="WEBP"),
    "https://desk.example/strip.jpg": picture_bytes((1100, 100)),
    "https://desk.example/oven.mp4": film_bytes(),
    "https://desk.example/slow.mp4": film_bytes(fps=12, seconds=1),
    "https://desk.example/notes.txt": b"flour, water, salt",
}


@pytest.fixture(autouse=True)
def shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be fetched (the twin's way out is not what is tested here)."""
    monkeypatch.setattr(threads_containers, "fetch", SHELF.get)


@pytest.fixture
def baker() -> Person:
    move_in()
    return Person.objects.get(network="threads", handle="morgenrot.bakery")


@pytest.fixture
def ida(baker: Person) -> Person:
    return Person.objects.get(network="threads", handle="ida.lindqvist")


@pytest.fixture
def grant(baker: Person) -> Grant:
    return grant_for(baker, "THQVJ-1")


def grant_for(person: Person, access: str, **facts: Any) -> Grant:
    return Grant.objects.create(
        network="threads",
        person=person,
        client_id="sandbox",
        scopes=list(SCOPES),
        access=access,
        access_expires_at=timezone.now() + timedelta(days=60),
        facts={"is_long": True, "issued_at": timezone.now().isoformat(), **facts},
    )


Api = Callable[..., Any]


@pytest.fixture
def api(grant: Grant) -> Api:
    """A call as the baker's app, and its answer."""

    def call(method: str, path: str, token: str = grant.access, /, **fields: Any) -> Any:
        where = {"query_params": fields} if method == "GET" else {"data": fields}
        headers = {"Authorization": f"Bearer {token}"}
        return getattr(Browser(), method.lower())(f"{HOME}/v1.0/{path}", headers=headers, **where)

    return call


def make(api: Api, **fields: Any) -> str:
    answer = api("POST", "me/threads", **fields)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["id"])


def status(api: Api, container: str) -> dict[str, Any]:
    body: dict[str, Any] = api("GET", container, fields="status,error_message").json()
    return body


def post(api: Api, **fields: Any) -> str:
    container = make(api, **{"media_type": "TEXT", **fields})
    for _ in range(2):
        status(api, container)
    return str(api("POST", "me/threads_publish", creation_id=container).json()["id"])


def error(answer: Any) -> tuple[int, int, int | None, str]:
    said = answer.json()["error"]
    return answer.status_code, said["code"], said.get("error_subcode"), said["message"]


# --- what a container may be made of ---

MANY = " ".join(f"https://example.org/{n}" for n in range(6))
IMAGE = {"media_type": "IMAGE", "image_url": "https://desk.example/loaf.jpg"}
TEXT = {"media_type": "TEXT", "text": "Hi."}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"text": "Hi."}, "media_type is required"),
    ({"media_type": "STORY"}, "media_type must be one of {CAROUSEL, IMAGE, TEXT, VIDEO}"),
    ({"media_type": "TEXT"}, "text is required"),
    ({**TEXT, "text": "x" * 501}, "text must be at most 500 characters long."),
    ({**TEXT, "text": "🥖" * 126}, "text must be at most 500 characters long."),
    ({**TEXT, "text": MANY}, "THREADS_API__LINK_LIMIT_EXCEEDED"),
    ({**TEXT, "image_url": "https://desk.example/loaf.jpg"}, "image_url cannot be used with TEXT"),
    ({"media_type": "IMAGE"}, "image_url is required"),
    ({"media_type": "IMAGE", "image_url": "loaf.jpg"}, "image_url must be a valid URI"),
    ({**IMAGE, "alt_text": "x" * 1001}, "alt_text must be at most 1000 characters"),
    ({**IMAGE, "link_attachment": "https://example.org"}, "link_attachment cannot be used with IMAGE"),
    ({**IMAGE, "is_ghost_post": "true"}, "is_ghost_post cannot be used with IMAGE"),
    ({**IMAGE, "is_carousel_item": "true", "is_spoiler_media": "true"}, "cannot be used on a carousel item"),
    ({"media_type": "CAROUSEL", "children": "1"}, "children must name 2 to 20 containers"),
    ({"media_type": "CAROUSEL", "children": "1,2"}, "children must be ids of finished carousel items: 1"),
    ({**TEXT, "reply_control": "nobody"}, "reply_control must be one of"),
    ({**TEXT, "topic_tag": "a.b"}, "topic_tag must have 1 to 50 characters"),
    ({**TEXT, "poll_attachment": '{"option_a":"one"}'}, "poll_attachment must have 2 to 4 options"),
    ({**TEXT, "poll_attachment": '{"option_a":"1","option_c":"3"}'}, "poll_attachment must have 2 to 4"),
    ({**TEXT, "poll_attachment": '{"option_a":"1","option_b":"' + "x" * 26 + '"}'}, "1 to 25 characters"),
    (
        {**TEXT, "poll_attachment": '{"option_a":"1","option_b":"2"}', "link_attachment": "https://a.de"},
        "link_attachment cannot be used with a poll",
    ),
    ({**TEXT, "gif_attachment": '{"gif_id":"1"}'}, "gif_attachment must have gif_id and provider"),
    ({**TEXT, "text_attachment": '{"plaintext":""}'}, "text_attachment must have a plaintext"),
    (
        {**TEXT, "text_entities": '[{"entity_type":"SPOILER","offset":2,"length":9}]'},
        "text_entities must lie inside the text",
    ),
    ({**TEXT, "text_entities": '[{"entity_type":"BOLD"}]'}, "must have the entity_type SPOILER"),
    ({**TEXT, "is_ghost_post": "true", "enable_reply_approvals": "true"}, "cannot be used on a ghost post"),
    ({**TEXT, "is_ghost_post": "maybe"}, "is_ghost_post must be a boolean"),
    ({**TEXT, "location_id": "1"}, "location_id must be a valid location id"),
    ({**TEXT, "allowlisted_country_codes": "Germany"}, "must be ISO 3166-1 alpha-2 codes"),
    ({**TEXT, "publish_at": "tomorrow"}, "publish_at is not supported"),
]


@pytest.mark.parametrize(("fields", "says"), REFUSED)
def test_a_container_that_breaks_the_rules_is_refused(api: Api, fields: dict[str, Any], says: str) -> None:
    answer = api("POST", "me/threads", **fields)

    code, number, _, message = error(answer)
    assert (code, number) == (400, 100)
    assert says in message


def test_a_reply_has_no_audience_of_its_own(api: Api) -> None:
    first = post(api, text="One.")

    answer = api("POST", "me/threads", **TEXT, reply_to_id=first, reply_control="everyone")

    assert error(answer)[3] == "(#100) Param reply_control cannot be used on a reply"


def test_what_is_not_there_cannot_be_answered_or_quoted(api: Api) -> None:
    answered = api("POST", "me/threads", **TEXT, reply_to_id="18000000000000009")
    quoted = api("POST", "me/threads", **TEXT, quote_post_id="18000000000000009")

    assert error(answered)[:3] == (400, 24, 4279009)
    assert error(quoted)[:3] == (400, 100, 33)


def test_countries_are_for_profiles_that_may_choose(api: Api, ida: Person) -> None:
    token = grant_for(ida, "THQVJ-2").access

    answer = api("POST", "me/threads", token, **TEXT, allowlisted_country_codes="DE")

    assert error(answer)[:2] == (400, 10)


# --- media ---


@pytest.mark.parametrize("name", ["away.jpg", "loaf.webp", "strip.jpg", "notes.txt"])
def test_a_picture_that_cannot_be_used_is_refused_at_once(api: Api, name: str) -> None:
    answer = api("POST", "me/threads", media_type="IMAGE", image_url=f"https://desk.example/{name}")

    assert error(answer) == (400, -1, 2207052, "The media could not be fetched from this URI")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("away.mp4", "FAILED_DOWNLOADING_VIDEO"),
        ("notes.txt", "FAILED_PROCESSING_VIDEO"),
        ("slow.mp4", "INVALID_FRAME_RATE"),
    ],
)
def test_a_video_fails_while_it_is_processed(api: Api, name: str, says: str) -> None:
    container = make(api, media_type="VIDEO", video_url=f"https://desk.example/{name}")

    first, second = status(api, container), status(api, container)

    assert first == {"id": container, "status": "IN_PROGRESS"}
    assert second == {"id": container, "status": "ERROR", "error_message": says}
    assert error(api("POST", "me/threads_publish", creation_id=container))[:3] == (400, 24, 4279009)


def test_a_carousel_is_made_of_finished_children_and_published_once(api: Api) -> None:
    video = {"media_type": "VIDEO", "video_url": "https://desk.example/oven.mp4", "is_carousel_item": "true"}
    children = [make(api, **IMAGE, is_carousel_item="true"), make(api, **video)]
    early = api("POST", "me/threads", media_type="CAROUSEL", children=",".join(children))
    for child in children * 2:
        status(api, child)
    parent = make(api, media_type="CAROUSEL", children=",".join(children), text="Two.")
    alone = api("POST", "me/threads_publish", creation_id=children[0])
    too_soon = api("POST", "me/threads_publish", creation_id=parent)
    for _ in range(2):
        status(api, parent)

    media = api("POST", "me/threads_publish", creation_id=parent).json()["id"]
    again = api("POST", "me/threads_publish", creation_id=parent)

    assert "must be ids of finished carousel items" in error(early)[3]
    assert "must not be the id of a carousel item" in error(alone)[3]
    assert error(too_soon)[:3] == error(again)[:3] == (400, 24, 4279009)
    assert status(api, parent)["status"] == "PUBLISHED"
    shown = api("GET", media, fields="media_type,children,media_url,username,owner").json()
    assert shown["media_type"] == "CAROUSEL_ALBUM"
    assert [child["id"] for child in shown["children"]["data"]] == children
    assert shown["owner"] == {"id": "17841405793187218"}


def test_a_container_is_forgotten_after_a_day(api: Api) -> None:
    container = make(api, **TEXT)
    Upload.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert status(api, container)["status"] == "EXPIRED"
    assert error(api("POST", "me/threads_publish", creation_id=container))[:3] == (400, 24, 4279009)


def test_a_text_may_publish_itself(api: Api) -> None:
    published = make(api, **TEXT, auto_publish_text="true")

    assert Entry.objects.get(remote_id=published).text == "Hi."


# --- how a post is shown ---


def test_a_post_shows_only_what_was_asked_for_and_nothing_empty(api: Api) -> None:
    media = post(api, text="Rye #bread today")

    assert api("GET", media, fields="id,text,topic_tag,alt_text,quoted_post").json() == {
        "id": media,
        "text": "Rye #bread today",
        "topic_tag": "bread",
    }
    assert api("GET", media).json() == {"id": media}


def test_polls_ghosts_and_spoilers_are_shown(api: Api) -> None:
    poll = post(api, text="Which?", poll_attachment=json.dumps({"option_a": "Rye", "option_b": "Spelt"}))
    ghost = post(api, text="Today.", is_ghost_post="true")
    entity = {"entity_type": "SPOILER", "offset": 0, "length": 3}
    spoiler = post(api, text="Rye!", text_entities=json.dumps([entity]))

    shown = api("GET", poll, fields="poll_attachment,media_type").json()
    assert shown["media_type"] == "TEXT_POST"
    assert (shown["poll_attachment"]["option_b"], shown["poll_attachment"]["total_votes"]) == ("Spelt", 0)
    assert api("GET", ghost, fields="ghost_post_status").json()["ghost_post_status"] == "ACTIVE"
    assert api("GET", spoiler, fields="text_entities").json()["text_entities"] == {"data": [entity]}
    assert face(Entry.objects.get(remote_id=spoiler)).warning == "Spoiler"


def test_lists_are_cut_by_time_and_come_in_pages(api: Api) -> None:
    posts = [post(api, text=f"Number {n}") for n in range(3)]
    Entry.objects.filter(remote_id=posts[0]).update(created_at=timezone.now() - timedelta(days=2))
    yesterday = int((timezone.now() - timedelta(days=1)).timestamp())

    recent = api("GET", "me/threads", since=yesterday).json()["data"]
    first = api("GET", "me/threads", limit=2).json()
    rest = api("GET", "me/threads", limit=2, after=first["paging"]["cursors"]["after"]).json()

    assert {row["id"] for row in recent} == set(posts[1:])
    assert "next" not in first["paging"]
    assert [row["id"] for row in rest["data"]] == posts[:1]
    assert error(api("GET", "me/threads", since=1_000_000_000))[1] == 100


def test_replies_are_listed_apart(api: Api) -> None:
    first = post(api, text="One.")
    second = post(api, text="Two.", reply_to_id=first)

    [listed] = api("GET", "me/replies", fields="id,replied_to,root_post").json()["data"]

    assert listed == {"id": second, "replied_to": {"id": first}, "root_post": {"id": first}}
    assert [row["id"] for row in api("GET", "me/threads").json()["data"]] == [first]


# --- replies ---


def test_approvals_wait_until_they_are_decided(api: Api, baker: Person, ida: Person) -> None:
    root = post(api, text="Ask.", enable_reply_approvals="true")
    note = arrive("comment", baker, ida, "Vegan?")
    asked = {"fields": "id,reply_approval_status"}

    waiting = api("GET", f"{root}/pending_replies", **asked).json()["data"]
    before = api("GET", f"{root}/conversation").json()["data"]
    done = api("POST", f"{note.remote_id}/manage_pending_reply", approve="true").json()
    twice = api("POST", f"{note.remote_id}/manage_pending_reply", approve="true")

    assert waiting == [{"id": note.remote_id, "reply_approval_status": "PENDING"}]
    assert (before, done) == ([], {"success": True})
    assert error(twice)[3] == "(#100) Param id must be a pending reply"
    assert [row["id"] for row in api("GET", f"{root}/replies").json()["data"]] == [note.remote_id]


def test_hiding_takes_a_yes_or_a_no_for_a_reply_at_the_top(api: Api, baker: Person, ida: Person) -> None:
    root = post(api, text="Ask.")
    note = arrive("comment", baker, ida, "Vegan?")

    unclear = api("POST", f"{note.remote_id}/manage_reply")
    api("POST", f"{note.remote_id}/manage_reply", hide="true")
    [hidden] = api("GET", f"{root}/replies", fields="hide_status").json()["data"]
    note.parent_id = "18000000000000009"
    note.save()
    nested = api("POST", f"{note.remote_id}/manage_reply", hide="true")

    assert error(unclear)[3] == "(#100) Param hide must be a boolean"
    assert hidden["hide_status"] == "HIDDEN"
    assert error(nested)[3] == "(#100) Param id must be a top-level reply"


def test_a_conversation_is_that_of_a_root_post(api: Api) -> None:
    root = post(api, text="One.")
    reply = post(api, text="Two.", reply_to_id=root)

    assert error(api("GET", f"{reply}/conversation"))[3] == "(#100) Param id must be a root post"
    with pytest.raises(ValueError, match="no review"):
        arrive("review", Entry.objects.all()[0].person, Entry.objects.all()[0].person, "Five stars")


# --- whom it lets in ---


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("threads_content_publish", "POST", "me/threads"),
        ("threads_read_replies", "GET", "me/replies"),
        ("threads_manage_mentions", "GET", "me/mentions"),
        ("threads_manage_insights", "GET", "me/threads_insights"),
        ("threads_location_tagging", "GET", "location_search"),
        ("threads_delete", "DELETE", "18000000000000009"),
        ("threads_basic", "GET", "me"),
    ],
)
def test_each_address_asks_for_its_scope(api: Api, grant: Grant, scope: str, method: str, path: str) -> None:
    grant.scopes = [known for known in SCOPES if known != scope]
    grant.save()

    answer = api(method, path)

    assert error(answer)[:2] == (403, 200)
    assert scope in error(answer)[3]


def test_a_reply_needs_the_right_to_manage_replies(api: Api, grant: Grant) -> None:
    grant.scopes = [known for known in SCOPES if known != "threads_manage_replies"]
    grant.save()

    assert "threads_manage_replies" in error(api("POST", "me/threads", **TEXT, reply_to_id="1"))[3]


def test_nobody_acts_for_somebody_else(api: Api, ida: Person) -> None:
    theirs = post(api, text="Mine.")
    token = grant_for(ida, "THQVJ-2").access

    assert error(api("DELETE", theirs, token))[:3] == (400, 100, 33)
    assert error(api("GET", f"{theirs}/insights", token, metric="views"))[:3] == (400, 100, 33)
    assert error(api("POST", "17841405793187218/threads", token, **TEXT))[:3] == (400, 100, 33)
    assert error(api("GET", "me", "THQVJ-unknown"))[:2] == (401, 190)


def test_a_metric_that_is_none_is_refused(api: Api) -> None:
    media = post(api, text="Count.")

    assert error(api("GET", f"{media}/insights", metric="saves"))[1] == 100
    assert error(api("GET", "me/threads_insights"))[1] == 100


def test_the_day_has_room_for_so_much(api: Api, baker: Person) -> None:
    baker.facts["limits"] = {"posts": 1}
    baker.save()
    post(api, text="One.")

    [row] = api("GET", "me/threads_publishing_limit", fields="quota_usage,config").json()["data"]
    answer = api("POST", "me/threads_publish", creation_id=make(api, **TEXT))

    assert row == {"quota_usage": 1, "config": {"quota_total": 1, "quota_duration": 86_400}}
    assert error(answer)[:3] == (400, 9, 2207042)


def test_the_tokens_addresses_speak_their_own_way(grant: Grant) -> None:
    browser = Browser()
    wrong = browser.post(f"{HOME}/oauth/access_token", {"client_id": "nobody"})
    young = browser.get(
        f"{HOME}/refresh_access_token",
        {"grant_type": "th_refresh_token", "access_token": grant.access},
    )
    app = browser.get(
        f"{HOME}/oauth/access_token",
        {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"},
    )

    assert (wrong.status_code, wrong.json()) == (
        400,
        {"error_type": "OAuthException", "code": 400, "error_message": "Invalid platform app"},
    )
    assert error(young)[3] == "(#100) Param access_token must be at least 24 hours old"
    assert app.json()["access_token"].startswith("TH|sandbox|")


def test_a_private_profile_logs_in_again_after_ninety_days(baker: Person) -> None:
    old = grant_for(baker, "THQVJ-3", is_private=True, issued_at="2020-01-01T00:00:00+00:00")
    Grant.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=91))

    answer = Browser().get(
        f"{HOME}/refresh_access_token",
        {"grant_type": "th_refresh_token", "access_token": old.access},
    )

    assert error(answer)[:2] == (400, 10)


def test_the_page_of_a_post_shows_what_it_carries(api: Api) -> None:
    media = post(
        api,
        text="Which?",
        topic_tag="Sourdough",
        location_id="110843418940484",
        poll_attachment=json.dumps({"option_a": "Rye", "option_b": "Spelt"}),
        reply_control="followers_only",
    )

    page = Browser().get(f"/sandbox/threads/@morgenrot.bakery/{media}/").content.decode()

    for shown in ("Sourdough", "Speicherstadt Hamburg", "Spelt", "Their followers can reply", "Verified"):
        assert shown in page
