"""Mastodon's twin refuses what Mastodon refuses, in its words."""

import base64
import io
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client as Browser
from django.utils import timezone
from PIL import Image

from platforms.sandbox import mastodon
from platforms.sandbox.mastodon_shown import as_html
from platforms.sandbox.models import Client, Entry, Fault, Grant, Person, Upload
from platforms.tests.files import film_bytes
from platforms.tests.village import move_in

ACCESS = "token"
CALLBACK = "https://desk.example.org/callback"
pytestmark = pytest.mark.django_db


@pytest.fixture
def person(db: None) -> Person:
    move_in()
    return Person.objects.get(network="mastodon", handle="inga")


@pytest.fixture
def app(person: Person) -> Client:
    return Client.objects.create(
        network="mastodon",
        client_id="mastodon-app",
        client_secret="secret",
        name="Desk",
        redirect_uris=[CALLBACK],
        scopes=["read", "write"],
    )


@pytest.fixture
def grant(person: Person) -> Grant:
    return grant_for(person)


def grant_for(person: Person, server: str = "mastodon", access: str = "token", **facts: Any) -> Grant:
    return Grant.objects.create(
        network="mastodon",
        person=person,
        client_id=f"{server}-app",
        scopes=["read", "write"],
        access=access,
        facts={"server": server, "client_name": "Desk", **facts},
    )


def address(path: str, server: str = "mastodon") -> str:
    return "/sandbox/mastodon" + ("" if server == "mastodon" else f"/{server}") + path


