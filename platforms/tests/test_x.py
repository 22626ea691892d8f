"""X's client against its twin, over real HTTP."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone
from PIL import Image

from platforms.base import Connection
from platforms.content import App, Draft, Json, MediaFile, Part, Published, RateLimit, Token
from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Fault, Grant, Person, Upload
from platforms.tests.books import Killed, MortalLedger
from platforms.transport import Transport
from platforms.x import INDEX_LAG, X

CALLBACK = "http://127.0.0.1:9/callback"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def baker(sandbox: str) -> Person:
    """On no plan."""
    person = Person.objects.get(network="x", handle="hafenbaecker")
    set_fact(person, subscription_type="None")
    return person


@pytest.fixture
def observed() -> list[RateLimit]:
    return []


@pytest.fixture
def client_with(sandbox: str, baker: Person, observed: list[RateLimit]) -> Callable[..., X]:
    """A client with a token, or none, for the baker."""

    def build(token: Token | None = None, *, is_known: bool = True) -> X:
        home = f"{sandbox}/sandbox/x"
        app = App(
            "sandbox",
            "sandbox-secret" if is_known else "wrong",
            CALLBACK,
            api_url=home,
            auth_url=home,
            upload_url=home,
        )
        transport = Transport(allow=frozenset({urlsplit(sandbox).netloc}))
        names = {"remote_id": baker.remote_id, "handle": baker.handle}
        return X(Connection(app, transport, token, observe=observed.append, **names))

    return build


@pytest.fixture
def grant(baker: Person) -> Grant:
    return Grant.objects.create(
        network="x",
        person=baker,
        client_id="sandbox",
        scopes=list(X.scopes),
        access="access-1",
        access_expires_at=timezone.now() + timedelta(hours=2),
        refresh="refresh-1",
        refresh_expires_at=timezone.now() + timedelta(days=100),
    )


@pytest.fixture
def client(client_with: Callable[..., X], grant: Grant) -> X:
    return client_with(Token(grant.access, grant.refresh))


def picture(name: str = "loaf.png", alt: str = "", size: int = 40) -> MediaFile:
    content = io.BytesIO()
    Image.new("RGB", (size, size), "#b4552d").save(content, "PNG")
    raw = content.getvalue()
    return MediaFile(name, "image/png", len(raw), size, size, lambda: io.BytesIO(raw), alt)


def draft(*texts: str, media: tuple[MediaFile, ...] = (), **options: Json) -> Draft:
    parts = tuple(Part(text, media if n == 0 else ()) for n, text in enumerate(texts))
    return Draft("key", datetime.now(UTC), parts, options)


def set_fact(person: Person, **facts: Any) -> None:
    person.facts = {**person.facts, **facts}
    person.save()


def sent(path: str) -> list[Call]:
    return list(Call.objects.filter(network="x", path__endswith=path).order_by("pk"))


def bodies(path: str) -> list[Any]:
    return [call.body for call in sent(path)]


# --- connecting ---


def consent(url: str, person: Person, answer: str = "allow") -> dict[str, str]:
    """What comes back to our callback after the person pressed a button on the consent page."""
    pressed = {"person": person.pk, "answer": answer}
    response = Browser().post(url[url.index("/sandbox") :], pressed)
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def test_a_person_connects_and_we_learn_who_they_are(client_with: Callable[..., X], baker: Person) -> None:
    set_fact(baker, subscription_type="Premium")
    asked = client_with().authorize("state-1", {})

    answer = consent(asked.url, baker)
    token = client_with().exchange(answer, asked.kept)
    [profile] = client_with(token).profiles()

    assert answer["state"] == "state-1"
    assert set(token.scopes) == set(X.scopes)
    assert token.refresh
    assert token.expires_at is not None
    assert timedelta(minutes=119) < token.expires_at - datetime.now(UTC) <= timedelta(hours=2)
    assert (profile.remote_id, profile.handle, profile.name) == (baker.remote_id, "hafenbaecker", baker.name)
    assert profile.limits == {"subscription_type": "Premium"}
    assert profile.avatar_url.endswith(f"/profile_images/{baker.remote_id}.svg")


def test_the_consent_page_says_what_is_asked(client_with: Callable[..., X], baker: Person) -> None:
    url = client_with().authorize("state-1", {}).url

    page = Browser().get(url[url.index("/sandbox") :])

    assert page.status_code == 200
    assert "Upload pictures and videos for you" in page.content.decode()
    assert baker.name in page.content.decode()


def test_a_person_who_says_no_is_not_connected(client_with: Callable[..., X], baker: Person) -> None:
    asked = client_with().authorize("state-1", {})

    answer = consent(asked.url, baker, "deny")

    assert answer["error"] == "access_denied"
    with pytest.raises(PermissionMissing):
        client_with().exchange(answer, asked.kept)


def test_a_code_that_is_too_old_is_told_apart(client_with: Callable[..., X], baker: Person) -> None:
    asked = client_with().authorize("state-1", {})
    answer = consent(asked.url, baker)

    with (
        time_machine.travel(timezone.now() + timedelta(seconds=31)),
        pytest.raises(PermissionMissing) as error,
    ):
        client_with().exchange(answer, asked.kept)

    assert "30 seconds" in error.value.message
    assert error.value.action == "Connect again."


def test_a_code_of_somebody_elses_login_is_refused(client_with: Callable[..., X], baker: Person) -> None:
    answer = consent(client_with().authorize("state-1", {}).url, baker)
    other = client_with().authorize("state-2", {})

    with pytest.raises(PermissionMissing):
        client_with().exchange(answer, other.kept)


def test_a_wrong_client_secret_is_our_fault_not_the_persons(
    client_with: Callable[..., X], baker: Person
) -> None:
    asked = client_with().authorize("state-1", {})
    answer = consent(asked.url, baker)

    with pytest.raises(PermissionMissing, match="client id"):
        client_with(is_known=False).exchange(answer, asked.kept)


def test_an_expired_token_says_so_and_a_refresh_mends_it(client_with: Callable[..., X], client: X) -> None:
    later = time_machine.travel(timezone.now() + timedelta(hours=2, seconds=1))

    with later:
        with pytest.raises(TokenExpired):
            client.profiles()
        newer = client.refresh()
        profiles = client_with(newer).profiles()

    assert profiles
    assert newer.refresh != "refresh-1"


def test_a_used_refresh_token_ends_the_connection(client: X) -> None:
    client.refresh()

    with pytest.raises(TokenExpired):
        client.refresh()


def test_a_refresh_whose_answer_is_lost_may_be_tried_again(client: X) -> None:
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_BEFORE, path="oauth2/token")

    with pytest.raises(Unavailable):
        client.refresh()

    assert client.refresh().access


def test_revoking_gives_the_token_back_and_twice_is_no_fault(client: X, grant: Grant) -> None:
    client.revoke()
    client.revoke()

    grant.refresh_from_db()
    assert grant.revoked_at
    with pytest.raises(TokenExpired):
        client.profiles()


# --- publishing ---


def test_a_post_goes_out(client: X, baker: Person) -> None:
    published = client.publish(draft("Rye, fresh & warm <at nine>"), MemoryLedger())

    entry = Entry.objects.get()
    assert entry.text == "Rye, fresh & warm <at nine>"
    assert published.remote_id == entry.remote_id
    assert published.part_ids == (entry.remote_id,)
    assert published.permalink.endswith(f"/hafenbaecker/status/{entry.remote_id}")
    assert bodies("/2/tweets") == [{"text": "Rye, fresh & warm <at nine>"}]


def test_the_permalink_leads_to_the_person_in_the_sandbox(client: X) -> None:
    published = client.publish(draft("Rye", reply_settings="mentionedUsers"), MemoryLedger())

    answer = Browser().get(urlsplit(published.permalink).path, follow=True)

    assert "Rye" in answer.content.decode()
    assert "only accounts they mention can reply" in answer.content.decode()


def test_pictures_go_out_with_their_descriptions_and_in_order(client: X) -> None:
    media = (picture("a.png", "A loaf", 30), picture("b.png", "", 31), picture("c.png", "Crumbs", 32))

    client.publish(draft("Three", media=media), MemoryLedger())

    [body] = bodies("/2/tweets")
    ids = body["media"]["media_ids"]
    uploads = [Upload.objects.get(remote_id=media_id) for media_id in ids]
    assert [upload.facts["w"] for upload in uploads] == [30, 31, 32]
    assert [upload.alt for upload in uploads] == ["A loaf", "", "Crumbs"]
    assert set(Entry.objects.get().uploads.all()) == set(uploads)


def test_a_picture_needs_no_words(client: X) -> None:
    client.publish(draft("", media=(picture(),)), MemoryLedger())

    assert "text" not in bodies("/2/tweets")[0]
    assert Entry.objects.get().uploads.count() == 1


def test_a_thread_is_chained_to_the_post_before(client: X) -> None:
    published = client.publish(draft("One", "Two", "Three"), MemoryLedger())

    parents = dict(Entry.objects.values_list("text", "parent_id"))
    first, second, _ = published.part_ids
    assert parents == {"One": "", "Two": first, "Three": second}


def test_who_can_reply_is_set_on_the_first_post_only(client: X) -> None:
    client.publish(draft("One", "Two", reply_settings="mentionedUsers"), MemoryLedger())

    assert [body.get("reply_settings") for body in bodies("/2/tweets")] == ["mentionedUsers", None]


@pytest.mark.parametrize("choice", [value for value, _ in X.options[0].choices])
def test_every_choice_of_who_can_reply_is_accepted_by_x(client: X, choice: str) -> None:
    client.publish(draft("One", reply_settings=choice), MemoryLedger())

    assert Entry.objects.get().body["reply_settings"] == (choice or "everyone")


def test_a_picture_that_x_still_processes_is_waited_for(client: X, baker: Person) -> None:
    set_fact(baker, processing=2)
    books = MemoryLedger()
    plan = draft("Soon", media=(picture(alt="A loaf"),))

    with pytest.raises(NotReady):
        client.publish(plan, books)
    client.publish(plan, books)

    assert Entry.objects.count() == 1
    assert Upload.objects.count() == 1


def test_a_picture_that_x_cannot_process_is_refused_before_anything_is_posted(client: X) -> None:
    Fault.objects.create(network="x", kind=Fault.Kind.PROCESSING_FAILS, path="media/upload", method="POST")

    with pytest.raises(MediaRejected, match="Unsupported picture"):
        client.publish(draft("One", media=(picture(),)), MemoryLedger())

    assert not Entry.objects.exists()


def test_a_picture_uploaded_days_ago_is_uploaded_again(client_with: Callable[..., X], client: X) -> None:
    books = MemoryLedger()
    plan = draft("Late", media=(picture(alt="A loaf"),))
    Fault.objects.create(network="x", kind=Fault.Kind.LIMITED, path="/2/tweets")
    with pytest.raises(RateLimited):
        client.publish(plan, books)

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        client_with(client.refresh()).publish(plan, books)

    assert Upload.objects.count() == 2
    assert Entry.objects.get().uploads.get() == Upload.objects.latest("pk")


def test_a_post_before_that_x_does_not_show_yet_is_tried_again(client: X, baker: Person) -> None:
    set_fact(baker, reply_lag=60)
    books = MemoryLedger()

    with pytest.raises(Unavailable):
        client.publish(draft("One", "Two"), books)
    set_fact(baker, reply_lag=0)
    client.publish(draft("One", "Two"), books)

    assert Entry.objects.count() == 2


# --- never twice ---


@pytest.mark.parametrize("fault", [Fault.Kind.DROP_AFTER, Fault.Kind.HTML, Fault.Kind.HALF, Fault.Kind.EMPTY])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_lost_answer_never_makes_a_second_post(client: X, fault: Fault.Kind, skip: int) -> None:
    Fault.objects.create(network="x", kind=fault, path="/2/tweets", method="POST", skip=skip)
    books = MemoryLedger()
    plan = draft("Rye & wheat https://example.com/a?b=1&c=2", "Two", "Three", media=(picture(),))

    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)
    published = client.publish(plan, books)

    order = list(Entry.objects.order_by("pk"))
    assert [entry.text for entry in order] == [part.text for part in plan.parts]
    assert published.part_ids == tuple(entry.remote_id for entry in order)


def test_a_post_that_was_never_sent_is_sent(client: X) -> None:
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_BEFORE, path="/2/tweets", method="POST")
    books = MemoryLedger()

    with pytest.raises(OutcomeUnknown):
        client.publish(draft("One"), books)
    with pytest.raises(OutcomeUnknown, match="not show it yet"):
        client.publish(draft("One"), books)
    with time_machine.travel(timezone.now() + INDEX_LAG, tick=True):
        client.publish(draft("One"), books)

    assert Entry.objects.count() == 1


def test_a_timeline_that_lags_is_given_time(client: X, baker: Person) -> None:
    set_fact(baker, index_lag=30)
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_AFTER, path="/2/tweets", method="POST")
    books = MemoryLedger()
    plan = draft("", media=(picture(),))

    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            client.publish(plan, books)
    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=True):
        published = client.publish(plan, books)

    assert Entry.objects.get().remote_id == published.remote_id


def test_a_duplicate_after_a_doubt_is_our_own_post(client: X, baker: Person) -> None:
    """The timeline lags longer than we wait: X's own memory of texts keeps the post from going out twice."""
    set_fact(baker, index_lag=90)
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_AFTER, path="/2/tweets", method="POST")
    books = MemoryLedger()
    started = timezone.now()

    for seconds in (0, 61):
        with time_machine.travel(started + timedelta(seconds=seconds)), pytest.raises(OutcomeUnknown):
            client.publish(draft("One"), books)
    with time_machine.travel(started + timedelta(seconds=95)):
        published = client.publish(draft("One"), books)

    assert Entry.objects.get().remote_id == published.remote_id
    assert [call.status for call in sent("/2/tweets") if call.method == "POST"] == [201, 403]


