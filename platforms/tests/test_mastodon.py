"""Mastodon's client against its twins, over real HTTP."""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone
from PIL import Image

from platforms._mastodon_server import is_same_post, limits_of, moment, plain
from platforms.base import Connection
from platforms.content import App, Draft, Json, MediaFile, Part, Published, RateLimit, Token
from platforms.errors import (
    ClientRefused,
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.mastodon import FORGOTTEN, SETTLES, Mastodon
from platforms.sandbox.models import Call, Client, Entry, Fault, Grant, Person, Upload
from platforms.tests.books import Killed, MortalLedger
from platforms.transport import Answer, Transport

CALLBACK = "http://127.0.0.1:9/callback"
pytestmark = pytest.mark.django_db(transaction=True)

ClientFactory = Callable[..., Mastodon]


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="mastodon", handle="moonrise")


@pytest.fixture
def observed() -> list[RateLimit]:
    return []


@pytest.fixture
def client_on(sandbox: str, baker: Person, observed: list[RateLimit]) -> ClientFactory:
    """A client of one of the twin's servers, with a token or none."""

    def build(server: str = "mastodon", token: Token | None = None, app: App | None = None) -> Mastodon:
        home = f"{sandbox}/sandbox/mastodon" + ("" if server == "mastodon" else f"/{server}")
        transport = Transport(allow=frozenset({urlsplit(sandbox).netloc}))
        app = app or App("", "", CALLBACK, api_url=home, auth_url=home, upload_url=home)
        remote_id = f"{baker.remote_id}@{urlsplit(sandbox).netloc}"
        return Mastodon(Connection(app, transport, token, remote_id=remote_id, observe=observed.append))

    return build


@pytest.fixture
def signed_in(client_on: ClientFactory, baker: Person) -> Callable[..., Mastodon]:
    """A client for the baker on a server, with all that it asks for."""

    def build(server: str = "mastodon", **facts: Any) -> Mastodon:
        grant = Grant.objects.create(
            network="mastodon",
            person=baker,
            client_id=f"{server}-app",
            scopes=list(Mastodon.scopes),
            access=f"access-{server}",
            facts={"server": server, "client_name": "SNS Auto", **facts},
        )
        return client_on(server, Token(grant.access))

    return build


@pytest.fixture
def client(signed_in: Callable[..., Mastodon]) -> Mastodon:
    return signed_in()


def image(name: str = "loaf.png", alt: str = "", size: int = 40, kind: str = "PNG") -> MediaFile:
    content = io.BytesIO()
    frames = [Image.new("RGB", (size, size), colour) for colour in ("#b4552d", "#2d7fb4")]
    rest: dict[str, Any] = {"save_all": True, "append_images": frames[1:]} if kind == "GIF" else {}
    frames[0].save(content, kind, **rest)
    raw = content.getvalue()
    return MediaFile(name, f"image/{kind.lower()}", len(raw), size, size, lambda: io.BytesIO(raw), alt)


def raw_file(content: bytes, name: str = "x.png") -> MediaFile:
    return MediaFile(name, "image/png", len(content), 1, 1, lambda: io.BytesIO(content))


def draft(*texts: str, media: tuple[MediaFile, ...] = (), key: str = "key", **options: Json) -> Draft:
    parts = tuple(Part(text, media if n == 0 else ()) for n, text in enumerate(texts))
    return Draft(key, datetime.now(UTC), parts, options)


def publish(client: Mastodon, *texts: str, **rest: Any) -> Published:
    return client.publish(draft(*texts, **rest), MemoryLedger())


def texts() -> list[str]:
    return list(Entry.objects.filter(deleted_at=None).order_by("pk").values_list("text", flat=True))


def later(wait: timedelta = SETTLES) -> Any:
    return time_machine.travel(timezone.now() + wait + timedelta(seconds=1), tick=True)


def set_fact(person: Person, **facts: Any) -> None:
    person.facts = {**person.facts, **facts}
    person.save()


def calls(path: str) -> list[Call]:
    return list(Call.objects.filter(path__endswith=path).order_by("pk"))


# --- the address of a server ---


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("mastodon.social", "mastodon.social"),
        ("  Mastodon.Social. ", "mastodon.social"),
        ("@ada@fosstodon.org", "fosstodon.org"),
        ("ada@fosstodon.org", "fosstodon.org"),
        ("https://hachyderm.io/@ada", "hachyderm.io"),
        ("http://hachyderm.io/", "hachyderm.io"),
        ("https://user:secret@hachyderm.io:8443/about?x=1#y", "hachyderm.io:8443"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost:3000", "localhost:3000"),
    ],
)
def test_a_server_is_understood_however_it_is_typed(typed: str, host: str) -> None:
    assert Mastodon.server_of({"server": typed}) == host