def call(
    method: str,
    path: str,
    body: Any = None,
    *,
    server: str = "mastodon",
    token: str = ACCESS,
    **headers: str,
) -> Any:
    sent = {
        "Authorization": f"Bearer {token}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    rest = {"content_type": "application/json", "data": body} if body is not None else {}
    return getattr(Browser(), method)(address(path, server), headers=sent, **rest)


def toot(body: Any, **rest: Any) -> Any:
    return call("post", "/api/v1/statuses", body, **rest)


def upload(content: bytes, *, path: str = "/api/v2/media", server: str = "mastodon", **fields: str) -> Any:
    file = SimpleUploadedFile("x.png", content, "image/png")
    headers = {"Authorization": "Bearer token"}
    return Browser().post(address(path, server), {"file": file, **fields}, headers=headers)


def png(size: tuple[int, int] = (8, 8), kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    frames = [Image.new("RGB", size, colour) for colour in ("red", "blue")]
    rest: dict[str, Any] = {"save_all": True, "append_images": frames[1:]} if kind == "GIF" else {}
    frames[0].save(content, kind, **rest)
    return content.getvalue()


def said(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, response.json()["error"]  # type: ignore[attr-defined]


# --- apps ---


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Application name can't be blank"),
        ({"client_name": "Desk"}, "Redirect URI must be an absolute URI."),
        ({"client_name": "Desk", "redirect_uris": "callback"}, "Redirect URI must be an absolute URI."),
        (
            {"client_name": "Desk", "redirect_uris": CALLBACK, "scopes": "read everything"},
            "Scopes doesn't match",
        ),
        ({"client_name": "Desk", "redirect_uris": CALLBACK, "website": "javascript:1"}, "website is invalid"),
    ],
)
def test_an_app_that_is_not_whole_is_refused(person: Person, fields: dict[str, str], words: str) -> None:
    status, error = said(Browser().post(address("/api/v1/apps"), fields))

    assert status == 422
    assert words in error
    assert not Client.objects.filter(network="mastodon").exists()


def test_an_app_may_have_several_redirects(person: Person) -> None:
    fields = {"client_name": "Desk", "redirect_uris": f"{CALLBACK}\nurn:ietf:wg:oauth:2.0:oob"}

    made = Browser().post(address("/api/v1/apps"), fields).json()

    assert made["redirect_uris"] == [CALLBACK, "urn:ietf:wg:oauth:2.0:oob"]
    assert made["scopes"] == ["read"]
    assert made["client_secret_expires_at"] == 0


# --- consent and tokens ---


def ask(**changes: str) -> str:
    fields = {
        "response_type": "code",
        "client_id": "mastodon-app",
        "redirect_uri": CALLBACK,
        "scope": "read write",
        "state": "s",
    }
    return address("/oauth/authorize?") + urlencode({**fields, **changes})


def allow(person: Person, **changes: str) -> dict[str, str]:
    response = Browser().post(ask(**changes), {"person": person.pk, "answer": "allow"})
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def exchange(code: str, /, **changes: str) -> Any:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "mastodon-app",
        "client_secret": "secret",
        "redirect_uri": CALLBACK,
    }
    return Browser().post(address("/oauth/token"), {**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "somebody"}, 401),
        ({"client_id": "pleroma-app"}, 401),
        ({"redirect_uri": "https://evil.example/"}, 400),
        ({"redirect_uri": CALLBACK + "/more"}, 400),
    ],
)
def test_nobody_is_sent_to_an_unknown_place(app: Client, changes: dict[str, str], status: int) -> None:
    response = Browser().get(ask(**changes))

    assert response.status_code == status
    assert "Location" not in response


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "read:accounts"}, "invalid_scope"),
        ({"scope": "read write push"}, "invalid_scope"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_what_is_asked_wrongly_goes_back_to_the_app(
    app: Client, person: Person, changes: dict[str, str], error: str
) -> None:
    answer = allow(person, **changes)

    assert (answer["error"], answer["state"]) == (error, "s")


def test_the_consent_page_says_who_asks_and_for_what(app: Client, person: Person) -> None:
    page = Browser().get(ask())

    assert b"Desk" in page.content
    assert b"Change everything of your account, and post for you" in page.content
    assert b"Inga Lindqvist" in page.content
    assert "https://desk.example.org" in page["Content-Security-Policy"]


def test_a_press_from_elsewhere_is_refused(app: Client, person: Person) -> None:
    browser = Browser(enforce_csrf_checks=True)

    response = browser.post(ask(), {"person": person.pk, "answer": "allow"})

    assert response.status_code == 403
    assert not Grant.objects.filter(network="mastodon").exists()


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"code": "wrong"}, 400, "invalid_grant"),
        ({"redirect_uri": "https://desk.example.org/other"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_code_is_redeemed_only_as_it_was_given(
    app: Client, person: Person, changes: dict[str, str], status: int, error: str
) -> None:
    response = exchange(allow(person)["code"], **changes)

    assert (response.status_code, response.json()["error"]) == (status, error)


def test_a_code_lasts_ten_minutes(app: Client, person: Person) -> None:
    code = allow(person)["code"]

    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        assert exchange(code).json()["error"] == "invalid_grant"


def test_a_verifier_must_fit_its_challenge(app: Client, person: Person) -> None:
    answer = allow(person, code_challenge="x" * 43, code_challenge_method="S256")

    assert exchange(answer["code"]).json()["error"] == "invalid_grant"
    assert exchange(answer["code"], code_verifier="y" * 43).json()["error"] == "invalid_grant"


def test_an_app_may_show_its_secret_in_a_header(app: Client) -> None:
    credentials = base64.b64encode(b"mastodon-app:secret").decode()
    response = Browser().post(
        address("/oauth/token"),
        {"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {credentials}"},
    )

    token = response.json()["access_token"]
    assert call("get", "/api/v1/apps/verify_credentials", token=token).json()["name"] == "Desk"
    assert said(toot({"status": "x"}, token=token))[0] == 403


def test_an_app_alone_is_nobody(app: Client) -> None:
    Grant.objects.create(
        network="mastodon", client_id=app.client_id, scopes=["read"], access="a", facts={"server": "mastodon"}
    )

    assert said(call("get", "/api/v1/accounts/verify_credentials", token="a")) == (
        422,
        "This method requires an authenticated user",
    )


def test_a_foreign_token_cannot_be_given_back(app: Client, grant: Grant) -> None:
    grant.client_id = "mastodon-other"
    grant.save()
    fields = {"client_id": app.client_id, "client_secret": "secret", "token": "token"}

    response = Browser().post(address("/oauth/revoke"), fields)

    assert (response.status_code, response.json()["error"]) == (403, "unauthorized_client")


# --- who may call ---


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/accounts/verify_credentials"),
        ("get", "/api/v1/accounts/1/statuses"),
        ("post", "/api/v2/media"),
        ("get", "/api/v1/media/1"),
        ("post", "/api/v1/statuses"),
        ("get", "/api/v1/statuses/1"),
        ("delete", "/api/v1/statuses/1"),
        ("put", "/api/v1/statuses/1"),
        ("get", "/api/v1/statuses/1/context"),
        ("post", "/api/v1/statuses/1/favourite"),
        ("get", "/api/v1/notifications"),
        ("get", "/api/v1/polls/1"),
        ("post", "/api/v1/polls/1/votes"),
        ("get", "/api/v2/search?q=x"),
    ],
)
def test_nothing_goes_without_a_token_and_its_scope(grant: Grant, method: str, path: str) -> None:
    Grant.objects.update(scopes=["profile"])

    assert said(call(method, path, token="")) == (401, "The access token is invalid")
    assert said(call(method, path)) == (403, "This action is outside the authorized scopes")