def test_the_same_text_as_before_is_a_duplicate(client: X) -> None:
    client.publish(draft("One"), MemoryLedger())

    with pytest.raises(Duplicate) as error:
        client.publish(draft("One"), MemoryLedger())

    assert error.value.status == 403
    assert Entry.objects.count() == 1


@pytest.mark.chaos
@pytest.mark.parametrize("moment", range(21))
def test_killed_at_every_moment_each_part_stands_once(client: X, moment: int) -> None:
    books = MortalLedger(moment)
    plan = draft("One", "Two", "Three", media=(picture("a.png", "A loaf"), picture("b.png", "Crumbs")))

    with pytest.raises(Killed):
        client.publish(plan, books)
    with time_machine.travel(timezone.now() + INDEX_LAG, tick=True):
        published = client.publish(plan, books)

    order = list(Entry.objects.order_by("pk"))
    assert [entry.text for entry in order] == ["One", "Two", "Three"]
    assert [entry.parent_id for entry in order] == ["", *published.part_ids[:2]]
    assert order[0].uploads.count() == 2


# --- looking ---


def minute_ago() -> datetime:
    return datetime.now(UTC) - INDEX_LAG - timedelta(seconds=5)


@pytest.mark.parametrize("vocabulary", ["post", "tweet"])
@pytest.mark.parametrize(
    "text",
    [
        "Tom & Ada <3 \"rye\" 'n' spelt",
        "See example.com and https://example.org/a?b=c&d=e#f for more",
        "AT&amp;T &copy=2 &lt;b&gt;",
        "Zwei\n\nZeilen  mit   Lücken ",
        "ÁB 👩‍🍳 #brot @minaworks",
    ],
)
def test_a_post_is_found_by_its_text(client: X, baker: Person, vocabulary: str, text: str) -> None:
    published = client.publish(draft(text), MemoryLedger())
    set_fact(baker, vocabulary=vocabulary)

    found = client.find(draft(text), minute_ago())

    assert found == published