@pytest.mark.parametrize(
    "typed", ["", " ", "@", "not a host", "a..b", "-a.example", "ex_ample.org", "x" * 300, "..", "[::1]"]
)
def test_what_is_no_server_is_refused_in_words(typed: str) -> None:
    with pytest.raises(InvalidContent, match=r"not a server's address") as error:
        Mastodon.server_of({"server": typed})

    assert error.value.action == "Correct the server."


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.8:3000", "localhost", "printer.local", "192.168.1.1", "intranet"]
)
def test_private_servers_are_not_reached(host: str) -> None:
    app = App("", "", CALLBACK, api_url=f"https://{host}", auth_url=f"https://{host}")

    with pytest.raises(Refused, match="private network"):
        Mastodon(Connection(app, Transport())).register({"server": host}, CALLBACK)


# --- connecting ---


def press(url: str, person: Person, answer: str = "allow") -> dict[str, str]:
    """What comes back to our callback after a person pressed a button on the consent page."""
    response = Browser().post(url[url.index("/sandbox") :], {"person": person.pk, "answer": answer})
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def connected(client_on: ClientFactory, person: Person, server: str = "mastodon") -> Mastodon:
    app = client_on(server).register({"server": "any.example"}, CALLBACK)
    stranger = client_on(server, app=app)
    asked = stranger.authorize("state-1", {})
    back = press(asked.url, person)
    assert back["state"] == "state-1"
    return client_on(server, stranger.exchange(back, asked.kept), app)


@pytest.mark.parametrize("server", ["mastodon", "pleroma", "gotosocial", "takahe", "old"])
def test_a_person_connects_on_any_server(client_on: ClientFactory, baker: Person, server: str) -> None:
    client = connected(client_on, baker, server)

    (profile,) = client.profiles()
    host = "mastodon.example" if server == "mastodon" else urlsplit(client.app.api_url).netloc
    assert (profile.remote_id, profile.handle, profile.name) == (
        f"1@{host}",
        f"@moonrise@{host}",
        "Moonrise Bakery",
    )
    assert profile.url.endswith("/sandbox/mastodon/@moonrise/")
    assert profile.avatar_url.endswith("/avatar.png")


def test_only_what_is_needed_is_asked_where_scopes_are_known(client_on: ClientFactory, baker: Person) -> None:
    modern, old = connected(client_on, baker), connected(client_on, baker, "old")

    assert modern.token
    assert set(modern.token.scopes) == set(Mastodon.scopes)
    assert old.token
    assert old.token.scopes == ("read", "write")


def test_pkce_is_used_where_it_is_offered_only(client_on: ClientFactory) -> None:
    asked = [
        client_on(server, app=client_on(server).register({}, CALLBACK)) for server in ("mastodon", "takahe")
    ]
    queries = [parse_qs(urlsplit(client.authorize("s", {}).url).query) for client in asked]

    assert queries[0]["code_challenge_method"] == ["S256"]
    assert "code_challenge" not in queries[1]


def test_the_code_of_somebody_else_is_worth_nothing(client_on: ClientFactory, baker: Person) -> None:
    client = client_on(app=client_on().register({}, CALLBACK))
    asked, other = client.authorize("a", {}), client.authorize("b", {})

    with pytest.raises(TokenExpired):
        client.exchange(press(asked.url, baker), other.kept)


def test_a_code_works_once(client_on: ClientFactory, baker: Person) -> None:
    client = client_on(app=client_on().register({}, CALLBACK))
    asked = client.authorize("a", {})
    back = press(asked.url, baker)
    client.exchange(back, asked.kept)

    with pytest.raises(TokenExpired):
        client.exchange(back, asked.kept)


def test_a_person_who_says_no_is_heard(client_on: ClientFactory, baker: Person) -> None:
    client = client_on(app=client_on().register({}, CALLBACK))
    asked = client.authorize("state-1", {})

    with pytest.raises(PermissionMissing, match="not allowed") as error:
        client.exchange(press(asked.url, baker, "deny"), asked.kept)

    assert error.value.detail == "The person said no."


def test_an_app_from_before_the_scopes_is_registered_anew(client_on: ClientFactory, baker: Person) -> None:
    app = client_on().register({}, CALLBACK)
    Client.objects.update(scopes=["read", "write"])
    client = client_on(app=app)
    asked = client.authorize("state-1", {})

    with pytest.raises(ClientRefused) as error:
        client.exchange(press(asked.url, baker), asked.kept)

    assert error.value.action == "Connect again."


def test_an_app_that_the_server_has_forgotten_is_noticed(client_on: ClientFactory) -> None:
    client = client_on(app=client_on().register({}, CALLBACK))
    assert client.is_registered()

    Client.objects.all().delete()

    assert not client.is_registered()