def test_a_token_of_another_server_is_none(grant: Grant) -> None:
    assert said(toot({"status": "x"}, server="gotosocial"))[0] == 401


def test_servers_have_their_own_words_for_a_bad_token(person: Person) -> None:
    response = call("get", "/api/v1/accounts/verify_credentials", server="takahe")

    assert (response.status_code, response["Content-Type"]) == (400, "text/plain")
    assert response.content == b"Invalid Bearer token"


@pytest.mark.parametrize(
    ("server", "metadata", "second_instance"),
    [("mastodon", 200, 200), ("pleroma", 404, 200), ("takahe", 404, 200), ("old", 404, 404)],
)
def test_what_a_server_tells_of_itself(
    person: Person, server: str, metadata: int, second_instance: int
) -> None:
    assert Browser().get(address("/.well-known/oauth-authorization-server", server)).status_code == metadata
    assert Browser().get(address("/api/v2/instance", server)).status_code == second_instance
    assert Browser().get(address("/api/v1/instance", server)).json()["uri"] == "testserver"


# --- statuses ---


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Text can't be blank"),
        ({"status": "  \n"}, "Text can't be blank"),
        ({"status": "x" * 501}, "character limit of 500"),
        ({"status": "x" * 490, "spoiler_text": "y" * 11}, "character limit of 500"),
        ({"status": "👩‍🍳" * 501}, "character limit of 500"),
        ({"status": "https://example.org/ " + "x" * 477}, "character limit of 500"),
        ({"status": 5}, "status is invalid"),
        ({"status": "x", "sensitive": "maybe"}, "sensitive is invalid"),
        ({"status": "x", "media_ids": "5"}, "media_ids is invalid"),
        ({"status": "x", "media_ids": [5]}, "media_ids is invalid"),
        ({"status": "x", "visibility": "everybody"}, "visibility is invalid"),
        ({"status": "x", "language": "English"}, "language is invalid"),
        ({"status": "x", "media_ids": ["1"]}, "Media 1 not found"),
        ({"status": "x", "media_ids": ["1", "2", "3", "4", "5"]}, "more than 4 files"),
        ({"status": "x", "titel": "y"}, "no field titel"),
        ({"status": "x", "poll": {"options": ["a", "b"]}}, "poll is invalid"),
        ({"status": "x", "scheduled_at": "2031-01-01T00:00:00Z"}, "does not play scheduled_at"),
    ],
)
def test_a_status_that_breaks_a_rule_is_refused(grant: Grant, body: dict[str, Any], words: str) -> None:
    status, error = said(toot(body))

    assert status == 422
    assert words in error
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 500,
        "👩‍🍳" * 500,
        "https://example.org/" + "long/" * 200 + " " + "x" * 476,
        "@ada@a.rather.long.name.of.a.server.example " + "x" * 495,
    ],
)
def test_a_status_that_just_fits_is_taken(grant: Grant, text: str) -> None:
    assert toot({"status": text}).status_code == 200


