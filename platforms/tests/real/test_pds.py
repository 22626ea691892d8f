"""The Bluesky client against a real personal data server (npm @atproto/pds), and the twin beside it."""

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from playwright.sync_api import sync_playwright

from platforms.bluesky import Bluesky
from platforms.content import Author, Authorization, MediaFile, Message, Part, Token
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    PermissionMissing,
    TokenExpired,
)
from platforms.ledger import MemoryLedger
from platforms.tests.bluesky_world import REDIRECT, DyingLedger, Killed, client, draft, picture
from platforms.tests.files import film, medium
from platforms.tests.real.conftest import Pds, Resident

pytestmark = pytest.mark.real

Make = Callable[[Token], Bluesky]
Shelf = Callable[[MediaFile], MediaFile]


@pytest.fixture
def make(pds: Pds) -> Make:
    return lambda token: client(pds.url, token, registry=pds.registry)


def by_password(pds: Pds, who: Resident) -> Token:
    fields = {"handle": f"@{who.handle}", "password": who.app_password, "server": ""}
    return client(pds.url, registry=pds.registry).login(fields)


def by_consent(pds: Pds, who: Resident, *, allow: bool = True) -> Token:
    desk = client(pds.url, registry=pds.registry)
    way = desk.authorize("a-state", {"handle": who.handle})
    back = consent(way, who, "Authorize" if allow else "Deny access")
    assert back["state"] == "a-state"
    return client(pds.url, registry=pds.registry).exchange(back, way.kept)