def test_a_server_in_trouble_has_not_forgotten_us(client_on: ClientFactory) -> None:
    client = client_on(app=client_on().register({}, CALLBACK))
    Fault.objects.create(kind=Fault.Kind.BROKEN, path="/oauth/token")

    with pytest.raises(Unavailable):
        client.is_registered()


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault.Kind.HTML, InvalidContent, "does not answer like a Mastodon server"),
        (Fault.Kind.HALF, InvalidContent, "does not answer like a Mastodon server"),
        (Fault.Kind.EMPTY, InvalidContent, "does not answer like a Mastodon server"),
        (Fault.Kind.DROP_BEFORE, Unavailable, "could not be reached"),
        (Fault.Kind.DROP_AFTER, Unavailable, "could not be reached"),
        (Fault.Kind.BROKEN, Unavailable, "broke off with 500"),
    ],
)
def test_a_registration_that_went_wrong_may_be_repeated(
    client_on: ClientFactory, fault: str, kind: type[PlatformError], words: str
) -> None:
    Fault.objects.create(kind=fault, path="/api/v1/apps")
    with pytest.raises(kind, match=words):
        client_on().register({}, CALLBACK)

    assert client_on().register({}, CALLBACK).client_secret


def test_a_registration_that_is_limited_waits(client_on: ClientFactory) -> None:
    Fault.objects.create(kind=Fault.Kind.LIMITED, path="/api/v1/apps")

    with pytest.raises(RateLimited):
        client_on().register({}, CALLBACK)


def test_nobody_home_is_said_with_the_name_of_the_server() -> None:
    app = App("", "", CALLBACK, api_url="http://127.0.0.1:9", auth_url="http://127.0.0.1:9")
    client = Mastodon(Connection(app, Transport(allow=frozenset({"127.0.0.1:9"}))))

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9 could not be reached") as error:
        client.register({}, CALLBACK)

    assert "address" in error.value.action


def test_a_server_that_lives_elsewhere_now_is_named() -> None:
    class Moved(Transport):
        def request(self, method: str, url: str, **kwargs: Any) -> Answer:
            return Answer(method, url, 301, {"Location": "https://www.m.example/api"}, b"")

    app = App("", "", CALLBACK, api_url="https://m.example", auth_url="https://m.example")

    with pytest.raises(Refused, match=r"sends us on to www\.m\.example") as error:
        Mastodon(Connection(app, Moved())).register({}, CALLBACK)

    assert error.value.action == "Type that server instead."


def test_a_place_that_is_no_mastodon_is_named(sandbox: str) -> None:
    app = App("", "", CALLBACK, api_url=f"{sandbox}/nothing", auth_url=f"{sandbox}/nothing")
    client = Mastodon(Connection(app, Transport(allow=frozenset({urlsplit(sandbox).netloc}))))

    with pytest.raises(InvalidContent, match="does not answer like a Mastodon server"):
        client.register({}, CALLBACK)


def test_the_app_says_whose_it_is(client_on: ClientFactory) -> None:
    client_on().register({}, "https://desk.example.org/accounts/mastodon/callback")

    (call,) = calls("/api/v1/apps")
    assert call.body["website"] == "https://desk.example.org"
    assert call.body["client_name"] == "SNS Auto"


# --- tokens ---


def test_a_token_that_ends_is_renewed_and_rotates(client_on: ClientFactory, baker: Person) -> None:
    client = connected(client_on, baker, "pleroma")
    old = client.token
    assert old
    assert old.expires_at
    assert timedelta(minutes=59) < old.expires_at - timezone.now() <= timedelta(hours=1)

    new = client.refresh()

    assert new.access != old.access
    assert new.refresh != old.refresh
    assert new.scopes == old.scopes
    assert client_on("pleroma", new, client.app).profiles()
    with pytest.raises(TokenExpired):
        client.refresh()
    with pytest.raises(TokenExpired):
        client.profiles()


def test_an_expired_token_is_told_from_other_faults(client_on: ClientFactory, baker: Person) -> None:
    client = connected(client_on, baker, "pleroma")

    with later(timedelta(hours=1)), pytest.raises(TokenExpired):
        client.profiles()


def test_a_token_that_never_ends_cannot_be_renewed(client_on: ClientFactory, baker: Person) -> None:
    client = connected(client_on, baker)
    assert client.token
    assert client.token.expires_at is None

    with pytest.raises(TokenExpired, match="no way to renew"):
        client.refresh()


@pytest.mark.parametrize("server", ["mastodon", "takahe"])
def test_a_token_given_back_is_worth_nothing_and_twice_is_fine(
    client_on: ClientFactory, baker: Person, server: str
) -> None:
    client = connected(client_on, baker, server)

    client.revoke()
    client.revoke()

    with pytest.raises(TokenExpired):
        client.profiles()


def test_an_unreachable_server_is_no_lost_connection(client_on: ClientFactory, baker: Person) -> None:
    client = connected(client_on, baker, "pleroma")
    Fault.objects.create(kind=Fault.Kind.DROP_BEFORE, path="/oauth/token")

    with pytest.raises(Unavailable):
        client.refresh()


# --- the server's own limits ---