def test_no_json_at_all_is_refused(grant: Grant) -> None:
    headers = {"Authorization": "Bearer token"}

    response = Browser().post(
        address("/api/v1/statuses"), b'{"status": "x', content_type="application/json", headers=headers
    )

    assert response.status_code == 400


def test_a_form_is_as_good_as_json(grant: Grant) -> None:
    media = upload(png()).json()["id"]
    headers = {"Authorization": "Bearer token"}
    form = {"status": "Form", "media_ids[]": [media], "sensitive": "true"}

    status = Browser().post(address("/api/v1/statuses"), form, headers=headers).json()

    assert status["sensitive"] is True
    assert [medium["id"] for medium in status["media_attachments"]] == [media]


def test_a_warning_alone_becomes_the_text_and_a_warning_hides_pictures(grant: Grant) -> None:
    alone = toot({"spoiler_text": "Only this"}).json()
    both = toot({"status": "Text", "spoiler_text": "Warning"}).json()

    assert (alone["content"], alone["spoiler_text"]) == ("<p>Only this</p>", "")
    assert (both["spoiler_text"], both["sensitive"]) == ("Warning", True)


def test_a_reply_needs_something_to_reply_to(grant: Grant) -> None:
    assert said(toot({"status": "x", "in_reply_to_id": "77"})) == (404, "Record not found")


def test_what_is_private_is_hidden_from_others(grant: Grant) -> None:
    status = toot({"status": "Hush", "visibility": "private"}).json()
    stranger = Person.objects.get(network="mastodon", handle="tomas")
    grant_for(stranger, access="stranger")

    assert call("get", f"/api/v1/statuses/{status['id']}").status_code == 200
    assert call("get", f"/api/v1/statuses/{status['id']}", token="stranger").status_code == 404
    assert call("get", f"/api/v1/accounts/{grant.person.remote_id}/statuses", token="stranger").json() == []


def test_nobody_deletes_the_posts_of_others(grant: Grant) -> None:
    status = toot({"status": "Mine"}).json()
    grant_for(Person.objects.get(network="mastodon", handle="tomas"), access="stranger")

    assert call("delete", f"/api/v1/statuses/{status['id']}", token="stranger").status_code == 404
    assert call("get", f"/api/v1/statuses/{status['id']}").status_code == 200


def test_a_deleted_status_gives_back_its_text_and_its_pictures(grant: Grant) -> None:
    media = upload(png()).json()["id"]
    status = toot({"status": "Draft again", "media_ids": [media]}).json()

    deleted = call("delete", f"/api/v1/statuses/{status['id']}").json()

    assert deleted["text"] == "Draft again"
    assert call("get", f"/api/v1/statuses/{status['id']}").status_code == 404
    assert toot({"status": "Again", "media_ids": [media]}).status_code == 200


def test_an_unknown_status_is_html_on_takahe(person: Person) -> None:
    grant_for(person, "takahe")

    response = call("get", "/api/v1/statuses/5", server="takahe")

    assert (response.status_code, response["Content-Type"]) == (404, "text/html")


# --- keys ---


def test_a_key_is_good_for_an_hour(grant: Grant) -> None:
    first = toot({"status": "One"}, Idempotency_Key="k").json()

    assert toot({"status": "Other"}, Idempotency_Key="k").json()["id"] == first["id"]
    assert toot({"status": "Other"}, Idempotency_Key="l").json()["id"] != first["id"]
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        assert toot({"status": "One"}, Idempotency_Key="k").json()["id"] != first["id"]


def test_a_key_belongs_to_one_person(grant: Grant) -> None:
    grant_for(Person.objects.get(network="mastodon", handle="tomas"), access="stranger")
    first = toot({"status": "One"}, Idempotency_Key="k").json()

    assert toot({"status": "One"}, token="stranger", Idempotency_Key="k").json()["id"] != first["id"]