@pytest.mark.parametrize("vocabulary", ["post", "tweet"])
def test_a_long_post_is_found_by_the_whole_of_its_text(client: X, baker: Person, vocabulary: str) -> None:
    set_fact(baker, subscription_type="Premium", vocabulary=vocabulary)
    text = "Long & slow https://example.com/dough " * 30
    client.publish(draft(text), MemoryLedger())

    assert client.find(draft(text), minute_ago())
    assert client.find(draft(f"{text} not this"), minute_ago()) is None


def test_what_is_not_there_is_surely_absent_after_a_minute(client: X) -> None:
    client.publish(draft("Another"), MemoryLedger())

    assert client.find(draft("One"), minute_ago()) is None


def test_an_answer_with_the_same_text_is_not_the_first_post(client: X, baker: Person) -> None:
    client.publish(draft("Root", "One"), MemoryLedger())

    assert client.find(draft("One"), minute_ago()) is None


def test_a_busy_account_is_searched_to_the_end(client: X, baker: Person) -> None:
    published = client.publish(draft("One"), MemoryLedger())
    body = {"text": "x", "entities": {}, "note": None, "conversation_id": "1", "reply_settings": "everyone"}
    later = [
        Entry(network="x", person=baker, remote_id=str(10**18 + n), text="x", body=body) for n in range(150)
    ]
    Entry.objects.bulk_create(later)

    assert client.find(draft("One"), minute_ago()) == published
    assert len(sent(f"/2/users/{baker.remote_id}/tweets")) == 2