def test_limits_are_those_of_the_server(client_on: ClientFactory, baker: Person) -> None:
    limits = {
        server: Mastodon.rules_for(connected(client_on, baker, server).profiles()[0].limits)
        for server in ("mastodon", "pleroma", "gotosocial", "old")
    }

    assert [rules.text.limit for rules in limits.values()] == [500, 5000, 5000, 500]
    assert [rules.images.at_most for rules in limits.values()] == [4, 4, 6, 4]
    assert limits["gotosocial"].images.alt_text == 5000


def test_odd_limits_are_left_out() -> None:
    instance = {
        "version": 7,
        "configuration": {
            "statuses": {
                "max_characters": "many",
                "max_media_attachments": -1,
                "characters_reserved_per_url": True,
            },
            "media_attachments": [],
        },
    }

    assert limits_of(instance) == {}
    assert Mastodon.rules_for(limits_of(instance)) == Mastodon.rules_for({})
    assert limits_of({}) == {}


def test_pixelfed_wants_a_picture() -> None:
    limits = limits_of({"version": "3.5.3 (compatible; Pixelfed 0.12.5)"})

    assert [finding.code for finding in Mastodon.check(draft("words alone"), limits)] == ["media_required"]


def test_links_and_mentions_count_as_the_server_counts_them() -> None:
    limits: Mapping[str, Json] = {"text": 30, "url_length": 23}
    fine = draft("https://example.org/" + "x" * 300 + " abcdef")
    over = draft("https://example.org/ abcdefg")

    assert Mastodon.check(fine, limits) == []
    assert [finding.code for finding in Mastodon.check(over, limits)] == ["text_too_long"]
    assert Mastodon.check(draft("@ada@a.very.long.server.example " + "x" * 25), limits) == []


def test_a_content_warning_takes_from_the_length() -> None:
    plan = draft("x" * 490, spoiler_text="y" * 11)

    (finding,) = Mastodon.check(plan, {})

    assert finding.message == "The text is 1 character too long (489 are allowed)."
    assert Mastodon.check(draft("x" * 490, spoiler_text="y" * 10), {}) == []


def test_a_thread_leaves_room_for_its_content_warning() -> None:
    options: dict[str, Json] = {"spoiler_text": "y" * 100}
    parts = Mastodon.rules_with({}, options).split("word " * 200)

    assert len(parts) == 3
    assert Mastodon.check(draft(*parts, **options), {}) == []


# --- publishing ---


def test_a_post_is_published(client: Mastodon, baker: Person) -> None:
    published = publish(client, "Rye is back #bread https://example.org/rye @tomas")

    (entry,) = Entry.objects.all()
    assert entry.text == "Rye is back #bread https://example.org/rye @tomas"
    assert entry.person == baker
    assert published.remote_id == entry.remote_id
    assert published.part_ids == (entry.remote_id,)
    assert published.permalink.endswith(f"/sandbox/mastodon/@moonrise/{entry.remote_id}/")


@pytest.mark.parametrize("server", ["mastodon", "pleroma", "gotosocial", "takahe", "old"])
def test_pictures_keep_their_order_and_descriptions_on_any_server(
    signed_in: Callable[..., Mastodon], server: str
) -> None:
    media = (image("a.png", "A loaf"), image("b.jpeg", "Crumbs", kind="JPEG"), image("c.webp", kind="WEBP"))

    publish(signed_in(server), "Three", media=media)

    (entry,) = Entry.objects.all()
    assert [upload.alt for upload in entry.pictures] == ["A loaf", "Crumbs", ""]
    assert [upload.content_type for upload in entry.pictures] == ["image/png", "image/jpeg", "image/webp"]
    assert bytes(entry.pictures[0].content) == media[0].open().read()


def test_options_are_sent(client: Mastodon) -> None:
    chosen: dict[str, Json] = {
        "visibility": "private",
        "spoiler_text": "Food",
        "sensitive": True,
        "language": "ca",
    }

    publish(client, "Pa", **chosen)

    (call,) = calls("/api/v1/statuses")
    assert call.body == {"status": "Pa", **chosen}
    elsewhere = {
        "quote",
        "quote_policy",
        "poll_options",
        "poll_duration",
        "poll_multiple",
        "poll_hide_totals",
    }
    assert {option.name for option in Mastodon.options} == set(chosen) | elsewhere  # test_mastodon_kinds


def test_options_left_alone_are_left_to_the_account(client: Mastodon, baker: Person) -> None:
    set_fact(baker, visibility="unlisted", sensitive=True, language="es")

    publish(client, "Hola", **{option.name: option.default for option in Mastodon.options})

    (entry,) = Entry.objects.all()
    assert {name: entry.body[name] for name in ("visibility", "sensitive", "language")} == {
        "visibility": "unlisted",
        "sensitive": True,
        "language": "es",
    }


def test_the_default_options_pass_the_preflight() -> None:
    defaults = {option.name: option.default for option in Mastodon.options}

    assert Mastodon.check(draft("Hello", **defaults), {}) == []