@pytest.mark.parametrize("server", ["gotosocial", "takahe"])
def test_some_servers_do_not_know_keys(person: Person, server: str) -> None:
    grant_for(person, server)

    ids = {toot({"status": "One"}, server=server, Idempotency_Key="k").json()["id"] for _ in range(2)}

    assert len(ids) == 2


def test_pleroma_reads_out_its_first_answer_a_refusal_too(person: Person) -> None:
    grant_for(person, "pleroma")
    first = toot({"status": ""}, server="pleroma", Idempotency_Key="k")

    again = toot({"status": "Mended"}, server="pleroma", Idempotency_Key="k")

    assert (first.status_code, again.status_code) == (422, 422)
    assert again["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first
    assert not Entry.objects.exists()


# --- media ---


def test_pictures_are_told_by_their_bytes(grant: Grant) -> None:
    assert upload(png(kind="JPEG")).status_code == 200
    assert Upload.objects.get().content_type == "image/jpeg"
    assert said(upload(b"MZ\x90")) == (
        422,
        "Validation failed: File content type is invalid, File is invalid",
    )
    assert said(upload(png()[:40]))[0] == 422


def test_a_bomb_is_not_opened(grant: Grant) -> None:
    content = io.BytesIO()
    Image.new("1", (6000, 6000)).save(content, "PNG")

    assert said(upload(content.getvalue()))[0] == 422


@pytest.mark.parametrize("fields", [{"titel": "x"}, {"description": "x" * 1501}])
def test_what_comes_with_a_picture_is_checked(grant: Grant, fields: dict[str, str]) -> None:
    assert upload(png(), **fields).status_code == 422
    assert not Upload.objects.exists()


def test_an_animation_is_processed_before_it_can_be_used(grant: Grant) -> None:
    made = upload(png(kind="GIF"))
    media = made.json()

    assert (made.status_code, media["type"], media["url"]) == (202, "gifv", None)
    assert "finished processing" in said(toot({"status": "x", "media_ids": [media["id"]]}))[1]
    assert call("get", f"/api/v1/media/{media['id']}").status_code == 206
    assert call("get", f"/api/v1/media/{media['id']}").json()["url"]
    assert toot({"status": "x", "media_ids": [media["id"]]}).status_code == 200


def test_the_old_way_waits_until_all_is_done(grant: Grant) -> None:
    made = upload(png(kind="GIF"), path="/api/v1/media")

    assert made.status_code == 200
    assert made.json()["url"]


def test_an_animation_stands_alone(grant: Grant) -> None:
    ids = [upload(png(kind=kind), path="/api/v1/media").json()["id"] for kind in ("GIF", "PNG")]

    assert "already contains images" in said(toot({"status": "x", "media_ids": ids}))[1]


def test_processing_can_fail(grant: Grant) -> None:
    Fault.objects.create(network="mastodon", kind=Fault.Kind.PROCESSING_FAILS, path="/media")

    made = upload(png())

    assert made.status_code == 202
    assert said(call("get", f"/api/v1/media/{made.json()['id']}"))[0] == 422


def test_a_picture_serves_one_post(grant: Grant) -> None:
    media = upload(png()).json()["id"]
    toot({"status": "x", "media_ids": [media]})

    assert "already attached" in said(toot({"status": "y", "media_ids": [media]}))[1]
    assert call("get", f"/api/v1/media/{media}").status_code == 404


def test_a_picture_of_somebody_else_is_not_found(grant: Grant) -> None:
    media = upload(png()).json()["id"]
    grant_for(Person.objects.get(network="mastodon", handle="tomas"), access="stranger")

    assert "not found" in said(toot({"status": "x", "media_ids": [media]}, token="stranger"))[1]
    assert call("get", f"/api/v1/media/{media}", token="stranger").status_code == 404


def test_the_old_server_has_only_the_old_way(person: Person) -> None:
    grant_for(person, "old")

    assert upload(png(), server="old").status_code == 404
    assert upload(png(), server="old", path="/api/v1/media").status_code == 200


def test_videos_are_told_by_their_bytes_and_processed_first(grant: Grant) -> None:
    made = upload(film_bytes())
    media = made.json()

    assert (made.status_code, media["type"], media["url"]) == (202, "video", None)
    assert media["meta"]["original"]["frame_rate"] == "24/1"
    assert said(upload(film_bytes()[:200]))[1] == (
        "Validation failed: File content type is invalid, File is invalid"
    )
    assert "mp4" in str(Browser().get(address("/api/v2/instance")).json()["configuration"])


def test_a_video_stands_alone(grant: Grant) -> None:
    ids = [upload(content, path="/api/v1/media").json()["id"] for content in (film_bytes(), png())]

    assert "already contains images" in said(toot({"status": "x", "media_ids": ids}))[1]


# --- polls ---


def ask_poll(**changes: Any) -> Any:
    return toot({"status": "Which?", "poll": {"options": ["Rye", "Spelt"], "expires_in": 3600, **changes}})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"options": ["One"]}, "Options must have more than one item"),
        ({"options": ["One", " "]}, "Options must have more than one item"),
        ({"options": [*"12345"]}, "Options can't contain more than 4 items"),
        ({"options": ["x" * 51, "y"]}, "Options cannot be longer than 50 characters each"),
        ({"options": ["x", "x"]}, "Options contain duplicate items"),
        ({"options": "x,y"}, "poll is invalid"),
        ({"options": [1, 2]}, "poll is invalid"),
        ({"expires_in": 299}, "Expires at is too soon"),
        ({"expires_in": 2_629_747}, "Expires at is too far into the future"),
        ({"expires_in": "soon"}, "poll is invalid"),
        ({"expires_at": 300}, "poll is invalid"),
    ],
)
def test_a_poll_that_breaks_a_rule_is_refused(grant: Grant, changes: dict[str, Any], words: str) -> None:
    status, error = said(ask_poll(**changes))

    assert status == 422
    assert words in error
    assert not Entry.objects.exists()


