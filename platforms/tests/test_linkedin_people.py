"""LinkedIn's client against its twin: numbers, messages, webhooks and refusals."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from platforms.content import Draft, Event, Incoming, Json, MediaFile, Part, Published
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.linkedin import LinkedIn
from platforms.sandbox import linkedin as twin
from platforms.sandbox.models import Entry, Fault, Grant, Note, Person
from platforms.tests.connected import connected

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, JANA, TOMAS = "urn:li:organization:2414183", "urn:li:person:782bbtaQ", "urn:li:person:A8xe03Qt10"


@pytest.fixture
def bakery(sandbox: str) -> LinkedIn:
    return connected("linkedin", sandbox)  # type: ignore[return-value]


@pytest.fixture
def profile(sandbox: str) -> LinkedIn:
    return connected("linkedin", sandbox, person(JANA))  # type: ignore[return-value]


def person(remote_id: str) -> Person:
    return Person.objects.get(network="linkedin", remote_id=remote_id)


def draft(text: str = "", *media: MediaFile, **options: Json) -> Draft:
    kind = LinkedIn.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), options, kind)


def post(client: LinkedIn, text: str = "Rye") -> tuple[Published, Entry]:
    published = client.publish(draft(text), MemoryLedger())
    return published, Entry.objects.get(remote_id=published.remote_id)


def write(client: LinkedIn, entry: Entry | None, text: str, kind: str = "comment") -> Note:
    return twin.arrive(kind, person(client.connection.remote_id), person(TOMAS), text, entry)


def take_away(*scopes: str) -> None:
    for grant in Grant.objects.filter(network="linkedin"):
        grant.scopes = [scope for scope in grant.scopes if scope not in scopes]
        grant.save()


# --- numbers ---


def test_a_posts_numbers_are_told_to_its_page(bakery: LinkedIn) -> None:
    published, entry = post(bakery)
    write(bakery, entry, "Nice")

    with time_machine.travel(timezone.now() + timedelta(days=2), tick=True):
        metrics = bakery.post_metrics(published)

    assert set(metrics.values) == {"views", "reach", "likes", "comments", "shares", "clicks"}
    assert metrics.values["views"] > metrics.values["reach"] > metrics.values["likes"] > 0
    assert metrics.values["comments"] == 1
    assert metrics.values["likes"] == sum(
        reaction["count"]
        for reaction in metrics.raw["reactionSummaries"].values()  # type: ignore[union-attr, call-overload, index]
    )


def test_a_post_that_nobody_saw_has_zeros(bakery: LinkedIn) -> None:
    published, _ = post(bakery)

    assert bakery.post_metrics(published).values == dict.fromkeys(
        ("views", "reach", "likes", "comments", "shares", "clicks"), 0
    )


def test_for_how_long_a_video_was_watched(bakery: LinkedIn) -> None:
    published, entry = post(bakery)
    urn = entry.remote_id.replace(":share:", ":ugcPost:")
    Entry.objects.update(remote_id=urn, body={**entry.body, "kind": "video"})

    with time_machine.travel(timezone.now() + timedelta(days=2), tick=True):
        metrics = bakery.post_metrics(Published(urn, published.permalink))

    assert metrics.values["watch_seconds"] == metrics.raw["TIME_WATCHED"] / 1000 > 0  # type: ignore[operator]


def test_a_profiles_posts_are_counted_too(profile: LinkedIn) -> None:
    published, _ = post(profile)

    with time_machine.travel(timezone.now() + timedelta(days=2), tick=True):
        metrics = profile.post_metrics(published)

    assert set(metrics.values) == {"views", "reach", "likes", "comments", "shares"}
    assert set(metrics.raw) == {"IMPRESSION", "MEMBERS_REACHED", "REACTION", "COMMENT", "RESHARE"}
    assert metrics.values["views"] > 0


def test_accounts_numbers(bakery: LinkedIn, profile: LinkedIn) -> None:
    assert bakery.account_metrics().values == {"followers": 4218, "profile_views": 12654}
    assert profile.account_metrics().values["followers"] == 1234


def test_what_the_app_may_not_see_is_left_out(profile: LinkedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    published, _ = post(profile)
    monkeypatch.setattr(LinkedIn, "may", lambda _self, _scope: False)

    assert profile.post_metrics(published).values == profile.account_metrics().values == {}


# --- messages ---


def test_comments_answers_and_mentions_come_in_oldest_first(bakery: LinkedIn) -> None:
    published, entry = post(bakery)
    first = write(bakery, entry, "Is it vegan?")
    twin.social.leave(entry, person(PAGE), "It is.", first)
    write(bakery, None, "Best bread: Morgenrot Bakery", "mention")

    inbox = bakery.messages({}, [published])

    question, answer, mention = inbox.messages
    assert [message.text for message in inbox.messages] == [
        "Is it vegan?",
        "It is.",
        "Best bread: Morgenrot Bakery",
    ]
    assert (question.kind, question.post_id, question.author.remote_id, question.is_ours) == (
        "comment",
        published.remote_id,
        TOMAS,
        False,
    )
    assert (answer.parent_id, answer.thread_id, answer.is_ours) == (
        question.remote_id,
        question.remote_id,
        True,
    )
    assert (mention.kind, mention.post_id) == ("mention", "")
    assert question.permalink.startswith(f"{published.permalink}?commentUrn=urn%3Ali%3Acomment%3A%28")


def test_what_was_told_is_not_told_again(bakery: LinkedIn) -> None:
    _, entry = post(bakery)
    write(bakery, entry, "One")
    first = bakery.messages({}, [])

    assert bakery.messages(first.cursor, []).messages == ()
    write(bakery, entry, "Two")
    assert [message.text for message in bakery.messages(first.cursor, []).messages] == ["Two"]


def test_many_messages_come_page_by_page(bakery: LinkedIn) -> None:
    _, entry = post(bakery)
    for n in range(101):
        write(bakery, entry, str(n))

    assert len(bakery.messages({}, []).messages) == 101


def test_a_profile_is_asked_post_by_post(profile: LinkedIn) -> None:
    published, entry = post(profile)
    first = write(profile, entry, "One")
    twin.social.leave(entry, person(JANA), "Answer", first)
    inbox = profile.messages({}, [published, Published("urn:li:share:7000000000000000009", "")])

    assert [(message.text, message.is_ours) for message in inbox.messages] == [
        ("One", False),
        ("Answer", True),
    ]
    assert inbox.messages[1].parent_id == first.remote_id
    write(profile, entry, "Two")
    again = profile.messages(inbox.cursor, [published])
    assert [message.text for message in again.messages] == ["Two"]


def test_a_profile_whose_comments_are_not_shown_has_none(
    profile: LinkedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LinkedIn, "may", lambda _self, _scope: False)

    assert profile.messages({"kept": 1}, []).cursor == {"kept": 1}


@pytest.mark.parametrize("kind", ["comment", "mention"])
def test_a_message_is_answered_once(bakery: LinkedIn, kind: str) -> None:
    published, entry = post(bakery)
    write(bakery, entry, "Hello", kind)
    [message] = bakery.messages({}, [published]).messages
    Fault.objects.create(network="linkedin", kind=Fault.Kind.DROP_AFTER, path="socialActions", method="POST")
    books = MemoryLedger()
    with pytest.raises(OutcomeUnknown):
        bakery.reply(message, "Thank you (all)", books)

    answer = bakery.reply(message, "Thank you (all)", books)

    note = Note.objects.get(text="Thank you (all)")
    assert answer.remote_id == note.remote_id
    assert note.author.remote_id == PAGE
    assert note.parent_id == (message.remote_id if kind == "comment" else "")
    assert answer.is_ours


def test_an_answer_to_an_answer_stands_below_the_same_comment(bakery: LinkedIn) -> None:
    published, entry = post(bakery)
    first = write(bakery, entry, "One")
    twin.social.leave(entry, person(TOMAS), "And another thing", first)
    _, second = bakery.messages({}, [published]).messages

    bakery.reply(second, "Yes", MemoryLedger())

    assert Note.objects.get(text="Yes").parent_id == first.remote_id


def test_an_answer_where_nobody_lets_us_look_is_left_to_a_person(bakery: LinkedIn) -> None:
    published, entry = post(bakery)
    write(bakery, entry, "One")
    [message] = bakery.messages({}, [published]).messages
    take_away("r_organization_social_feed")
    Fault.objects.create(network="linkedin", kind=Fault.Kind.DROP_AFTER, path="socialActions", method="POST")
    books = MemoryLedger()
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            bakery.reply(message, "Yes", books)

    assert Note.objects.filter(text="Yes").count() == 1


@pytest.mark.parametrize("kind", ["comment", "mention"])
def test_a_message_is_liked_and_not_and_twice_is_no_fault(bakery: LinkedIn, kind: str) -> None:
    published, entry = post(bakery)
    note = write(bakery, entry, "One", kind)
    [message] = bakery.messages({}, [published]).messages
    likes = []

    for action in ("like", "like", "unlike", "unlike"):
        bakery.moderate(message, action)  # type: ignore[arg-type]
        note.refresh_from_db()
        likes.append(note.likes)

    assert likes == [1, 1, 0, 0]


def test_a_comment_is_deleted_and_twice_is_no_fault(bakery: LinkedIn) -> None:
    published, entry = post(bakery)
    note = write(bakery, entry, "Spam")
    [message] = bakery.messages({}, [published]).messages

    bakery.moderate(message, "delete")
    bakery.moderate(message, "delete")

    note.refresh_from_db()
    assert note.deleted_at
    with pytest.raises(PermissionMissing, match="hides no comments"):
        bakery.moderate(message, "hide")


# --- webhooks ---


def incoming(headers: dict[str, str], raw: bytes = b"", **query: str) -> Incoming:
    lower = {name.lower(): value for name, value in headers.items()}
    return Incoming("POST" if raw else "GET", "https://desk.example/hook", lower, query, raw)


def test_the_challenge_is_answered_with_the_apps_secret(bakery: LinkedIn) -> None:
    answer = bakery.greet_webhook(incoming({}, challengeCode="890e4665-4dfe-4ab1-b689-ed553bceeed0"))

    assert json.loads(answer or "") == {
        "challengeCode": "890e4665-4dfe-4ab1-b689-ed553bceeed0",
        "challengeResponse": "76db127b2d3b5e1e146b2fe1d9c82c7acce0809d240d868d6c55e0efed1baaae",
    }
    assert bakery.greet_webhook(incoming({})) is None


def told(bakery: LinkedIn, note: Note) -> tuple[Incoming, list[Event]]:
    headers, raw = twin.webhook(note, "hook-secret")
    request = incoming(headers, raw)
    return request, bakery.parse_webhook(request)


def test_a_comment_is_told_at_once(bakery: LinkedIn) -> None:
    published, entry = post(bakery)
    note = write(bakery, entry, "Nice")

    request, [event] = told(bakery, note)
    [listed] = bakery.messages({}, [published]).messages

    assert bakery.verify_webhook(request)
    assert (event.kind, event.account_id, event.remote_id) == ("message", PAGE, note.remote_id)
    assert event.message == listed


def test_a_forged_call_is_known(bakery: LinkedIn) -> None:
    _, entry = post(bakery)
    headers, raw = twin.webhook(write(bakery, entry, "Nice"), "")
    signature = headers["X-LI-Signature"]

    assert bakery.verify_webhook(incoming({"X-LI-Signature": f"hmacsha256={signature}"}, raw))
    assert not bakery.verify_webhook(incoming(headers, raw.replace(b"Nice", b"Evil")))
    assert not bakery.verify_webhook(incoming({"X-LI-Signature": "ü"}, raw))
    assert not bakery.verify_webhook(incoming({}, raw))


def test_a_call_that_comes_again_tells_of_the_same_message(bakery: LinkedIn) -> None:
    _, entry = post(bakery)
    request, events = told(bakery, write(bakery, entry, "Nice"))

    assert bakery.parse_webhook(request) == events


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("COMMENT_EDIT", "message_edited"),
        ("COMMENT_DELETE", "message_deleted"),
        ("LIKE", "other"),
        ("SHARE", "other"),
    ],
)
def test_what_else_happens_is_told_apart(bakery: LinkedIn, action: str, kind: str) -> None:
    _, entry = post(bakery)
    _, raw = twin.webhook(write(bakery, entry, "Nice"), "")
    changed = raw.replace(b'"COMMENT"', json.dumps(action).encode())

    [event] = bakery.parse_webhook(incoming({}, changed))

    assert (event.kind, event.extra["action"]) == (kind, action)


# --- when things go wrong ---


def test_every_refusal_is_understood(bakery: LinkedIn) -> None:
    understood = []
    plain = [failure for failure in LinkedIn.failures if not (failure.code and failure.words)]
    for failure in plain:
        code = failure.code or failure.words
        Fault.objects.create(
            network="linkedin", kind=Fault.Kind.REFUSED, path="/rest/posts", method="POST", code=code
        )
        with pytest.raises(failure.kind) as error:
            bakery.publish(draft("One"), MemoryLedger())
        understood.append(error.value.message)

    assert understood == [failure.message for failure in plain]
    assert not Entry.objects.exists()


def test_a_server_that_breaks_while_it_posts_is_a_doubt(bakery: LinkedIn) -> None:
    for kind in (Fault.Kind.BROKEN, Fault.Kind.DROP_BEFORE):
        Fault.objects.create(network="linkedin", kind=kind, path="/rest/posts", method="POST")
        with pytest.raises(OutcomeUnknown):
            bakery.publish(draft("One"), MemoryLedger())


@pytest.mark.parametrize(
    "kind", [Fault.Kind.BROKEN, Fault.Kind.DROP_AFTER, Fault.Kind.HTML, Fault.Kind.EMPTY]
)
def test_a_fault_while_reading_is_only_a_delay(bakery: LinkedIn, kind: Fault.Kind) -> None:
    Fault.objects.create(network="linkedin", kind=kind, path="/v2/me")

    with pytest.raises(Unavailable):
        bakery.profiles()


def test_a_days_limit_holds_until_midnight(bakery: LinkedIn) -> None:
    page = person(JANA)
    page.facts["calls_a_day"] = 1
    page.save()

    with pytest.raises(RateLimited) as error:
        bakery.publish(draft("One"), MemoryLedger())

    assert error.value.retry_at is not None
    midnight = error.value.retry_at
    assert (midnight.hour, midnight.minute) == (0, 0)
    assert timedelta(0) < midnight - datetime.now(UTC) <= timedelta(days=1)


def test_an_api_that_has_moved_on_is_the_operators_to_mend(
    bakery: LinkedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LinkedIn, "version", "202510")

    with pytest.raises(ClientRefused) as error:
        bakery.publish(draft("One"), MemoryLedger())

    assert error.value.status == 426
    assert "update" in error.value.action


def test_a_role_that_was_taken_away_is_told(bakery: LinkedIn) -> None:
    page = person(PAGE)
    page.facts["managers"] = {JANA: "ANALYST"}
    page.save()

    with pytest.raises(PermissionMissing) as error:
        bakery.publish(draft("One"), MemoryLedger())

    assert "manage the page" in error.value.action


def test_other_words_are_passed_on(bakery: LinkedIn) -> None:
    Person.objects.filter(remote_id=PAGE).update(facts={**person(PAGE).facts, "followers": 12})

    with pytest.raises(InvalidContent):
        bakery.publish(draft("One", audience=["urn:li:geo:1"]), MemoryLedger())