def test_a_thread_hangs_together_and_only_its_first_post_is_loud(client: Mastodon) -> None:
    published = publish(client, "One", "Two", "Three", media=(image(),))

    order = list(Entry.objects.order_by("pk"))
    assert [entry.text for entry in order] == ["One", "Two", "Three"]
    assert [entry.parent_id for entry in order] == ["", *published.part_ids[:2]]
    assert [entry.body["visibility"] for entry in order] == ["public", "unlisted", "unlisted"]
    assert published.part_ids == tuple(entry.remote_id for entry in order)


@pytest.mark.parametrize("visibility", ["private", "direct", "unlisted"])
def test_no_part_of_a_quiet_thread_is_louder_than_the_first(
    client: Mastodon, baker: Person, visibility: str
) -> None:
    set_fact(baker, visibility=visibility)

    publish(client, "One", "Two")

    assert {entry.body["visibility"] for entry in Entry.objects.all()} == {visibility}


def test_an_animation_is_waited_for(client: Mastodon) -> None:
    books, plan = MemoryLedger(), draft("It moves", media=(image("cat.gif", kind="GIF"),))

    with pytest.raises(NotReady):
        client.publish(plan, books)
    client.publish(plan, books)

    assert texts() == ["It moves"]
    assert Upload.objects.count() == 1


def test_a_picture_that_cannot_be_processed_is_said_to_be_so(client: Mastodon) -> None:
    Fault.objects.create(kind=Fault.Kind.PROCESSING_FAILS, path="/media")

    with pytest.raises(MediaRejected, match="thumbnail"):
        publish(client, "Broken", media=(image(),))


def test_pictures_that_the_server_has_swept_are_sent_again(client: Mastodon) -> None:
    books, plan = MemoryLedger(), draft("Late", media=(image(alt="A loaf"),))
    Fault.objects.create(kind=Fault.Kind.LIMITED, path="/statuses")
    with pytest.raises(RateLimited):
        client.publish(plan, books)
    Upload.objects.all().delete()

    with later(FORGOTTEN):
        client.publish(plan, books)

    assert [upload.alt for upload in Entry.objects.get().pictures] == ["A loaf"]


# --- never twice ---


def key_of(call_number: int = 0) -> str:
    return Entry.objects.order_by("pk")[call_number].idempotency_key


def test_each_part_has_a_key_of_its_own_that_every_try_repeats(client: Mastodon) -> None:
    publish(client, "One", "Two")
    publish(client, "One", "Two")

    assert texts() == ["One", "Two"]
    assert key_of(0).startswith("key-1-")
    assert key_of(1).startswith("key-2-")


def test_a_changed_post_has_another_key(client: Mastodon) -> None:
    publish(client, "One")
    publish(client, "One, mended")

    assert texts() == ["One", "One, mended"]


@pytest.mark.parametrize("server", ["mastodon", "pleroma", "gotosocial", "takahe"])
@pytest.mark.parametrize("kind", [Fault.Kind.DROP_AFTER, Fault.Kind.HTML, Fault.Kind.HALF, Fault.Kind.EMPTY])
def test_a_post_whose_answer_was_lost_is_found_not_repeated(
    signed_in: Callable[..., Mastodon], server: str, kind: str
) -> None:
    client, books = signed_in(server), MemoryLedger()
    plan = draft(
        "Soup & <bread> “today” 🍞\n\nhttps://example.org/a?b=c&d=e #soup @tomas@far.example",
        media=(image(),),
    )
    Fault.objects.create(kind=kind, path="/statuses")
    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)

    published = client.publish(plan, books)

    (entry,) = Entry.objects.all()
    assert published.part_ids == (entry.remote_id,)
    assert published.permalink.endswith(f"{entry.remote_id}/")


def test_a_lost_answer_in_a_thread_is_found_where_it_belongs(client: Mastodon) -> None:
    books, plan = MemoryLedger(), draft("Same", "Same", "Same")
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, path="/statuses", skip=1)
    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)

    published = client.publish(plan, books)

    order = list(Entry.objects.order_by("pk"))
    assert published.part_ids == tuple(entry.remote_id for entry in order)
    assert [entry.parent_id for entry in order] == ["", *published.part_ids[:2]]


@pytest.mark.parametrize("server", ["mastodon", "pleroma", "gotosocial"])
@pytest.mark.parametrize("kind", [Fault.Kind.DROP_BEFORE, Fault.Kind.BROKEN])
def test_what_never_arrived_is_sent_once_it_is_sure(
    signed_in: Callable[..., Mastodon], server: str, kind: str
) -> None:
    client, books, plan = signed_in(server), MemoryLedger(), draft("Now or later")
    Fault.objects.create(kind=kind, path="/statuses")
    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)
    with pytest.raises(OutcomeUnknown, match="may still appear"):
        client.publish(plan, books)
    assert texts() == []

    with later():
        client.publish(plan, books)

    assert texts() == ["Now or later"]