def consent(way: Authorization, who: Resident, button: str) -> dict[str, str]:
    """Sign in on the server's own page in a browser, press a button, and return what comes back with us."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page()
        page.goto(way.url)
        page.locator("input[type=password]").fill(who.password)
        page.get_by_role("button", name="Sign in").click()
        with page.expect_request(lambda request: request.url.startswith(REDIRECT)) as request:
            page.get_by_role("button", name=button).click()
        back = request.value.url
        browser.close()
    return dict(parse_qsl(urlsplit(back).query))


@pytest.fixture(scope="module")
def granted(pds: Pds, alice: Resident) -> Token:
    """What the real consent page led to, for the tests that do not use it up."""
    return by_consent(pds, alice)


@pytest.fixture(params=["oauth", "password"])
def token(request: pytest.FixtureRequest, pds: Pds, alice: Resident) -> Token:
    if request.param == "oauth":
        return request.getfixturevalue("granted")  # type: ignore[no-any-return]
    return by_password(pds, alice)


def stored(pds: Pds, uri: str) -> dict[str, Any]:
    """A record as anybody can read it."""
    repo, collection, key = uri.removeprefix("at://").split("/")
    answer = requests.get(
        f"{pds.url}/xrpc/com.atproto.repo.getRecord",
        params={"repo": repo, "collection": collection, "rkey": key},
        timeout=20,
    )
    assert answer.ok, answer.text
    return dict(answer.json())


def count(pds: Pds, who: Resident) -> int:
    answer = requests.get(
        f"{pds.url}/xrpc/com.atproto.repo.listRecords",
        params={"repo": who.did, "collection": "app.bsky.feed.post", "limit": "100"},
        timeout=20,
    )
    return len(answer.json()["records"])


# --- signing in ---


def test_consent_leads_to_the_account(granted: Token, make: Make, pds: Pds, alice: Resident) -> None:
    [profile] = make(granted).profiles()

    assert granted.scopes == Bluesky.scopes
    assert granted.expires_at is not None
    assert granted.expires_at > datetime.now(UTC)
    assert (profile.remote_id, profile.handle) == (alice.did, "alice.test")


def test_denial_is_said_in_words(pds: Pds, alice: Resident) -> None:
    with pytest.raises(PermissionMissing, match="not allowed"):
        by_consent(pds, alice, allow=False)


def test_an_app_password_leads_to_the_account(pds: Pds, alice: Resident, make: Make) -> None:
    token = by_password(pds, alice)

    [profile] = make(token).profiles()

    assert token.extra == {"did": alice.did, "pds": pds.url}
    assert token.expires_at is not None
    assert (profile.remote_id, profile.handle, profile.name) == (alice.did, "alice.test", "alice.test")


def test_a_wrong_password_is_refused(pds: Pds, alice: Resident) -> None:
    with pytest.raises(PermissionMissing, match="does not accept"):
        by_password(pds, replace(alice, app_password="aaaa-bbbb-cccc-dddd"))


def test_an_unknown_handle_is_refused(pds: Pds, alice: Resident) -> None:
    with pytest.raises(InvalidContent, match="knows no account"):
        by_password(pds, replace(alice, handle="nobody.test"))


# --- the token ---


def test_a_session_is_renewed_and_its_old_token_leads_to_the_same(
    pds: Pds, alice: Resident, make: Make
) -> None:
    token = by_password(pds, alice)

    newer, again = make(token).refresh(), make(token).refresh()

    assert newer.refresh == again.refresh != token.refresh
    assert make(newer).profiles()[0].remote_id == alice.did


def test_a_revoked_session_is_gone(pds: Pds, alice: Resident, make: Make) -> None:
    token = by_password(pds, alice)

    make(token).revoke()
    make(token).revoke()

    with pytest.raises(TokenExpired):
        make(token).refresh()


def test_an_oauth_token_rotates_and_a_replay_ends_the_session(pds: Pds, bob: Resident, make: Make) -> None:
    token = by_consent(pds, bob)
    newer = make(token).refresh()
    assert make(newer).profiles()[0].remote_id == bob.did

    with pytest.raises(TokenExpired):
        make(token).refresh()

    with pytest.raises(TokenExpired):
        make(newer).profiles()
    with pytest.raises(TokenExpired):
        make(newer).refresh()


def test_a_revoked_oauth_token_is_gone(pds: Pds, bob: Resident, make: Make) -> None:
    token = by_consent(pds, bob)

    make(token).revoke()
    make(token).revoke()

    with pytest.raises(TokenExpired):
        make(token).profiles()
    with pytest.raises(TokenExpired):
        make(token).refresh()


# --- publishing ---


def test_a_text_stands_as_it_was_written(token: Token, make: Make, pds: Pds) -> None:
    sent = draft("Warm bread at seven.", key=f"text-{token.access}", language="en")

    published = make(token).publish(sent, MemoryLedger())

    record = stored(pds, published.remote_id)["value"]
    assert record["text"] == "Warm bread at seven."
    assert record["langs"] == ["en"]
    assert datetime.fromisoformat(record["createdAt"]).date() == sent.created_at.date()


def test_a_picture_stands_with_its_words(token: Token, make: Make, pds: Pds) -> None:
    loaf = picture("loaf.jpg", alt="A loaf, still steaming")
    sent = draft(Part("Fresh", (loaf,)), key=f"picture-{token.access}")

    published = make(token).publish(sent, MemoryLedger())

    [image] = stored(pds, published.remote_id)["value"]["embed"]["images"]
    assert image["alt"] == "A loaf, still steaming"
    assert image["aspectRatio"] == {"width": 64, "height": 48}
    blob = requests.get(
        f"{pds.url}/xrpc/com.atproto.sync.getBlob",
        params={"did": str(token.extra["did"]), "cid": image["image"]["ref"]["$link"]},
        timeout=20,
    )
    with loaf.open() as stream:
        assert blob.content == stream.read()


def test_links_and_mentions_live_at_their_bytes(token: Token, make: Make, pds: Pds, bob: Resident) -> None:
    text = "Grüße 🥐 an @bob.test und @nobody.test: https://example.org/brot #brot"

    published = make(token).publish(draft(text, key=f"facets-{token.access}"), MemoryLedger())

    raw = text.encode()
    facets = {
        raw[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"][0]
        for facet in stored(pds, published.remote_id)["value"]["facets"]
    }
    assert set(facets) == {"@bob.test", "https://example.org/brot", "#brot"}
    assert facets["@bob.test"]["did"] == bob.did
    assert facets["https://example.org/brot"]["uri"] == "https://example.org/brot"
    assert facets["#brot"]["tag"] == "brot"


def test_a_thread_of_three_hangs_together(token: Token, make: Make, pds: Pds) -> None:
    sent = draft("One", "Two", "Three", key=f"thread-{token.access}")

    published = make(token).publish(sent, MemoryLedger())

    one, two, three = (stored(pds, uri) for uri in published.part_ids)
    first = {"uri": one["uri"], "cid": one["cid"]}
    assert two["value"]["reply"] == {"root": first, "parent": first}
    assert three["value"]["reply"] == {"root": first, "parent": {"uri": two["uri"], "cid": two["cid"]}}


def test_a_link_has_a_card_with_a_picture(pds: Pds, alice: Resident, shelf: Shelf) -> None:
    html = f'<title>Rye</title><meta property="og:image" content="{shelf(picture()).url}">'
    page = shelf(medium("rye.html", html.encode(), "text/html")).url
    desk = client(pds.url, by_password(pds, alice), registry=pds.registry, also_reaches=page)

    published = desk.publish(draft(f"Read {page}", key="card", card=True), MemoryLedger())

    card = stored(pds, published.remote_id)["value"]["embed"]["external"]
    assert (card["uri"], card["title"]) == (page, "Rye")
    assert card["thumb"]["mimeType"] == "image/jpeg"


def test_a_quote_names_the_post_and_its_version(pds: Pds, token: Token, make: Make, bob: Resident) -> None:
    quoted = make(by_password(pds, bob)).publish(draft("Mine", key=f"quoted-{token.access}"), MemoryLedger())
    address = f"https://bsky.app/profile/bob.test/post/{quoted.remote_id.rpartition('/')[2]}"

    published = make(token).publish(
        draft(Part("His", (picture(),)), key=f"quote-{token.access}", quote=address), MemoryLedger()
    )

    embed = stored(pds, published.remote_id)["value"]["embed"]
    assert embed["record"]["record"]["uri"] == quoted.remote_id
    assert embed["record"]["record"]["cid"] == stored(pds, quoted.remote_id)["cid"]
    assert len(embed["media"]["images"]) == 1


def test_a_video_lies_on_the_server(pds: Pds, token: Token, make: Make) -> None:
    sent = draft(Part("From our oven", (film(alt="Loaves"),)), key=f"video-{token.access}")

    published = make(token).publish(sent, MemoryLedger())

    embed = stored(pds, published.remote_id)["value"]["embed"]
    assert (embed["$type"], embed["alt"]) == ("app.bsky.embed.video", "Loaves")
    assert embed["video"]["mimeType"] == "video/mp4"


def test_gates_stand_beside_the_post_and_go_with_it(pds: Pds, token: Token, make: Make) -> None:
    sent = draft("Quiet", key=f"gates-{token.access}", replies="mentioned", allow_quotes=False)

    published = make(token).publish(sent, MemoryLedger())
    again = make(token).publish(sent, MemoryLedger())
    places = [published.remote_id.replace(".post/", f".{gate}/") for gate in ("threadgate", "postgate")]
    gates = [stored(pds, place)["value"] for place in places]
    make(token).delete(published)

    assert again == published
    assert [gate["post"] for gate in gates] == [published.remote_id] * 2
    for place in places:
        with pytest.raises(AssertionError, match="Could not locate record"):
            stored(pds, place)


def test_a_hidden_reply_is_listed_beside_the_post(pds: Pds, alice: Resident, make: Make) -> None:
    desk = make(by_password(pds, alice))
    published = desk.publish(draft("Warm bread", key="moderated"), MemoryLedger())
    uri = published.remote_id
    comment = Message(uri, "comment", "", Author(), datetime.now(UTC), thread_id=uri)
    gate = published.remote_id.replace(".post/", ".threadgate/")

    desk.moderate(comment, "hide")
    hidden = stored(pds, gate)["value"]["hiddenReplies"]
    desk.moderate(comment, "unhide")

    assert hidden == [published.remote_id]
    assert stored(pds, gate)["value"]["hiddenReplies"] == []


def test_the_same_draft_is_never_two_posts(token: Token, make: Make, pds: Pds, alice: Resident) -> None:
    sent = draft("Once", "and only once", key=f"twice-{token.access}")
    before = count(pds, alice)

    first = make(token).publish(sent, MemoryLedger())
    second = make(token).publish(sent, MemoryLedger())

    assert first == second == make(token).find(sent, sent.created_at)
    assert count(pds, alice) == before + 2


@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("step", ["picture 1 of post 1", "post 1 of 2", "post 2 of 2"])
def test_a_worker_killed_at_any_step_leaves_each_part_once(
    pds: Pds, bob: Resident, make: Make, step: str, moment: str
) -> None:
    desk = make(by_password(pds, bob))
    sent = draft(Part("One", (picture(),)), "Two", key=f"{step} {moment}")
    books, before = DyingLedger(step, moment), count(pds, bob)

    with pytest.raises(Killed):
        desk.publish(sent, books)
    published = desk.publish(sent, books)

    assert [stored(pds, uri)["value"]["text"] for uri in published.part_ids] == ["One", "Two"]
    assert count(pds, bob) == before + 2


def test_deleted_is_gone_and_deleting_again_is_no_fault(
    token: Token, make: Make, pds: Pds, alice: Resident
) -> None:
    sent, before = draft("One", "Two", key=f"delete-{token.access}"), count(pds, alice)
    published = make(token).publish(sent, MemoryLedger())

    make(token).delete(published)
    make(token).delete(published)

    assert make(token).find(sent, sent.created_at) is None
    assert count(pds, alice) == before


# --- what the real server refuses is said in words ---


def test_too_long_is_refused(token: Token, make: Make) -> None:
    with pytest.raises(InvalidContent, match="maximum 300, got 301"):
        make(token).publish(draft("x" * 301, key=f"long-{token.access}"), MemoryLedger())


def test_a_picture_over_our_limit_is_refused_by_this_server(token: Token, make: Make) -> None:
    """Why our own limit is lower than the newest servers': this one, of 2026, takes a million bytes."""
    loaf = picture()
    padded = replace(loaf, size=Bluesky.rules.images.max_bytes + 1, open=lambda: padding(loaf))

    with pytest.raises(MediaRejected, match="larger than Bluesky allows"):
        make(token).publish(draft(Part("", (padded,)), key=f"big-{token.access}"), MemoryLedger())


def padding(loaf: MediaFile) -> BinaryIO:
    with loaf.open() as stream:
        content = stream.read()
    return io.BytesIO(content + b"\0" * (Bluesky.rules.images.max_bytes + 1 - len(content)))


def test_a_file_that_is_no_picture_is_refused(token: Token, make: Make) -> None:
    note = replace(picture(), content_type="text/plain", open=lambda: io.BytesIO(b"Warm bread at seven."))

    with pytest.raises(MediaRejected, match="picture of this kind"):
        make(token).publish(draft(Part("", (note,)), key=f"kind-{token.access}"), MemoryLedger())