def test_pictures_alone_are_left_to_a_person(client: X) -> None:
    plan = draft("", media=(picture(),))
    client.publish(plan, MemoryLedger())

    with pytest.raises(OutcomeUnknown):
        client.find(plan, minute_ago())


# --- deleting ---


@pytest.mark.parametrize("gone_is_deleted", [True, False])
def test_a_thread_is_deleted_whole_and_twice_is_no_fault(
    client: X, baker: Person, gone_is_deleted: bool
) -> None:
    set_fact(baker, gone_is_deleted=gone_is_deleted)
    published = client.publish(draft("One", "Two"), MemoryLedger())

    client.delete(published)
    client.delete(published)

    assert not Entry.objects.filter(deleted_at=None).exists()


def test_somebody_elses_post_is_not_deleted(client: X) -> None:
    mina = Person.objects.get(network="x", handle="minaworks")
    Entry.objects.create(network="x", person=mina, remote_id="77", text="Mine")

    with pytest.raises(PermissionMissing):
        client.delete(Published("77", ""))


# --- when things go wrong ---


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Fault.Kind.LIMITED, RateLimited),
        (Fault.Kind.BROKEN, OutcomeUnknown),
        (Fault.Kind.DROP_BEFORE, OutcomeUnknown),
        (Fault.Kind.HTML, OutcomeUnknown),
        (Fault.Kind.HALF, OutcomeUnknown),
        (Fault.Kind.EMPTY, OutcomeUnknown),
        (Fault.Kind.REVOKED, TokenExpired),
    ],
)
def test_a_fault_while_posting(client: X, kind: Fault.Kind, error: type[PlatformError]) -> None:
    Fault.objects.create(network="x", kind=kind, path="/2/tweets", method="POST")

    with pytest.raises(error):
        client.publish(draft("One"), MemoryLedger())