def test_a_clock_that_differs_hides_nothing(client: Mastodon) -> None:
    books, plan = MemoryLedger(), draft("On time")
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, path="/statuses")
    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)
    # Our clock was ten minutes ahead when the intent was written, and still is.
    books.intents["post"] += timedelta(minutes=10)

    class Ahead(Transport):
        def request(self, *args: Any, **kwargs: Any) -> Answer:
            answer = super().request(*args, **kwargs)
            there = datetime.now(UTC) - timedelta(minutes=10)
            headers = {**answer.headers, "Date": there.strftime("%a, %d %b %Y %H:%M:%S GMT")}
            return replace(answer, headers=headers)

    transport = Ahead(allow=frozenset({urlsplit(client.app.api_url).netloc}))
    published = Mastodon(replace(client.connection, transport=transport)).publish(plan, books)

    assert published.remote_id == Entry.objects.get().remote_id


def test_a_server_that_reads_out_its_old_refusal_is_asked_anew(signed_in: Callable[..., Mastodon]) -> None:
    client, books, plan = (
        signed_in("pleroma"),
        MemoryLedger(),
        draft("x", media=(image("cat.gif", kind="GIF"),)),
    )
    with pytest.raises(NotReady):
        client.publish(plan, books)
    books.results["picture 1 processed"] = True
    processing(1)
    with pytest.raises(Unavailable):
        client.publish(plan, books)
    processing(0)

    client.publish(plan, books)

    assert texts() == ["x"]
    assert [call.status for call in calls("/api/v1/statuses")] == [422, 422, 200]


def processing(polls_left: int) -> None:
    upload = Upload.objects.get()
    upload.facts["polls_left"] = polls_left
    upload.save()


@pytest.mark.chaos
@pytest.mark.parametrize("step", range(15))
def test_killed_at_every_moment_each_part_stands_once(client: Mastodon, step: int) -> None:
    books = MortalLedger(step)
    plan = draft("One", "Two", "Three", media=(image("a.png", "A loaf"), image("b.png", "Crumbs")))

    with pytest.raises(Killed):
        client.publish(plan, books)
    with later():
        published = client.publish(plan, books)

    order = list(Entry.objects.order_by("pk"))
    assert [entry.text for entry in order] == ["One", "Two", "Three"]
    assert [entry.parent_id for entry in order] == ["", *published.part_ids[:2]]
    assert order[0].uploads.count() == 2


# --- finding and deleting ---


def test_a_post_is_found_with_all_its_parts(client: Mastodon) -> None:
    since = timezone.now()
    published = publish(client, "One", "Two", spoiler_text="Numbers")
    publish(client, "Something else", key="other")

    assert client.find(draft("One", "Two", spoiler_text="Numbers"), since) == published


@pytest.mark.parametrize(
    "plan",
    [
        draft("Older"),
        draft("Two"),
        draft("One", spoiler_text="Careful"),
        draft("One", media=(image(),)),
    ],
    ids=["older", "inside a thread", "with a warning", "with a picture"],
)
def test_what_is_not_the_same_is_not_found(client: Mastodon, plan: Draft) -> None:
    publish(client, "Older", key="older")

    with later(timedelta(minutes=5)):
        since = timezone.now()
        publish(client, "One", "Two")
        found = client.find(plan, since)

    assert found is None


def test_a_post_is_recognised_by_its_address(client: Mastodon) -> None:
    published = publish(client, "One", visibility="private")

    assert client.recognise(published.permalink) == {
        "id": published.remote_id,
        "url": published.permalink,
        "visibility": "private",
    }


def test_a_post_of_somebody_else_is_not_taken_for_ours(client: Mastodon) -> None:
    published = publish(client, "One")
    stranger = Mastodon(replace(client.connection, remote_id="2@127.0.0.1"))

    with pytest.raises(InvalidContent, match="not a post of this account"):
        stranger.recognise(published.permalink)


@pytest.mark.parametrize(
    "address", ["", "https://m.example", "https://m.example/@ada/..%2f1", "nonsense?", "/@ada/"]
)
def test_what_is_no_address_of_a_post_is_refused(client: Mastodon, address: str) -> None:
    with pytest.raises(Refused):
        client.recognise(address)


def test_a_post_made_by_hand_is_not_taken_for_ours(client: Mastodon) -> None:
    since = timezone.now()
    publish(client, "One")
    entry = Entry.objects.get()
    entry.body["application"] = "Web"
    entry.save()

    assert client.find(draft("One"), since) is None


def test_a_post_behind_many_newer_ones_is_found(client: Mastodon, baker: Person) -> None:
    since = timezone.now()
    published = publish(client, "Needle")
    rest = {"network": "mastodon", "person": baker, "body": Entry.objects.get().body}
    Entry.objects.bulk_create(Entry(remote_id=f"9{n:03}", text=f"Hay {n}", **rest) for n in range(100))

    assert client.find(draft("Needle"), since) == published