def test_a_poll_goes_without_media(grant: Grant) -> None:
    poll = {"options": ["Rye", "Spelt"], "expires_in": 3600}
    body = {"status": "x", "poll": poll, "media_ids": [upload(png()).json()["id"]]}

    assert "poll cannot be attached" in said(toot(body))[1]


def test_a_poll_may_come_in_a_form(grant: Grant) -> None:
    form = {
        "status": "Which?",
        "poll[options][]": ["Rye", "Spelt"],
        "poll[expires_in]": "300",
        "poll[multiple]": "true",
    }

    made = Browser().post(address("/api/v1/statuses"), form, headers={"Authorization": "Bearer token"}).json()

    assert [option["title"] for option in made["poll"]["options"]] == ["Rye", "Spelt"]
    assert made["poll"]["multiple"] is True


@pytest.mark.parametrize(
    ("choices", "words"), [([], "does not exist"), (["2"], "does not exist"), (["0", "1"], "does not exist")]
)
def test_a_vote_for_nothing_is_refused(grant: Grant, choices: list[str], words: str) -> None:
    poll = ask_poll().json()
    grant_for(Person.objects.get(network="mastodon", handle="tomas"), access="stranger")
    path = f"/api/v1/polls/{poll['id']}/votes"

    assert words in said(call("post", path, {"choices": choices}, token="stranger"))[1]
    assert said(call("post", path, {"choices": ["0"]}))[1] == "You cannot vote in your own polls"
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        ended = said(call("post", path, {"choices": ["0"]}, token="stranger"))
    assert ended[1] == "The poll has already ended"


