"""Pinterest's client against its twin, over real HTTP."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from platforms.base import Connection
from platforms.content import Draft, Json, MediaFile, Part, RateLimit, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.pinterest import INDEX_LAG, SECTIONED, UPLOAD_LIVES, Pinterest
from platforms.sandbox.models import Call, Entry, Fault, Grant, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import app_at, connected, token_of, way_out
from platforms.tests.files import film, film_bytes, medium, picture, picture_bytes
from platforms.transport import Answer

BREAD, SOURDOUGH = "4101", "4111"
LAKE = "4201"  # a group board
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="pinterest", handle="morgenrotbakery")


@pytest.fixture
def observed() -> list[RateLimit]:
    return []


@pytest.fixture
def client(sandbox: str, baker: Person, observed: list[RateLimit]) -> Pinterest:
    """A client for the baker, who has said yes already."""
    lives = {"access_expires_at": timezone.now() + timedelta(days=30)}
    tokens = {"access": "pina_1", "refresh": "pinr.1", "scopes": list(Pinterest.scopes)}
    Grant.objects.create(network="pinterest", person=baker, client_id="sandbox", **tokens, **lives)
    return Pinterest(
        Connection(
            app_at(sandbox, "pinterest"),
            way_out(sandbox),
            Token("pina_1", "pinr.1"),
            baker.remote_id,
            baker.handle,
            observe=observed.append,
        )
    )


@pytest.fixture
def with_token(sandbox: str) -> Callable[..., Pinterest]:
    def build(token: Token | None = None, *, is_known: bool = True) -> Pinterest:
        app = app_at(sandbox, "pinterest")
        app = app if is_known else replace(app, client_secret="wrong")
        return Pinterest(Connection(app, way_out(sandbox), token))

    return build


def draft(text: str = "Out at seven.", *media: MediaFile, **options: Json) -> Draft:
    media = media or (picture(),)
    kind = Pinterest.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), {"board": BREAD, **options}, kind)


def set_fact(person: Person, **facts: Any) -> None:
    person.refresh_from_db()
    person.facts = {**person.facts, **facts}
    person.save()


def pinned() -> Entry:
    return Entry.objects.get(network="pinterest", deleted_at=None)


def through(client: Pinterest, wanted: Draft, ledger: MemoryLedger) -> Any:
    """Publish, coming back as often as the network is not ready."""
    for _ in range(5):
        try:
            return client.publish(wanted, ledger)
        except NotReady:
            continue
    raise AssertionError("never ready")


def aged(ledger: MemoryLedger, by: timedelta = INDEX_LAG) -> None:
    """Some time has passed since everything was tried."""
    ledger.intents = {name: moment - by for name, moment in ledger.intents.items()}


def calls(method: str, path: str) -> list[Call]:
    return list(Call.objects.filter(network="pinterest", method=method, path__endswith=path).order_by("pk"))


# --- connecting ---


def test_a_person_connects_and_brings_boards_and_sections(
    with_token: Callable[..., Pinterest], baker: Person
) -> None:
    asked = with_token().authorize("state-1", {})
    answer = allow(asked.url, baker)
    token = with_token().exchange(answer, asked.kept)
    [profile] = with_token(token).profiles()

    assert answer["state"] == "state-1"
    query = parse_qs(urlsplit(asked.url).query)
    assert query["scope"] == ["boards:read,boards:write,pins:read,pins:write,user_accounts:read"]
    assert "code_challenge" not in query
    assert calls("POST", "/oauth/token")[0].body["continuous_refresh"] == "true"
    assert set(token.scopes) == set(Pinterest.scopes)
    assert token.access.startswith("pina_")
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - datetime.now(UTC) <= timedelta(days=30)
    assert (profile.remote_id, profile.handle) == (baker.remote_id, "morgenrotbakery")
    assert profile.name == "Morgenrot Bakery"
    choices: Any = profile.limits["choices"]
    assert choices["boards"] == [
        [BREAD, "Bread we bake"],
        ["4102", "Cakes for a feast"],
        [LAKE, "Picnics by the lake"],
    ]
    assert [SOURDOUGH, "Bread we bake / Sourdough"] in choices["sections"]
    assert profile.limits["section_boards"] == {
        SOURDOUGH: BREAD,
        "4112": BREAD,
        "4121": "4102",
    }
    assert Browser().get(urlsplit(profile.url).path).status_code == 200
    assert Browser().get(urlsplit(profile.avatar_url).path)["Content-Type"] == "image/png"


def test_a_private_account_goes_by_its_handle(sandbox: str) -> None:
    joost = Person.objects.get(network="pinterest", handle="joost_knits")

    [profile] = connected("pinterest", sandbox, joost).profiles()

    assert profile.name == "joost_knits"


def test_many_boards_come_in_pages_and_who_sees_them_is_said(client: Pinterest, baker: Person) -> None:
    boards = [{"id": str(1000 + n), "name": f"Board {n:03}", "privacy": "PUBLIC"} for n in range(260)]
    boards[0] |= {"privacy": "PROTECTED"}
    set_fact(baker, boards=[*boards, {**boards[1], "id": "7", "is_ads_only": True}], joined=[])

    limits: Any = client.account_limits()

    assert len(limits["choices"]["boards"]) == 260
    assert limits["choices"]["boards"][0] == ["1000", "Board 000 (protected)"]
    assert len(calls("GET", "/boards")) == 2
    assert len(calls("GET", "/sections")) == SECTIONED


def test_a_person_who_says_no_is_not_connected(with_token: Callable[..., Pinterest], baker: Person) -> None:
    asked = with_token().authorize("state-1", {})

    answer = allow(asked.url, baker, "deny")

    with pytest.raises(PermissionMissing):
        with_token().exchange(answer, asked.kept)


def test_a_code_works_once(with_token: Callable[..., Pinterest], baker: Person) -> None:
    asked = with_token().authorize("s", {})
    answer = allow(asked.url, baker)
    with_token().exchange(answer, asked.kept)

    with pytest.raises(PermissionMissing) as error:
        with_token().exchange(answer, asked.kept)

    assert error.value.action == "Connect again."


def test_a_wrong_secret_is_the_operators_matter(with_token: Callable[..., Pinterest], baker: Person) -> None:
    asked = with_token().authorize("s", {})

    with pytest.raises(ClientRefused):
        with_token(is_known=False).exchange(allow(asked.url, baker), asked.kept)


def test_a_refresh_brings_a_new_pair(
    with_token: Callable[..., Pinterest], baker: Person, sandbox: str
) -> None:
    old = token_of(Pinterest, sandbox, baker)

    new = with_token(old).refresh()

    assert new.access != old.access
    assert new.refresh not in {"", old.refresh}
    assert with_token(new).profiles()
    with pytest.raises(TokenExpired):
        with_token(old).profiles()
    with pytest.raises(TokenExpired):
        with_token(old).refresh()


@pytest.mark.parametrize("kind", ["limited", "broken", "drop_after", "html"])
def test_a_refresh_that_goes_wrong_keeps_the_connection(
    with_token: Callable[..., Pinterest], baker: Person, sandbox: str, kind: str
) -> None:
    old = token_of(Pinterest, sandbox, baker)
    Fault.objects.create(network="pinterest", kind=kind, path="/oauth/token")

    with pytest.raises((Unavailable, RateLimited)):
        with_token(old).refresh()


def test_both_tokens_are_given_back(client: Pinterest) -> None:
    client.revoke()

    assert [call.body["token_type_hint"] for call in calls("POST", "/revoke")] == [
        "refresh_token",
        "access_token",
    ]
    with pytest.raises(TokenExpired):
        client.profiles()
    client.revoke()


def test_an_app_that_may_not_revoke_forgets(client: Pinterest, baker: Person) -> None:
    set_fact(baker, revoke_closed=True)

    client.revoke()

    assert [call.status for call in calls("POST", "/revoke")] == [403, 403]


# --- publishing ---


def test_a_picture_is_pinned_without_a_public_address(client: Pinterest) -> None:
    wanted = draft(
        "Out of the oven at seven.\n#sourdough",
        picture("loaf.png", kind="PNG", alt="A loaf on a board"),
        section=SOURDOUGH,
        title="Sourdough, step by step",
        link="https://morgenrot.example/bread",
        dominant_colour="#B4552D",
        ai_disclosure="SYNTHETIC_PERFORMER",
    )

    published = client.publish(wanted, MemoryLedger())

    entry = pinned()
    [upload] = entry.pictures
    assert published.remote_id == entry.remote_id
    assert published.permalink.endswith(f"/pin/{entry.remote_id}/")
    assert Browser().get(urlsplit(published.permalink).path).status_code == 200
    assert entry.text == "Out of the oven at seven.\n#sourdough"
    assert bytes(upload.content) == picture_bytes(kind="PNG")
    assert upload.alt == "A loaf on a board"
    assert {name: entry.body[name] for name in ("board_id", "board_section_id", "title", "link")} == {
        "board_id": BREAD,
        "board_section_id": SOURDOUGH,
        "title": "Sourdough, step by step",
        "link": "https://morgenrot.example/bread",
    }
    assert entry.body["dominant_color"] == "#B4552D"
    assert entry.body["ai_disclosures"] == ["AI_MODIFIED", "SYNTHETIC_PERFORMER"]
    [call] = calls("POST", "/v5/pins")
    assert call.body["media_source"]["source_type"] == "image_base64"


def test_what_was_not_filled_in_is_not_sent(client: Pinterest) -> None:
    client.publish(draft("", picture(alt="")), MemoryLedger())

    [call] = calls("POST", "/v5/pins")
    assert set(call.body) == {"board_id", "media_source"}


def test_a_large_picture_travels_whole(client: Pinterest) -> None:
    content = picture_bytes() + b"\x07" * 2_500_000  # behind the picture's end, where nobody looks
    loaf = medium("loaf.jpg", content, "image/jpeg", (1080, 1080))

    client.publish(draft("Large", loaf), MemoryLedger())

    assert bytes(pinned().pictures[0].content) == content


def test_a_carousel_has_words_on_each_picture(client: Pinterest) -> None:
    pictures = [
        picture(f"{n}.jpg", colour=colour, alt=f"Step {n}") for n, colour in enumerate(("red", "tan", "navy"))
    ]
    wanted = draft(
        "Three steps",
        *pictures,
        slide_titles=["Dough", "", "Loaf"],
        slide_links=["https://morgenrot.example/dough"],
        slide_descriptions=["", "Wait"],
    )

    client.publish(wanted, MemoryLedger())

    entry = pinned()
    assert wanted.kind == "carousel"
    assert entry.body["creative_type"] == "CAROUSEL"
    assert [bytes(upload.content) for upload in entry.pictures] == [file.open().read() for file in pictures]
    assert [upload.facts["title"] for upload in entry.pictures] == ["Dough", "", "Loaf"]
    assert [upload.facts["description"] for upload in entry.pictures] == ["", "Wait", ""]
    assert [upload.facts["link"] for upload in entry.pictures] == ["https://morgenrot.example/dough", "", ""]
    assert entry.body["alt_text"] == "Step 0; Step 1; Step 2"


def test_a_video_is_registered_sent_looked_at_and_pinned(client: Pinterest) -> None:
    ledger, wanted = MemoryLedger(), draft("How we bake", film(seconds=4, alt="An oven"), cover_at=2)

    with pytest.raises(NotReady):
        client.publish(wanted, ledger)
    client.publish(wanted, ledger)

    entry = pinned()
    [upload] = entry.pictures
    assert wanted.kind == "video"
    assert bytes(upload.content) == film_bytes(seconds=4)
    assert (upload.content_type, upload.alt) == ("video/mp4", "An oven")
    assert entry.body["cover_second"] == 2
    assert len(calls("POST", "/v5/media")) == 1
    assert [call.status for call in calls("POST", "/s3/")] == [204]
    assert "x-amz" not in str(ledger.results)


def test_a_picture_beside_a_video_is_its_cover(client: Pinterest) -> None:
    cover = picture("cover.jpg", size=(540, 960), alt="")

    through(client, draft("How we bake", cover, film(seconds=4)), MemoryLedger())

    entry = pinned()
    assert [upload.content_type for upload in entry.pictures] == ["video/mp4"]
    kept = Upload.objects.get(remote_id=entry.body["cover"])
    assert bytes(kept.content) == picture_bytes((540, 960))


def test_a_video_that_fails_is_sent_anew_by_the_next_try(client: Pinterest) -> None:
    Fault.objects.create(network="pinterest", kind=Fault.Kind.PROCESSING_FAILS, path="/s3/")
    ledger, wanted = MemoryLedger(), draft("How we bake", film(seconds=4))

    with pytest.raises(MediaRejected):
        through(client, wanted, ledger)
    through(client, wanted, ledger)

    assert len(calls("POST", "/s3/")) == 2
    assert pinned().text == "How we bake"


def test_a_video_that_lay_too_long_is_sent_anew(client: Pinterest) -> None:
    ledger, wanted = MemoryLedger(), draft("How we bake", film(seconds=4))
    Fault.objects.create(network="pinterest", kind=Fault.Kind.LIMITED, path="/v5/pins", method="POST")
    with pytest.raises(RateLimited):
        through(client, wanted, ledger)

    with time_machine.travel(timezone.now() + UPLOAD_LIVES):
        through(client, wanted, ledger)

    assert len(calls("POST", "/s3/")) == 2
    assert pinned()


class Careful(io.BytesIO):
    """A file that nobody may read at once."""

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 <= size <= 1_000_000
        return super().read(size)


def test_a_video_is_read_piece_by_piece(client: Pinterest) -> None:
    content = film_bytes(seconds=4)
    video = replace(film(seconds=4), open=lambda: Careful(content))

    through(client, draft("How we bake", video), MemoryLedger())

    assert bytes(pinned().pictures[0].content) == content


def test_a_video_that_pinterest_lost_is_sent_anew(client: Pinterest) -> None:
    ledger, wanted = MemoryLedger(), draft("How we bake", film(seconds=4))
    with pytest.raises(NotReady):
        client.publish(wanted, ledger)
    Upload.objects.all().delete()

    through(client, wanted, ledger)

    assert len(calls("POST", "/s3/")) == 2
    assert pinned()


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "broken"])
def test_a_lost_upload_is_an_orphan_and_no_failure(client: Pinterest, kind: str) -> None:
    Fault.objects.create(network="pinterest", kind=kind, path="/s3/")
    ledger, wanted = MemoryLedger(), draft("How we bake", film(seconds=4))

    with pytest.raises(Unavailable):
        client.publish(wanted, ledger)
    through(client, wanted, ledger)

    assert Entry.objects.filter(network="pinterest").count() == 1


def test_a_form_that_is_too_old_is_asked_for_again(client: Pinterest) -> None:
    ledger, wanted = MemoryLedger(), draft("How we bake", film(seconds=4))
    Fault.objects.create(network="pinterest", kind=Fault.Kind.REFUSED, path="/s3/", code="s3/AccessDenied")

    with pytest.raises(MediaRejected) as error:
        client.publish(wanted, ledger)
    through(client, wanted, ledger)

    assert error.value.action == "Try again: it is uploaded anew."
    assert len(calls("POST", "/v5/media")) == 2


# --- never twice ---


def test_a_lost_answer_is_looked_up_on_the_board(client: Pinterest) -> None:
    Fault.objects.create(network="pinterest", kind=Fault.Kind.DROP_AFTER, path="/v5/pins")
    ledger, wanted = MemoryLedger(), draft(title="Bread", section=SOURDOUGH)

    with pytest.raises(OutcomeUnknown):
        client.publish(wanted, ledger)
    published = client.publish(wanted, ledger)

    assert published.remote_id == pinned().remote_id
    assert calls("GET", f"/sections/{SOURDOUGH}/pins")


@pytest.mark.parametrize("kind", ["drop_before", "broken"])
def test_absence_is_no_proof_for_a_minute(client: Pinterest, kind: str) -> None:
    Fault.objects.create(network="pinterest", kind=kind, path="/v5/pins")
    ledger, wanted = MemoryLedger(), draft()
    with pytest.raises(OutcomeUnknown):
        client.publish(wanted, ledger)

    with pytest.raises(OutcomeUnknown):
        client.publish(wanted, ledger)
    aged(ledger)
    client.publish(wanted, ledger)

    assert Entry.objects.filter(network="pinterest").count() == 1


def test_a_board_that_shows_late_is_asked_again(client: Pinterest, baker: Person) -> None:
    set_fact(baker, index_lag=30)
    Fault.objects.create(network="pinterest", kind=Fault.Kind.DROP_AFTER, path="/v5/pins")
    ledger, wanted = MemoryLedger(), draft()
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            client.publish(wanted, ledger)

    Entry.objects.update(created_at=timezone.now() - timedelta(seconds=31))
    client.publish(wanted, ledger)

    assert Entry.objects.count() == 1


@pytest.mark.chaos
@pytest.mark.parametrize("moment", range(3))
def test_a_worker_that_dies_anywhere_leaves_one_pin(client: Pinterest, moment: int) -> None:
    ledger, wanted = MortalLedger(moment), draft()

    with pytest.raises(Killed):
        client.publish(wanted, ledger)
    aged(ledger)
    client.publish(wanted, ledger)

    assert Entry.objects.filter(network="pinterest").count() == 1


@pytest.mark.chaos
@pytest.mark.parametrize("moment", range(6))
def test_a_worker_that_dies_over_a_video_leaves_one_pin(client: Pinterest, moment: int) -> None:
    ledger, wanted = MortalLedger(moment), draft("How we bake", film(seconds=4))

    with pytest.raises(Killed):
        through(client, wanted, ledger)
    aged(ledger)
    through(client, wanted, ledger)

    assert Entry.objects.filter(network="pinterest").count() == 1


def test_pins_of_others_and_older_ones_are_no_proof(client: Pinterest, sandbox: str) -> None:
    lina = connected("pinterest", sandbox, Person.objects.get(network="pinterest", handle="linas.table"))
    lina.publish(draft("Same words", board=LAKE), MemoryLedger())
    client.publish(draft("Same words", board=LAKE), MemoryLedger())
    Entry.objects.update(created_at=timezone.now() - timedelta(hours=2))

    found = client.find(draft("Same words", board=LAKE), timezone.now() - timedelta(hours=1))

    assert found is None


def test_a_pin_without_words_is_for_a_person_to_find(client: Pinterest) -> None:
    wanted = draft("", picture(alt=""))
    client.publish(wanted, MemoryLedger())

    with pytest.raises(OutcomeUnknown):
        client.find(wanted, timezone.now() - timedelta(minutes=2))


def crowd(baker: Person, count: int) -> None:
    """Older Pins on the board."""
    body = {
        "board_id": BREAD, "board_section_id": None, "title": "Old", "link": "", "alt_text": "",
        "dominant_color": "#ffffff", "creative_type": "REGULAR", "media_type": "image",
    }  # fmt: skip
    upload = Upload.objects.create(
        network="pinterest", person=baker, remote_id="1", content_type="image/jpeg", facts={"w": 9, "h": 9}
    )
    old = timezone.now() - timedelta(days=900)
    entries = Entry.objects.bulk_create(
        Entry(network="pinterest", person=baker, remote_id=str(n), body=body, created_at=old + timedelta(n))
        for n in range(1, count + 1)
    )
    Entry.uploads.through.objects.bulk_create(
        Entry.uploads.through(entry=entry, upload=upload) for entry in entries
    )


@pytest.mark.parametrize(("order", "pages"), [("newest", 2), ("oldest", 3)])
def test_nobody_trusts_the_order_of_a_board(client: Pinterest, baker: Person, order: str, pages: int) -> None:
    crowd(baker, 510)
    set_fact(baker, order=order)

    assert client.find(draft("New"), timezone.now() - timedelta(minutes=2)) is None
    assert len(calls("GET", "/pins")) == pages


# --- afterwards ---


def test_a_pin_is_found_again_and_known_by_its_address(client: Pinterest) -> None:
    wanted = draft("Rye – today, naïve", title="Rye", link="https://morgenrot.example/")
    published = client.publish(wanted, MemoryLedger())

    assert client.find(wanted, timezone.now() - timedelta(minutes=2)) == published
    assert client.recognise(published.permalink) == {"id": published.remote_id}
    assert client.recognise(
        f"https://nl.pinterest.com/pin/sourdough-bread--{published.remote_id}/?mt=login"
    ) == {"id": published.remote_id}


@pytest.mark.parametrize("address", ["https://pin.it/4fGh", "https://www.pinterest.com/morgenrotbakery/"])
def test_other_addresses_are_not_pins(client: Pinterest, address: str) -> None:
    with pytest.raises(InvalidContent):
        client.recognise(address)


def test_somebody_elses_pin_is_not_ours(client: Pinterest, sandbox: str) -> None:
    lina = connected("pinterest", sandbox, Person.objects.get(network="pinterest", handle="linas.table"))
    published = lina.publish(draft(board=LAKE), MemoryLedger())

    with pytest.raises(InvalidContent):
        client.recognise(published.permalink)
    with pytest.raises(PermissionMissing):
        client.delete(published)


def test_a_deleted_pin_is_gone_and_may_be_deleted_twice(client: Pinterest) -> None:
    published = client.publish(draft(), MemoryLedger())

    client.delete(published)
    client.delete(published)

    assert not Entry.objects.filter(deleted_at=None).exists()
    assert Browser().get(urlsplit(published.permalink).path).status_code == 404
    with pytest.raises(NotFound):
        client.recognise(published.permalink)


def test_words_and_place_can_be_changed(client: Pinterest) -> None:
    pictures = (picture(alt="One"), picture(colour="tan", alt="Two"))
    published = client.publish(
        draft("Old", *pictures, title="Old", section=SOURDOUGH, link="https://old.example/"), MemoryLedger()
    )

    client.edit(published, draft("New", *pictures, board=LAKE, slide_titles=["A", "B"], title="New"))

    entry = pinned()
    assert (entry.text, entry.body["title"], entry.body["link"]) == ("New", "New", "")
    assert (entry.body["board_id"], entry.body["board_section_id"]) == (LAKE, None)
    assert [upload.facts["title"] for upload in entry.pictures] == ["A", "B"]


def test_an_app_that_may_not_edit_is_told_so(client: Pinterest, baker: Person) -> None:
    published = client.publish(draft(), MemoryLedger())
    set_fact(baker, edit_closed=True)

    with pytest.raises(PermissionMissing) as error:
        client.edit(published, draft("New"))

    assert "a few apps only" in error.value.message


# --- numbers ---


def test_a_pin_tells_its_life_and_its_last_days(client: Pinterest) -> None:
    published = client.publish(draft(), MemoryLedger())
    Entry.objects.update(created_at=timezone.now() - timedelta(days=6))

    metrics = client.post_metrics(published)

    assert set(metrics.values) == {
        "views", "likes", "comments", "saves", "clicks", "profile_clicks", "new_followers",
    }  # fmt: skip
    lifetime: Any = metrics.raw["lifetime"]
    assert metrics.values["views"] == lifetime["impression"] > 1000
    assert set(metrics.values) <= set(Pinterest.post_numbers)


def test_days_without_numbers_are_not_zero(client: Pinterest) -> None:
    published = client.publish(draft(), MemoryLedger())

    values = client.post_metrics(published).values

    assert "saves" not in values
    assert values["views"] == 0


def test_a_video_tells_how_long_it_was_watched(client: Pinterest) -> None:
    published = through(client, draft("How we bake", film(seconds=4)), MemoryLedger())
    Entry.objects.update(created_at=timezone.now() - timedelta(days=6))

    values = client.post_metrics(published).values

    assert 1000 < values["watch_seconds"] < 9000
    assert 0 < values["average_watch_seconds"] < 60


def test_names_that_analytics_do_not_know_are_left_out(client: Pinterest) -> None:
    published = through(client, draft("How we bake", film(seconds=4)), MemoryLedger())
    Entry.objects.update(created_at=timezone.now() - timedelta(days=6))
    Fault.objects.create(network="pinterest", kind=Fault.Kind.REFUSED, path="/analytics", code="400/1")

    metrics = client.post_metrics(published)

    assert metrics.values["views"] > 0
    assert len(calls("GET", "/analytics")) == 2


def test_an_account_tells_its_month(client: Pinterest) -> None:
    client.publish(draft(), MemoryLedger())
    Entry.objects.update(created_at=timezone.now() - timedelta(days=6))

    values = client.account_metrics().values

    assert set(values) == set(Pinterest.account_numbers)
    assert (values["followers"], values["posts"]) == (1284, 1)
    assert values["engagements"] > values["saves"] > 0


def test_an_account_that_is_no_business_tells_less(sandbox: str) -> None:
    joost = connected("pinterest", sandbox, Person.objects.get(network="pinterest", handle="joost_knits"))
    published = joost.publish(draft(board="4301"), MemoryLedger())

    assert set(joost.account_metrics().values) == {"followers", "posts", "views"}
    assert set(joost.post_metrics(published).values) == {"views", "clicks", "likes", "comments"}


# --- before sending ---


def found(wanted: Draft, limits: Json = None) -> dict[str, str]:
    known: Any = limits or {
        "choices": {
            "boards": [[BREAD, "Bread"], [LAKE, "Lake"]],
            "sections": [[SOURDOUGH, "Bread / Sourdough"]],
        },
        "section_boards": {SOURDOUGH: BREAD},
    }
    return {finding.code: finding.field for finding in Pinterest.check(wanted, known)}


def test_a_good_pin_has_nothing_to_find() -> None:
    assert found(draft(section=SOURDOUGH, title="Bread", dominant_colour="#b4552d")) == {}
    assert found(draft("", film(seconds=4, alt="An oven", size=(600, 1066)))) == {}


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        (draft(board=""), "option_required", "options.board"),
        (draft(board="5"), "option_invalid", "options.board"),
        (draft(board=LAKE, section=SOURDOUGH), "section_elsewhere", "options.section"),
        (draft(title="a" * 101), "option_too_long", "options.title"),
        (draft(link="morgenrot.example"), "option_invalid", "options.link"),
        (draft(dominant_colour="peru"), "option_invalid", "options.dominant_colour"),
        (draft(ai_disclosure="NO"), "option_invalid", "options.ai_disclosure"),
        (draft("a" * 801), "text_too_long", "text"),
        (draft("a" * 501), "text_long", "text"),
        (draft("", picture(alt="a" * 501)), "alt_text_too_long", "media"),
        (draft("", picture(size=(400, 600))), "media_small", "media"),
        (draft("", *[picture()] * 6), "too_many_images", "media"),
        (draft("", picture(), picture(size=(1080, 1350))), "carousel_sizes", "media"),
        (
            draft("", picture(alt="a" * 300), picture(alt="b" * 300)),
            "alt_text_too_long",
            "media",
        ),
        (
            draft("", picture(), picture(), slide_titles=["a", "b", "c"]),
            "option_too_many",
            "options.slide_titles",
        ),
        (draft("", picture(), picture(), slide_links=["nowhere"]), "option_invalid", "options.slide_links"),
        (draft("", film(seconds=3)), "video_length", "media"),
        (draft("", film(seconds=4), cover_at=9), "cover_late", "options.cover_at"),
        (draft("", film(seconds=4), picture()), "cover_ratio", "media"),
        (draft("", film(seconds=4), film(seconds=4)), "too_many_videos", "media"),
    ],
)  # fmt: skip
def test_what_pinterest_would_refuse_is_found_before(wanted: Draft, code: str, field: str) -> None:
    assert found(wanted).get(code) == field


def test_a_pin_without_media_is_told_what_it_needs() -> None:
    empty = Draft("k", datetime.now(UTC), (Part("Hi"),), {"board": BREAD}, "image")

    [finding] = Pinterest.check(empty, {"choices": {"boards": [[BREAD, "Bread"]]}})

    assert finding.message == "A Pin needs a picture or a video. Add one."


# --- what answers mean ---


@pytest.mark.parametrize("failure", Pinterest.failures, ids=lambda failure: failure.code or failure.words)
def test_every_refusal_is_understood(client: Pinterest, failure: Any) -> None:
    Fault.objects.create(network="pinterest", kind=Fault.Kind.REFUSED, code=failure.code or failure.words)

    with pytest.raises(failure.kind) as error:
        client.publish(draft(), MemoryLedger())

    assert error.value.message == failure.message
    assert not Entry.objects.exists()
    if failure.code == "429/9":
        assert error.value.retry_at > datetime.now(UTC) + timedelta(hours=5)


def test_a_limit_says_until_when_and_is_passed_on(
    client: Pinterest, baker: Person, observed: list[RateLimit]
) -> None:
    set_fact(baker, limits={"org_write": 1})
    client.publish(draft("One"), MemoryLedger())

    with pytest.raises(RateLimited) as error:
        client.publish(draft("Two"), MemoryLedger())

    assert [(limit.endpoint, limit.limit, limit.remaining) for limit in observed] == [("org_write", 1, 0)] * 2
    assert error.value.retry_at is not None
    assert timedelta(0) < error.value.retry_at - datetime.now(UTC) <= timedelta(seconds=61)


BUCKETS = '60, 100;w=1;name="safety_net_app_id_user_id", 60;w=60;name="org_read_app_id"'


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "expected"),
    [
        ("1000", "9", "5", ("requests", 1000, 9)),
        (BUCKETS, "59", "1900000000", ("org_read", 60, 59)),
        ("1000", "", "", None),
        ("?", "9", "5", None),
    ],
)
def test_headers_of_old_and_new_servers_are_read(
    limit: str, remaining: str, reset: str, expected: Any
) -> None:
    headers = {
        "x-ratelimit-limit": limit,
        "x-ratelimit-remaining": remaining,
        "x-ratelimit-reset": reset,
    }

    read = Pinterest.rate_limit(Answer("POST", "/", 200, headers, b""))

    assert (read and (read.endpoint, read.limit, read.remaining)) == expected


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_breaks_over_a_pin_may_have_made_it(status: int) -> None:
    made = Answer("POST", "https://api.pinterest.com/v5/pins", status, {}, b'{"code":11,"message":"x"}')
    read = Answer("GET", "https://api.pinterest.com/v5/pins", status, {}, b"<html>")

    assert isinstance(Pinterest.classify(made), OutcomeUnknown)
    assert isinstance(Pinterest.classify(read), Unavailable)


@pytest.mark.parametrize("kind", ["html", "half", "empty"])
def test_an_answer_that_cannot_be_read_is_looked_up(client: Pinterest, kind: str) -> None:
    Fault.objects.create(network="pinterest", kind=kind, path="/v5/pins", method="POST")
    ledger = MemoryLedger()

    with pytest.raises(OutcomeUnknown):
        client.publish(draft(), ledger)
    client.publish(draft(), ledger)

    assert Entry.objects.count() == 1


def test_a_token_that_was_revoked_is_told_apart(client: Pinterest) -> None:
    Grant.objects.update(revoked_at=timezone.now())

    with pytest.raises(TokenExpired):
        client.publish(draft(), MemoryLedger())


def test_it_offers_what_there_is_and_nothing_else() -> None:
    offered = {"edit", "delete", "find", "recognise", "post_metrics", "account_metrics", "revoke", "refresh"}

    assert all(Pinterest.can(ability) for ability in offered)
    assert not any(Pinterest.can(ability) for ability in ("messages", "reply", "moderate", "verify_webhook"))