def test_too_many_newer_posts_leave_it_open(client: Mastodon, baker: Person) -> None:
    since = timezone.now()
    publish(client, "Hay")
    rest = {"network": "mastodon", "person": baker, "body": Entry.objects.get().body}
    Entry.objects.bulk_create(Entry(remote_id=f"9{n:03}", text=f"Hay {n}", **rest) for n in range(420))

    with pytest.raises(OutcomeUnknown, match="too many"):
        client.find(draft("Needle"), since)


@pytest.mark.parametrize("server", ["mastodon", "pleroma", "takahe"])
def test_a_thread_is_deleted_with_its_pictures_and_twice_is_fine(
    signed_in: Callable[..., Mastodon], server: str
) -> None:
    client = signed_in(server)
    published = publish(client, "One", "Two", media=(image(),))

    client.delete(published)
    client.delete(published)

    assert texts() == []
    assert Upload.objects.count() == 0


def test_a_lost_answer_to_a_deletion_may_be_repeated(client: Mastodon) -> None:
    published = publish(client, "One")
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, method="DELETE", path="/statuses")
    with pytest.raises(Unavailable):
        client.delete(published)

    client.delete(published)

    assert texts() == []


# --- what goes wrong, in words ---


@pytest.mark.parametrize("server", ["mastodon", "pleroma", "gotosocial", "takahe"])
def test_a_text_that_is_too_long_is_invalid(signed_in: Callable[..., Mastodon], server: str) -> None:
    with pytest.raises(InvalidContent, match="longer than the server's limit") as error:
        publish(signed_in(server), "x" * 5001)

    assert "Shorten it" in error.value.action


def test_words_of_the_server_reach_the_person_in_its_language(client: Mastodon, baker: Person) -> None:
    set_fact(baker, locale="ja")

    with pytest.raises(InvalidContent, match="500文字以内") as error:
        publish(client, "x" * 501)

    assert error.value.status == 422


@pytest.mark.parametrize(
    "file",
    [
        raw_file(b"MZ not a picture"),
        raw_file(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
        raw_file(b""),
        raw_file(image().open().read()[:60]),
    ],
    ids=["program", "svg", "nothing", "half"],
)
@pytest.mark.parametrize("locale", ["en", "ja"])
def test_a_file_that_is_no_picture_is_rejected(
    client: Mastodon, baker: Person, file: MediaFile, locale: str
) -> None:
    set_fact(baker, locale=locale)

    with pytest.raises(MediaRejected):
        publish(client, "Look", media=(file,))

    assert texts() == []


def test_a_description_that_is_too_long_is_rejected(client: Mastodon) -> None:
    with pytest.raises(MediaRejected, match="1500"):
        publish(client, "Look", media=(image(alt="x" * 1501),))


@pytest.mark.parametrize("server", ["mastodon", "takahe"])
def test_a_revoked_token_asks_for_a_new_connection(signed_in: Callable[..., Mastodon], server: str) -> None:
    client = signed_in(server)
    Grant.objects.update(revoked_at=timezone.now())

    with pytest.raises(TokenExpired) as error:
        publish(client, "Hello")

    assert error.value.action == "Connect the account again."


def test_a_permission_that_is_missing_is_named(client: Mastodon) -> None:
    Grant.objects.update(scopes=["read"])

    with pytest.raises(PermissionMissing, match="outside the authorized scopes"):
        publish(client, "Hello")


def test_a_login_that_is_disabled_is_a_missing_permission(client: Mastodon, baker: Person) -> None:
    set_fact(baker, disabled=True)

    with pytest.raises(PermissionMissing, match="disabled"):
        publish(client, "Hello")


def test_a_parent_that_was_deleted_meanwhile_is_missing(client: Mastodon) -> None:
    books = MemoryLedger()
    books.results["post 1 of 2"] = {"id": "1", "url": "", "visibility": "public"}

    with pytest.raises(NotFound):
        client.publish(draft("One", "Two"), books)


@pytest.mark.parametrize("server", ["mastodon", "pleroma"])
def test_a_limit_says_until_when(signed_in: Callable[..., Mastodon], server: str) -> None:
    client = signed_in(server, limits={"statuses": 1})
    publish(client, "One")

    with pytest.raises(RateLimited) as error:
        publish(client, "Two", key="two")

    assert error.value.retry_at
    assert (
        timedelta(hours=2, minutes=59)
        < error.value.retry_at - timezone.now()
        <= timedelta(hours=3, seconds=1)
    )
    assert texts() == ["One"]


def test_what_is_left_is_passed_on(signed_in: Callable[..., Mastodon], observed: list[RateLimit]) -> None:
    client = signed_in(limits={"statuses": 3})

    publish(client, "One")

    (limit,) = observed
    assert (limit.limit, limit.remaining) == (3, 2)
    assert limit.resets_at > timezone.now()


def test_a_limit_without_a_date_is_a_limit(signed_in: Callable[..., Mastodon]) -> None:
    Fault.objects.create(kind=Fault.Kind.LIMITED, path="/statuses")

    with pytest.raises(RateLimited) as error:
        publish(signed_in(), "One")

    assert error.value.retry_at


@pytest.mark.parametrize(
    "kind", [Fault.Kind.BROKEN, Fault.Kind.DROP_BEFORE, Fault.Kind.DROP_AFTER, Fault.Kind.HTML]
)
def test_an_upload_that_broke_off_may_be_repeated(client: Mastodon, kind: str) -> None:
    Fault.objects.create(kind=kind, path="/media")
    books, plan = MemoryLedger(), draft("Look", media=(image(alt="A loaf"),))
    with pytest.raises(Unavailable):
        client.publish(plan, books)

    client.publish(plan, books)

    assert [upload.alt for upload in Entry.objects.get().pictures] == ["A loaf"]


def answer(
    status: int,
    body: str,
    *,
    url: str = "https://m.example/api/v1/statuses",
    method: str = "POST",
    **headers: str,
) -> Answer:
    return Answer(
        method, url, status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode()
    )


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer(400, '{"error":"param is missing or the value is empty: status"}'), InvalidContent),
        (answer(400, '{"error":"Duplicate idempotency key."}'), OutcomeUnknown),
        (answer(400, "Invalid Bearer token"), TokenExpired),
        (answer(401, '{"error":"This API requires an authenticated user"}'), TokenExpired),
        (answer(403, '{"error":"Empty statuses are not allowed"}'), PermissionMissing),
        (answer(404, "<html>"), NotFound),
        (answer(410, ""), NotFound),
        (answer(413, "<html>413 Request Entity Too Large"), MediaRejected),
        (answer(422, '{"error":"Duplicate record"}'), Duplicate),
        (answer(422, '{"error":"Cannot attach files that have not finished processing."}'), Unavailable),
        (answer(422, "[]", url="https://m.example/api/v2/media"), MediaRejected),
        (answer(422, '{"error":5}'), InvalidContent),
        (answer(301, "", Location="https://www.m.example/"), Refused),
        (answer(429, "slow down"), RateLimited),
        (answer(500, "<html>"), OutcomeUnknown),
        (answer(502, "<html>"), OutcomeUnknown),
        (answer(504, ""), OutcomeUnknown),
        (answer(500, "", method="GET"), Unavailable),
        (answer(503, "<html>"), Unavailable),
        (answer(503, "<html>", Retry_After="30"), RateLimited),
    ],
    ids=lambda value: f"{value.status} {value.text[:30]}" if isinstance(value, Answer) else value.__name__,
)
def test_every_refusal_has_its_kind_and_a_sentence(given: Answer, kind: type[PlatformError]) -> None:
    error = Mastodon.classify(given)

    assert type(error) is kind
    assert error.message.endswith((".", "”"))
    assert error.status == given.status