def test_votes_come_in_and_hidden_ones_show_at_the_end(grant: Grant) -> None:
    status = ask_poll(hide_totals=True).json()

    with time_machine.travel(timezone.now() + timedelta(minutes=50)):
        hidden = call("get", f"/api/v1/polls/{status['id']}").json()
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        shown = call("get", f"/api/v1/polls/{status['id']}").json()

    assert {option["votes_count"] for option in hidden["options"]} == {None}
    assert shown["expired"] is True
    assert sum(option["votes_count"] for option in shown["options"]) == shown["votes_count"] > 0


# --- quotes and changes ---


def test_a_quote_that_breaks_a_rule_is_refused(grant: Grant) -> None:
    tomas = Person.objects.get(network="mastodon", handle="tomas")
    grant_for(tomas, access="stranger")
    closed = toot({"status": "Mine", "quote_approval_policy": "nobody"}, token="stranger").json()["id"]
    hushed = toot({"status": "Hush", "visibility": "private"}, token="stranger").json()["id"]
    fine = toot({"status": "All"}, token="stranger").json()["id"]
    direct = {"status": "Psst", "visibility": "direct", "quoted_status_id": fine}
    pictured = {"status": "x", "quoted_status_id": fine, "media_ids": [upload(png()).json()["id"]]}

    for quoted in (closed, hushed, "5"):
        assert "trying to quote" in said(toot({"status": "x", "quoted_status_id": quoted}))[1]
    assert "non-mentioned user" in said(toot(direct))[1]
    assert "Quoting is not allowed with" in said(toot(pictured))[1]
    assert "quote_approval_policy is invalid" in said(toot({"status": "x", "quote_approval_policy": "us"}))[1]


def test_servers_before_quotes_do_not_know_their_fields(person: Person) -> None:
    grant_for(person, "gotosocial")
    body = {"status": "x", "quote_approval_policy": "nobody"}

    assert "no field quote_approval_policy" in said(toot(body, server="gotosocial"))[1]
    assert "quote" not in toot({"status": "x"}, server="gotosocial").json()