@pytest.mark.parametrize("kind", [Fault.Kind.BROKEN, Fault.Kind.DROP_AFTER, Fault.Kind.HTML, Fault.Kind.HALF])
def test_a_fault_while_uploading_is_only_a_delay(client: X, kind: Fault.Kind) -> None:
    Fault.objects.create(network="x", kind=kind, path="/2/media/upload")
    books = MemoryLedger()
    plan = draft("One", media=(picture(),))

    with pytest.raises(Unavailable):
        client.publish(plan, books)
    client.publish(plan, books)

    assert Entry.objects.get().uploads.count() == 1


@pytest.mark.parametrize(
    "kind", [Fault.Kind.BROKEN, Fault.Kind.DROP_AFTER, Fault.Kind.HTML, Fault.Kind.EMPTY]
)
def test_a_fault_while_reading_is_only_a_delay(client: X, kind: Fault.Kind) -> None:
    Fault.objects.create(network="x", kind=kind, path="/2/users/me")

    with pytest.raises(Unavailable):
        client.profiles()


def test_a_limit_says_until_when_and_is_passed_on(
    client: X, baker: Person, observed: list[RateLimit]
) -> None:
    set_fact(baker, limits={"POST /2/tweets": 2})
    client.publish(draft("One"), MemoryLedger())
    client.publish(draft("Two"), MemoryLedger())

    with pytest.raises(RateLimited) as error:
        client.publish(draft("Three"), MemoryLedger())

    first, second, refused = observed
    assert (first.endpoint, first.limit, first.remaining) == ("POST /2/tweets", 2, 1)
    assert second.remaining == refused.remaining == 0
    assert error.value.retry_at == refused.resets_at
    assert timedelta(minutes=14) < refused.resets_at - datetime.now(UTC) <= timedelta(minutes=15)
    assert Entry.objects.count() == 2


def test_a_connection_without_a_permission_says_so(client: X, grant: Grant) -> None:
    grant.scopes = ["tweet.read", "users.read"]
    grant.save()

    with pytest.raises(PermissionMissing, match="permission"):
        client.publish(draft("One"), MemoryLedger())


def test_a_text_that_is_too_long_is_refused(client: X) -> None:
    with pytest.raises(InvalidContent, match="too long"):
        client.publish(draft("a" * 281), MemoryLedger())


def test_media_of_somebody_else_are_refused(client: X) -> None:
    books = MemoryLedger()
    books.results["picture 1"] = {"id": "12345", "until": "2999-01-01T00:00:00+00:00", "check_after": 0}

    with pytest.raises(MediaRejected, match="uploaded pictures"):
        client.publish(draft("One", media=(picture(),)), books)


def test_a_file_that_is_no_picture_is_refused(client: X) -> None:
    fake = MediaFile("loaf.png", "image/png", 9, 1, 1, lambda: io.BytesIO(b"no loaf"))

    with pytest.raises(MediaRejected, match="media type unrecognized"):
        client.publish(draft("One", media=(fake,)), MemoryLedger())