def test_retry_after_is_kept() -> None:
    error = Mastodon.classify(answer(503, "", Retry_After="30"))

    assert isinstance(error, RateLimited)
    assert error.retry_at
    assert timedelta(seconds=25) < error.retry_at - timezone.now() <= timedelta(seconds=30)


@pytest.mark.parametrize("value", [None, "", "soon", "nan", "1e400", "9" * 400, "2026-13-40", [], {}])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert moment(value) is None


def test_times_are_read_in_every_form() -> None:
    expected = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)

    assert moment("2031-05-04T03:02:01.000Z") == expected
    assert moment("2031-05-04T03:02:01") == expected
    assert moment(int(expected.timestamp())) == expected
    assert moment(str(int(expected.timestamp()))) == expected


@pytest.mark.parametrize("value", ["", "x", "inf", "nan"])
def test_headers_that_make_no_sense_are_no_limit(value: str) -> None:
    headers = {"X_RateLimit_Limit": value, "X_RateLimit_Remaining": "1", "X_RateLimit_Reset": "1900000000"}

    assert Mastodon.rate_limit(answer(200, "{}", **headers)) is None


def test_the_text_of_a_post_is_read_out_of_its_html() -> None:
    content = (
        '<p>Hi <span class="h-card"><a href="#">@<span>ada</span></a></span>,<br />see '
        '<a href="https://example.org/very"><span class="invisible">https://</span>example.org/very</a></p><p>&lt;3</p>'
    )

    assert plain(content).split() == ["Hi", "@ada,", "see", "https://example.org/very", "<3"]


def test_a_post_shown_with_markup_is_still_the_same() -> None:
    status = {
        "content": "<p>So <em>good</em>: <a>#bread</a> from @ada</p>",
        "in_reply_to_id": None,
        "media_attachments": [],
    }

    assert is_same_post(status, {"status": "So *good*: #bread from @ada@far.example"}, "SNS Auto")
    assert not is_same_post(status, {"status": "So bad: #bread from @ada@far.example"}, "SNS Auto")