def test_what_a_change_does_not_say_is_taken_away(grant: Grant) -> None:
    media = upload(png()).json()["id"]
    pictured = toot({"status": "One", "media_ids": [media], "spoiler_text": "Careful"}).json()
    asked = ask_poll().json()

    bare = call("put", f"/api/v1/statuses/{pictured['id']}", {"status": "Uno"}).json()
    unasked = call("put", f"/api/v1/statuses/{asked['id']}", {"status": "None"}).json()

    assert (bare["media_attachments"], bare["spoiler_text"], bare["sensitive"]) == ([], "", False)
    assert unasked["poll"] is None
    assert bare["edited_at"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"status": "x", "visibility": "private"}, "no field visibility"),
        ({"status": "x", "in_reply_to_id": "1"}, "no field in_reply_to_id"),
        ({"status": ""}, "can't be blank"),
        ({"status": "x" * 501}, "character limit"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused(grant: Grant, body: dict[str, Any], words: str) -> None:
    status = toot({"status": "One"}).json()

    assert words in said(call("put", f"/api/v1/statuses/{status['id']}", body))[1]


def test_nobody_changes_the_posts_of_others(grant: Grant) -> None:
    status = toot({"status": "Mine"}).json()
    grant_for(Person.objects.get(network="mastodon", handle="tomas"), access="stranger")

    changed = call("put", f"/api/v1/statuses/{status['id']}", {"status": "Yours"}, token="stranger")

    assert changed.status_code == 404


# --- notifications ---


def test_notifications_are_paged_and_sorted_out(grant: Grant, person: Person) -> None:
    tomas = Person.objects.get(network="mastodon", handle="tomas")
    notes = [mastodon.arrive("mention", person, tomas, f"Hello {n}") for n in range(5)]
    status = toot({"status": "Mine"}).json()
    grant_for(tomas, access="stranger")
    call("post", f"/api/v1/statuses/{status['id']}/favourite", token="stranger")

    newest = call("get", "/api/v1/notifications?limit=2")
    after = call("get", f"/api/v1/notifications?min_id={notes[0].remote_id}&limit=2").json()
    liked = call("get", "/api/v1/notifications?types[]=favourite").json()
    unliked = call("get", "/api/v1/notifications?exclude_types[]=favourite").json()

    assert [told["type"] for told in newest.json()] == ["favourite", "mention"]
    assert 'rel="next"' in newest["Link"]
    assert [told["id"] for told in after] == [notes[2].remote_id, notes[1].remote_id]
    assert [told["status"]["id"] for told in liked] == [status["id"]]
    assert len(unliked) == 5
    assert unliked[0]["status"]["content"].startswith("<p><span")


def test_a_direct_message_is_for_the_two(grant: Grant, person: Person) -> None:
    tomas = Person.objects.get(network="mastodon", handle="tomas")
    note = mastodon.arrive("direct", person, tomas, "Psst")
    grant_for(Person.objects.get(network="mastodon", handle="moonrise"), access="third")

    assert call("get", f"/api/v1/statuses/{note.remote_id}").json()["visibility"] == "direct"
    assert call("get", f"/api/v1/statuses/{note.remote_id}", token="third").status_code == 404


# --- what the public sees ---


def test_a_post_looks_like_one_of_mastodon(grant: Grant, person: Person) -> None:
    ask_poll()
    quoted = toot({"status": "Older"}).json()["id"]
    toot({"status": "Look", "quoted_status_id": quoted, "spoiler_text": "Careful"})

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        page = Browser().get(f"/sandbox/mastodon/@{person.handle}/").content.decode()

    assert "@inga@mastodon.example" in page
    assert "<progress" in page
    assert "closed" in page
    assert "<summary>Careful</summary>" in page
    assert "<blockquote" in page
    assert "css/sandbox/mastodon" in page


# --- limits and languages ---


def test_calls_are_counted_and_the_closest_limit_is_told(grant: Grant) -> None:
    grant.facts["limits"] = {"statuses": 2}
    grant.save()

    headers = [toot({"status": "x"}) for _ in range(3)]

    assert [response.status_code for response in headers] == [200, 200, 429]
    assert [response["X-RateLimit-Remaining"] for response in headers] == ["1", "0", "0"]
    assert headers[2]["X-RateLimit-Limit"] == "2"
    assert headers[2]["X-RateLimit-Reset"].endswith("Z")
    assert said(headers[2])[1] == "Too many requests"


def test_a_refused_call_counts_too(grant: Grant) -> None:
    first, second = toot({"status": ""}), toot({"status": ""})

    assert [response["X-RateLimit-Remaining"] for response in (first, second)] == ["299", "298"]


def test_a_window_ends(grant: Grant) -> None:
    grant.facts["limits"] = {"media": 1}
    grant.save()
    assert [upload(png()).status_code for _ in range(2)] == [200, 429]

    with time_machine.travel(timezone.now() + timedelta(minutes=30, seconds=1)):
        assert upload(png()).status_code == 200


def test_refusals_speak_the_language_of_the_person(grant: Grant, person: Person) -> None:
    assert "文字以内" in said(toot({"status": "x" * 501}, Accept_Language="ja"))[1]

    person.facts = {"locale": "ja"}
    person.save()

    assert "文字以内" in said(toot({"status": "x" * 501}, Accept_Language="en"))[1]


def test_the_html_of_a_status_is_mastodons() -> None:
    html = as_html("Hi <b> @ada@far.example\nsee https://example.org/a?b=c&d=a-very-long-one, #tag\n\nBye")

    assert html == (
        '<p>Hi &lt;b&gt; <span class="h-card" translate="no">'
        '<a class="u-url mention">@<span>ada</span></a></span><br />see '
        '<a href="https://example.org/a?b=c&amp;d=a-very-long-one" target="_blank" '
        'rel="nofollow noopener" translate="no"><span class="invisible">https://</span>'
        '<span class="ellipsis">example.org/a?b=c&amp;d=a-very-lon</span>'
        '<span class="invisible">g-one</span></a>, '
        '<a class="mention hashtag" rel="tag">#<span>tag</span></a></p><p>Bye</p>'
    )
